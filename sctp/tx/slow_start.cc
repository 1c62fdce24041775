// sctp/tx/slow_start.cc - doubling until the path shows a queue.
#include "sctp/tx/slow_start.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "sctp/config.h"
#include "sctp/tx/congestion.h"
#include "sctp/types.h"

namespace glass::sctp {
namespace {

// RFC 9406 §4.3: the values that it recommends.
constexpr Duration kMinRttThreshold = 4ms;
constexpr Duration kMaxRttThreshold = 16ms;
constexpr int kRttDivisor = 8;
constexpr std::size_t kSamplesPerRound = 8;
constexpr std::size_t kConservativeDivisor = 4;
constexpr std::size_t kConservativeRounds = 5;

}  // namespace

void SlowStart::reset() {
  started_ = conservative_ = false;
  last_min_ = current_min_ = baseline_ = {};
  samples_ = conservative_rounds_ = 0;
}

// RFC 9260 §7.2.1: at most one PMDCS per SACK.
std::size_t SlowStart::growth(const Congestion::Ack& ack) const {
  const std::size_t growth = std::min(ack.bytes, pmdcs_);
  return conservative_ ? growth / kConservativeDivisor : growth;
}

void SlowStart::begin_round(Tsn end) {
  round_end_ = end;
  last_min_ = current_min_;
  current_min_ = {};
  samples_ = 0;
}

bool SlowStart::is_over(const Congestion::Ack& ack) {
  if (!started_) {
    started_ = true;
    begin_round(ack.next.previous());
  }
  if (ack.round_trip) {
    current_min_ =
        current_min_ == Duration{} ? *ack.round_trip : std::min(current_min_, *ack.round_trip);
    ++samples_;
  }
  if (samples_ >= kSamplesPerRound) {
    const Duration threshold =
        std::clamp(last_min_ / kRttDivisor, kMinRttThreshold, kMaxRttThreshold);
    if (!conservative_ && last_min_ != Duration{} && current_min_ >= last_min_ + threshold) {
      conservative_ = true;
      baseline_ = current_min_;
      conservative_rounds_ = 0;
      trace_.metric("slow start is careful", static_cast<std::uint64_t>(current_min_ / 1us));
    } else if (conservative_ && current_min_ < baseline_) {
      conservative_ = false;  // it was no queue
    }
  }
  if (ack.highest.precedes(round_end_)) return false;
  if (conservative_ && ++conservative_rounds_ >= kConservativeRounds) return true;
  begin_round(ack.next.previous());
  return false;
}

}  // namespace glass::sctp
