// sctp/tx/new_reno.h - the window of RFC 9260: one PMDCS more per round trip, half after a loss.
//
// RFC 9260 §7.2 to the letter, with a slow start that ends early where RFC 9406 would end it: that
// is more careful, which §7.2 allows.  Tested by: tx/congestion_test.cc
#pragma once

#include <cstddef>

#include "base/time.h"
#include "base/trace.h"
#include "sctp/tx/congestion.h"
#include "sctp/tx/slow_start.h"
#include "sctp/types.h"

namespace glass::sctp {

class NewReno final : public Congestion {
 public:
  NewReno(std::size_t pmdcs, const Trace& trace);

  [[nodiscard]] std::size_t cwnd() const override { return cwnd_; }
  [[nodiscard]] std::size_t ssthresh() const override { return ssthresh_; }
  void reset() override;
  void on_ack(const Ack& ack) override;
  void on_fast_retransmit(Instant now, Tsn exit) override;
  void on_timeout(Instant now) override;
  void on_idle(Duration pause, Duration rto) override;

 private:
  void cut(std::size_t cwnd);

  SlowStart slow_start_;
  std::size_t cwnd_ = 0;
  std::size_t ssthresh_ = 0;
  std::size_t partial_bytes_acked_ = 0;
};

}  // namespace glass::sctp
