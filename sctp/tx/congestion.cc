// sctp/tx/congestion.cc - slow start, congestion avoidance, fast recovery.
#include "sctp/tx/congestion.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "sctp/types.h"

namespace glass::sctp {
namespace {

// RFC 9260 §7.2.1 allows 60 bytes less over IPv6, which SCTP under DTLS cannot see: the smaller
// one.
constexpr std::size_t kInitialWindow = 4344;
// The largest window that a_rwnd can say. An upper bound keeps the arithmetic far from its end.
constexpr std::size_t kMaxWindow = std::numeric_limits<std::uint32_t>::max();

}  // namespace

Congestion::Congestion(std::size_t pmdcs, const Trace& trace) : trace_(trace), pmdcs_(pmdcs) {
  reset();
}

void Congestion::reset() {
  cwnd_ = std::min(4 * pmdcs_, std::max(2 * pmdcs_, kInitialWindow));
  ssthresh_ = kMaxWindow;  // arbitrarily high
  partial_bytes_acked_ = 0;
  recovering_ = false;
  trace_.rule("9260:7.2.1#1"_rule, Fact{"cwnd", cwnd_});
}

void Congestion::on_ack(const Ack& ack) {
  const bool was_full = ack.flight_before >= cwnd_;
  if (cwnd_ <= ssthresh_) {
    // RFC 9260 §7.2.1: grows only while all of it is in use, and not in Fast Recovery.
    if (ack.advanced && was_full && !recovering_) {
      cwnd_ = std::min(cwnd_ + std::min(ack.bytes, pmdcs_), kMaxWindow);
      trace_.rule("9260:7.2.1#7"_rule, Fact{"cwnd", cwnd_});
    }
  } else {
    // RFC 9260 §7.2.2: one PMDCS per round trip.
    partial_bytes_acked_ += ack.bytes;
    if (partial_bytes_acked_ > cwnd_ && !was_full) partial_bytes_acked_ = cwnd_;
    if (partial_bytes_acked_ >= cwnd_ && was_full && !recovering_) {
      partial_bytes_acked_ -= cwnd_;
      cwnd_ = std::min(cwnd_ + pmdcs_, kMaxWindow);
      trace_.rule("9260:7.2.2#3"_rule, Fact{"cwnd", cwnd_});
    }
  }
  if (ack.all_acked) partial_bytes_acked_ = 0;
  trace_.metric("cwnd", cwnd_);
  trace_.metric("flight", ack.flight_after);
}

void Congestion::on_fast_retransmit(Tsn exit) {
  if (recovering_) {
    trace_.rule("9260:7.2.4#5"_rule);
    return;
  }
  cut(std::max(cwnd_ / 2, 4 * pmdcs_));
  trace_.rule("9260:7.2.3#1"_rule, Fact{"cwnd", cwnd_});
  recovering_ = true;
  exit_ = exit;
}

void Congestion::on_cumulative(Tsn cumulative) {
  if (recovering_ && !cumulative.precedes(exit_)) recovering_ = false;
}

void Congestion::on_timeout() {
  cut(std::max(cwnd_ / 2, 4 * pmdcs_));
  cwnd_ = pmdcs_;
  recovering_ = false;
  trace_.rule("9260:7.2.3#2"_rule, Fact{"ssthresh", ssthresh_});
}

void Congestion::on_idle(Duration pause, Duration rto) {
  const std::size_t floor = 4 * pmdcs_;
  if (pause < rto || cwnd_ <= floor) return;
  ssthresh_ = cwnd_;
  for (; pause >= rto && cwnd_ > floor; pause -= rto) cwnd_ = std::max(cwnd_ / 2, floor);
  trace_.rule("9260:7.2.1#10"_rule, Fact{"cwnd", cwnd_});
}

void Congestion::cut(std::size_t cwnd) {
  ssthresh_ = cwnd;
  cwnd_ = cwnd;
  partial_bytes_acked_ = 0;
}

}  // namespace glass::sctp
