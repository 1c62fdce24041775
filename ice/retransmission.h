// ice/retransmission.h - when a request over UDP is sent again, and when it is given up.
//
// RFC 8489 §6.2.1 with the RTO that RFC 8445 §14.3 gives: 0, RTO, 3 RTO, 7 RTO ... Rc times in all,
// then Rm times RTO of silence.  Tested by: tests/ice/checks_test.cc
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"
#include "ice/timing.h"

namespace glass::ice {

class Retransmission {
 public:
  enum class Due : unsigned char { kNothing, kSend, kTimeout };

  Retransmission() = default;
  // The first copy leaves at `now`, by the caller.
  Retransmission(Instant now, Duration rto, const Timing& timing)
      : first_(now), rto_(rto), left_(timing.rc - 1), rm_(timing.rm) {
    next_ = now + (left_ > 0 ? rto_ : rto_ * rm_);
    // RFC 8445 §7.3.1.4: what is cancelled still waits for an answer, as long as it would have.
    give_up_ = now + rto_ * ((std::int64_t{1} << std::max(left_, 0)) - 1 + rm_);
  }

  // RFC 8489 §6.2.2: sent once, for the transport repeats it.
  static Retransmission reliable(Instant now, Duration wait) {
    Retransmission once;
    once.first_ = now;
    once.next_ = once.give_up_ = now + wait;
    return once;
  }

  [[nodiscard]] Instant first_sent() const { return first_; }
  [[nodiscard]] bool was_repeated() const { return repeated_; }
  [[nodiscard]] Duration rto() const { return rto_; }
  [[nodiscard]] Instant next() const { return next_; }
  void cancel() {
    next_ = give_up_;
    left_ = 0;
  }
  Due on_time(Instant now) {
    if (next_ > now) return Due::kNothing;
    if (left_ <= 0) return Due::kTimeout;
    --left_;
    repeated_ = true;
    interval_ *= 2;
    // Counted from now: whoever has slept through a few repetitions does not make up for them.
    next_ = now + (left_ > 0 ? rto_ * interval_ : rto_ * rm_);
    return Due::kSend;
  }

 private:
  Instant first_{};
  Instant next_ = kNever;
  Instant give_up_ = kNever;
  Duration rto_{};
  std::int64_t interval_ = 1;
  int left_ = 0;
  int rm_ = 0;
  bool repeated_ = false;
};

}  // namespace glass::ice
