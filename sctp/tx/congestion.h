// sctp/tx/congestion.h - how much may be under way.
//
// Knows bytes, not chunks. RFC 9260 §7.2 (one path only).  Tested by: tx/congestion_test.cc
#pragma once

#include <cstddef>

#include "base/time.h"
#include "base/trace.h"
#include "sctp/types.h"

namespace glass::sctp {

class Congestion {
 public:
  // `pmdcs`: the largest DATA chunk, header and padding included, that a packet carries.
  Congestion(std::size_t pmdcs, const Trace& trace);

  [[nodiscard]] std::size_t cwnd() const { return cwnd_; }
  [[nodiscard]] std::size_t ssthresh() const { return ssthresh_; }
  [[nodiscard]] bool in_fast_recovery() const { return recovering_; }

  // RFC 9260 §7.2.1, and §7.2.5 when the path has changed.
  void reset();

  // What one SACK did.
  struct Ack {
    std::size_t bytes = 0;          // of chunks that it acknowledged for the first time
    std::size_t flight_before = 0;  // bytes under way when it came
    std::size_t flight_after = 0;
    bool advanced = false;  // the cumulative point moved
    bool all_acked = false;
  };
  void on_ack(const Ack& ack);
  // Three reports of a loss. Fast Recovery lasts until `exit` is acknowledged.
  void on_fast_retransmit(Tsn exit);
  void on_cumulative(Tsn cumulative);  // may end Fast Recovery
  void on_timeout();
  // About to send after a pause that was so long.
  void on_idle(Duration pause, Duration rto);

 private:
  void cut(std::size_t cwnd);

  Trace trace_;
  std::size_t pmdcs_;
  std::size_t cwnd_ = 0;
  std::size_t ssthresh_ = 0;
  std::size_t partial_bytes_acked_ = 0;
  bool recovering_ = false;
  Tsn exit_;
};

}  // namespace glass::sctp
