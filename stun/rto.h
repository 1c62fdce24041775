// stun/rto.h - how long to wait for a server's answer, learned from how long it took before.
//
// RFC 8489 §6.2.1 with the estimator of RFC 6298 §2.  Tested by: tests/stun/rto_test.cc
#pragma once

#include <algorithm>
#include <chrono>

#include "base/time.h"

namespace glass::stun {

// One per server address. Only unambiguous round trips belong in here (Transaction::round_trip).
class RtoEstimator {
 public:
  static constexpr Duration kInitial = std::chrono::milliseconds(500);  // RFC 8489 §6.2.1
  static constexpr Duration kStaleAfter = std::chrono::minutes(10);     // RFC 8489 §6.2.1
  static constexpr Duration kMax = std::chrono::seconds(60);            // RFC 6298 §2.5

  void sample(Instant now, Duration round_trip) {
    if (is_stale(now)) {
      smoothed_ = round_trip;
      variation_ = round_trip / 2;
    } else {
      const Duration off = round_trip > smoothed_ ? round_trip - smoothed_ : smoothed_ - round_trip;
      variation_ = (3 * variation_ + off) / 4;
      smoothed_ = (7 * smoothed_ + round_trip) / 8;
    }
    last_ = now;
  }

  // The RTO of the next transaction, to the millisecond and never below the initial value.
  [[nodiscard]] Duration rto(Instant now) const {
    if (is_stale(now)) return kInitial;
    const Duration exact =
        smoothed_ + std::max<Duration>(std::chrono::milliseconds(1), 4 * variation_);
    return std::clamp<Duration>(std::chrono::ceil<std::chrono::milliseconds>(exact), kInitial,
                                kMax);
  }

 private:
  [[nodiscard]] bool is_stale(Instant now) const {
    return last_ == kNever || now - last_ > kStaleAfter;
  }

  Duration smoothed_{};
  Duration variation_{};
  Instant last_ = kNever;
};

}  // namespace glass::stun
