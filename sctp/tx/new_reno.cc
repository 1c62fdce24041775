// sctp/tx/new_reno.cc - slow start, congestion avoidance, fast recovery.
#include "sctp/tx/new_reno.h"

#include <algorithm>
#include <cstddef>

#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "sctp/tx/congestion.h"
#include "sctp/types.h"

namespace glass::sctp {

NewReno::NewReno(std::size_t pmdcs, const Trace& trace)
    : Congestion(pmdcs, trace), slow_start_(pmdcs, trace) {
  NewReno::reset();
}

void NewReno::reset() {
  cwnd_ = initial_window();
  ssthresh_ = kMaxWindow;  // arbitrarily high
  partial_bytes_acked_ = 0;
  recovery_.leave();
  slow_start_.reset();
  trace_.rule("9260:7.2.1#1"_rule, Fact{"cwnd", cwnd_});
}

void NewReno::on_ack(const Ack& ack) {
  const bool was_full = ack.flight_before >= cwnd_;
  const bool recovering = recovery_.is_active();
  if (cwnd_ <= ssthresh_) {
    // RFC 9260 §7.2.1: grows only while all of it is in use, and not in Fast Recovery.
    if (ack.advanced && was_full && !recovering) {
      cwnd_ = std::min(cwnd_ + slow_start_.growth(ack), kMaxWindow);
      trace_.rule("9260:7.2.1#7"_rule, Fact{"cwnd", cwnd_});
    }
    if (!recovering && slow_start_.is_over(ack)) ssthresh_ = cwnd_ - 1;
  } else {
    // RFC 9260 §7.2.2: one PMDCS per round trip.
    partial_bytes_acked_ += ack.bytes;
    if (partial_bytes_acked_ > cwnd_ && !was_full) partial_bytes_acked_ = cwnd_;
    if (partial_bytes_acked_ >= cwnd_ && was_full && !recovering) {
      partial_bytes_acked_ -= cwnd_;
      cwnd_ = std::min(cwnd_ + pmdcs_, kMaxWindow);
      trace_.rule("9260:7.2.2#3"_rule, Fact{"cwnd", cwnd_});
    }
  }
  if (ack.all_acked) partial_bytes_acked_ = 0;
}

void NewReno::on_fast_retransmit(Instant /*now*/, Tsn exit) {
  if (!recovery_.enter(exit)) return;
  cut(std::max(cwnd_ / 2, kFloorChunks * pmdcs_));
  trace_.rule("9260:7.2.3#1"_rule, Fact{"cwnd", cwnd_});
}

void NewReno::on_timeout(Instant /*now*/) {
  cut(std::max(cwnd_ / 2, kFloorChunks * pmdcs_));
  cwnd_ = pmdcs_;
  recovery_.leave();
  slow_start_.reset();
  trace_.rule("9260:7.2.3#2"_rule, Fact{"ssthresh", ssthresh_});
}

void NewReno::on_idle(Duration pause, Duration rto) {
  const auto left = idle_window(cwnd_, pause, rto);
  if (!left) return;
  ssthresh_ = cwnd_;
  cwnd_ = *left;
}

void NewReno::cut(std::size_t cwnd) {
  ssthresh_ = cwnd;
  cwnd_ = cwnd;
  partial_bytes_acked_ = 0;
}

}  // namespace glass::sctp
