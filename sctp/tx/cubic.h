// sctp/tx/cubic.h - a window that returns to where the last loss was along a cubic curve.
//
// Fast while far from that point, careful around it, and independent of the round trip time; where
// NewReno would have the larger window, as large as NewReno's. RFC 9438 §4, with the slow start of
// RFC 9260 §7.2.1 and its exit of RFC 9406.
// Deviation from RFC 9260 §7.2: grows faster than one PMDCS per round trip (see rfc-notes, 7.2#2).
// Tested by: tx/congestion_test.cc
#pragma once

#include <cstddef>
#include <optional>

#include "base/time.h"
#include "base/trace.h"
#include "sctp/tx/congestion.h"
#include "sctp/tx/slow_start.h"
#include "sctp/types.h"

namespace glass::sctp {

class Cubic final : public Congestion {
 public:
  Cubic(std::size_t pmdcs, const Trace& trace);

  [[nodiscard]] std::size_t cwnd() const override { return cwnd_; }
  [[nodiscard]] std::size_t ssthresh() const override { return ssthresh_; }
  void reset() override;
  void on_ack(const Ack& ack) override;
  void on_fast_retransmit(Instant now, Tsn exit) override;
  void on_timeout(Instant now) override;
  void on_idle(Duration pause, Duration rto) override;

 private:
  void avoid_congestion(const Ack& ack);
  void begin_epoch(Instant now);
  [[nodiscard]] double curve(Duration since_epoch) const;
  void reduce();

  SlowStart slow_start_;
  std::size_t cwnd_ = 0;
  std::size_t ssthresh_ = 0;

  // In PMDCS, under the names of RFC 9438 §4.1.2.
  double w_max_ = 0;       // the window at the last loss, or a little less
  double cwnd_prior_ = 0;  // the window at the last loss
  double w_est_ = 0;       // what NewReno would have by now
  double k_ = 0;           // seconds from the start of the epoch until the curve is at w_max_
  double fraction_ = 0;    // of a byte, that cwnd_ has grown by as well
  std::optional<Instant> epoch_;
  Instant last_ack_;
};

}  // namespace glass::sctp
