// sctp/tx/rto.cc - how long to wait for an answer.
#include "sctp/tx/rto.h"

#include <algorithm>
#include <cstdint>

#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "sctp/config.h"

namespace glass::sctp {
namespace {

// RFC 9260 §16: RTO.Alpha is 1/8 and RTO.Beta 1/4. Rule C6: a variance of nothing is one tick of
// the clock; ours ticks in nanoseconds, which would leave no room for the peer's own delays.
constexpr int kAlphaDivisor = 8;
constexpr int kBetaDivisor = 4;
constexpr Duration kGranularity = 1ms;

Duration distance(Duration a, Duration b) { return a > b ? a - b : b - a; }

}  // namespace

Rto::Rto(const Config& config, const Trace& trace)
    : trace_(trace),
      initial_(config.rto_initial),
      min_(config.rto_min),
      max_(config.rto_max),
      rto_(config.rto_initial) {}

void Rto::reset() {
  srtt_ = rttvar_ = {};
  rto_ = initial_;
}

void Rto::measure(Duration round_trip) {
  round_trip = std::max(round_trip, Duration{1});
  if (srtt_ == Duration{}) {
    // C2: the first measurement.
    srtt_ = round_trip;
    rttvar_ = round_trip / 2;
  } else {
    // C3: the variance first, while the old mean still stands.
    rttvar_ += (distance(srtt_, round_trip) - rttvar_) / kBetaDivisor;
    srtt_ += (round_trip - srtt_) / kAlphaDivisor;
  }
  rttvar_ = std::max(rttvar_, kGranularity);
  rto_ = bounded(srtt_ + 4 * rttvar_);
  trace_.rule("9260:6.3.1#0"_rule, Fact{"rtt_us", static_cast<std::uint64_t>(round_trip / 1us)},
              Fact{"rto_us", static_cast<std::uint64_t>(rto_ / 1us)});
}

void Rto::back_off() {
  rto_ = bounded(2 * rto_);
  trace_.rule("9260:6.3.3#1"_rule, Fact{"rto_us", static_cast<std::uint64_t>(rto_ / 1us)});
}

Duration Rto::bounded(Duration rto) const { return std::clamp(rto, min_, max_); }

}  // namespace glass::sctp
