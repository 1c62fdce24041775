// sctp/tx/cubic.cc - a window along a cubic curve.
#include "sctp/tx/cubic.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "sctp/tx/congestion.h"
#include "sctp/types.h"

namespace glass::sctp {
namespace {

// RFC 9438 §5: C and beta; §4.3: what makes the estimate of NewReno as fast as NewReno, although a
// loss takes less away.
constexpr double kC = 0.4;
constexpr double kBeta = 0.7;
constexpr double kAlpha = 3 * (1 - kBeta) / (1 + kBeta);

double in_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Cubic::Cubic(std::size_t pmdcs, const Trace& trace)
    : Congestion(pmdcs, trace), slow_start_(pmdcs, trace) {
  Cubic::reset();
}

void Cubic::reset() {
  cwnd_ = initial_window();
  ssthresh_ = kMaxWindow;
  w_max_ = cwnd_prior_ = w_est_ = k_ = fraction_ = 0;
  epoch_.reset();
  recovery_.leave();
  slow_start_.reset();
  trace_.rule("9260:7.2.1#1"_rule, Fact{"cwnd", cwnd_});
}

void Cubic::on_ack(const Ack& ack) {
  const bool was_full = ack.flight_before >= cwnd_;
  if (recovery_.is_active()) {
    last_ack_ = ack.now;
    return;
  }
  if (cwnd_ <= ssthresh_) {
    if (ack.advanced && was_full) {
      cwnd_ = std::min(cwnd_ + slow_start_.growth(ack), kMaxWindow);
      trace_.rule("9260:7.2.1#7"_rule, Fact{"cwnd", cwnd_});
    }
    if (slow_start_.is_over(ack)) ssthresh_ = cwnd_ - 1;
  } else if (was_full) {
    avoid_congestion(ack);
  } else if (epoch_) {
    *epoch_ += ack.now - last_ack_;  // RFC 9438 §5.8: time without much to send does not count
  }
  last_ack_ = ack.now;
}

// RFC 9438 §4.2: the curve begins where congestion avoidance does.
void Cubic::begin_epoch(Instant now) {
  epoch_ = now;
  const double window = static_cast<double>(cwnd_) / static_cast<double>(pmdcs_);
  w_est_ = window;
  if (w_max_ < window) w_max_ = window;
  k_ = std::cbrt((w_max_ - window) / kC);
}

double Cubic::curve(Duration since_epoch) const {
  const double x = in_seconds(since_epoch) - k_;
  return kC * x * x * x + w_max_;
}

void Cubic::avoid_congestion(const Ack& ack) {
  if (!epoch_) begin_epoch(ack.now);
  const double window = static_cast<double>(cwnd_) / static_cast<double>(pmdcs_);
  const double acked = static_cast<double>(ack.bytes) / static_cast<double>(pmdcs_);
  const Duration since = ack.now - *epoch_;
  // RFC 9438 §4.3: the pace of NewReno up to its old window, and then NewReno itself.
  w_est_ += (w_est_ < cwnd_prior_ ? kAlpha : 1.0) * acked / window;
  double grown = window;
  if (curve(since) < w_est_) {
    grown = std::max(window, w_est_);
  } else {
    // RFC 9438 §4.4, §4.5: towards where the curve will be in a round trip.
    const double target = std::clamp(curve(since + ack.smoothed), window, 1.5 * window);
    grown = window + (target - window) / window * acked;
  }
  const double bytes = fraction_ + (grown - window) * static_cast<double>(pmdcs_);
  const double whole = std::floor(bytes);
  fraction_ = bytes - whole;
  cwnd_ = std::min(cwnd_ + static_cast<std::size_t>(whole), kMaxWindow);
}

// RFC 9438 §4.6, §4.7: less is taken away than NewReno takes; a window that did not come back to
// the last loss makes room for newcomers.
void Cubic::reduce() {
  const double window = static_cast<double>(cwnd_) / static_cast<double>(pmdcs_);
  cwnd_prior_ = window;
  w_max_ = window < w_max_ ? window * (1 + kBeta) / 2 : window;
  ssthresh_ =
      std::max(static_cast<std::size_t>(static_cast<double>(cwnd_) * kBeta), kFloorChunks * pmdcs_);
  cwnd_ = ssthresh_;
  fraction_ = 0;
  epoch_.reset();
}

void Cubic::on_fast_retransmit(Instant /*now*/, Tsn exit) {
  if (!recovery_.enter(exit)) return;
  reduce();
  trace_.rule("9260:7.2.3#1"_rule, Fact{"cwnd", cwnd_});
}

void Cubic::on_timeout(Instant /*now*/) {
  reduce();
  cwnd_ = pmdcs_;
  recovery_.leave();
  slow_start_.reset();
  trace_.rule("9260:7.2.3#2"_rule, Fact{"ssthresh", ssthresh_});
}

void Cubic::on_idle(Duration pause, Duration rto) {
  const auto left = idle_window(cwnd_, pause, rto);
  if (!left) return;
  ssthresh_ = cwnd_;
  cwnd_ = *left;
  epoch_.reset();
}

}  // namespace glass::sctp
