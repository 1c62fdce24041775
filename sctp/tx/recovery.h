// sctp/tx/recovery.h - one reaction per round of losses.
//
// RFC 9260 §7.2.4.
#pragma once

#include "base/rule.h"
#include "base/trace.h"
#include "sctp/types.h"

namespace glass::sctp {

class Recovery {
 public:
  explicit Recovery(const Trace& trace) : trace_(trace) {}

  [[nodiscard]] bool is_active() const { return active_; }
  // False: the losses belong to a round that has had its reaction.
  bool enter(Tsn exit) {
    if (active_) {
      trace_.rule("9260:7.2.4#5"_rule);
      return false;
    }
    active_ = true;
    exit_ = exit;
    return true;
  }
  void on_cumulative(Tsn cumulative) {
    if (active_ && !cumulative.precedes(exit_)) active_ = false;
  }
  void leave() { active_ = false; }

 private:
  Trace trace_;
  bool active_ = false;
  Tsn exit_;
};

}  // namespace glass::sctp
