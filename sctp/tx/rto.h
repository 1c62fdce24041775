// sctp/tx/rto.h - how long to wait for an answer.
//
// RFC 9260 §6.3.1, rules C1 to C7; §6.3.3, rule E2.  Tested by: tx/rto_test.cc
#pragma once

#include "base/time.h"
#include "base/trace.h"
#include "sctp/config.h"

namespace glass::sctp {

class Rto {
 public:
  Rto(const Config& config, const Trace& trace);

  [[nodiscard]] Duration value() const { return rto_; }
  [[nodiscard]] Duration smoothed() const { return srtt_; }  // zero: not measured yet
  void measure(Duration round_trip);
  void back_off();
  void reset();

 private:
  [[nodiscard]] Duration bounded(Duration rto) const;

  Trace trace_;
  Duration initial_;
  Duration min_;
  Duration max_;
  Duration srtt_{};
  Duration rttvar_{};
  Duration rto_;
};

}  // namespace glass::sctp
