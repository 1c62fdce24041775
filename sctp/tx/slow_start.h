// sctp/tx/slow_start.h - doubling until the path shows a queue: HyStart++.
//
// Slow start ends in loss where nothing else ends it, and behind a short queue that loss is a third
// of the window. A round trip that grows says so one round earlier. Then growth is a quarter of
// what it was for five rounds, unless the round trip falls again.
// RFC 9260 §7.2.1 (growth), RFC 9406 §4.2 (the exit).  Tested by: tx/congestion_test.cc
#pragma once

#include <cstddef>

#include "base/time.h"
#include "base/trace.h"
#include "sctp/tx/congestion.h"
#include "sctp/types.h"

namespace glass::sctp {

class SlowStart {
 public:
  SlowStart(std::size_t pmdcs, const Trace& trace) : pmdcs_(pmdcs), trace_(trace) {}

  void reset();
  // How much the window grows by this SACK, while all of it is in use.
  [[nodiscard]] std::size_t growth(const Congestion::Ack& ack) const;
  // After each SACK in slow start. True: it has gone on for long enough.
  bool is_over(const Congestion::Ack& ack);

 private:
  void begin_round(Tsn end);

  std::size_t pmdcs_;
  Trace trace_;
  bool started_ = false;
  Tsn round_end_;           // acknowledged: the round is over
  Duration last_min_{};     // of the round before; zero: none
  Duration current_min_{};  // zero: no sample yet
  std::size_t samples_ = 0;
  bool conservative_ = false;  // RFC 9406 calls it CSS
  Duration baseline_{};
  std::size_t conservative_rounds_ = 0;
};

}  // namespace glass::sctp
