// ice/consent.h - does the peer still want our data? Asked every five seconds or so.
//
// Holds what is open and when the peer last agreed; the agent owns the timers and sends.
// RFC 7675 §5.1.  Tested by: tests/ice/consent_test.cc
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

#include "base/address.h"
#include "base/random.h"
#include "base/time.h"
#include "ice/timing.h"
#include "stun/message.h"

namespace glass::ice {

class Consent {
 public:
  // The peer agreed to data on `path` at `answered`.
  void start(const Path& path, Instant answered) {
    path_ = path;
    answered_ = answered;
    forget_requests();
  }
  void stop() {
    path_.reset();
    forget_requests();
  }
  [[nodiscard]] const std::optional<Path>& path() const { return path_; }
  [[nodiscard]] Instant answered() const { return answered_; }

  // RFC 7675 §5.1: five seconds, times 0.8 to 1.2, to the millisecond.
  static Duration draw_interval(Duration basic, Random& random) {
    const auto spread = static_cast<std::uint32_t>(basic * 2 / 5 / std::chrono::milliseconds(1));
    return basic * 4 / 5 + std::chrono::milliseconds(random.below(spread + 1));
  }

  // Remembers a request; of too many, the oldest is forgotten.
  void on_request(const stun::TransactionId& id, Instant now) {
    open_[next_] = {id, now, true};
    next_ = (next_ + 1) % open_.size();
  }
  [[nodiscard]] bool owns(const stun::TransactionId& id) const {
    return std::ranges::any_of(open_, [&](const Request& r) { return r.is_open && r.id == id; });
  }
  // The peer has answered something else on this path.
  void on_heard(Instant now) { answered_ = now; }
  // A valid answer: how long the peer took.
  std::optional<Duration> on_answer(const stun::TransactionId& id, Instant now) {
    for (Request& request : open_) {
      if (!request.is_open || request.id != id) continue;
      request.is_open = false;
      answered_ = now;
      return now - request.sent;
    }
    return std::nullopt;
  }

 private:
  struct Request {
    stun::TransactionId id;
    Instant sent{};
    bool is_open = false;
  };
  void forget_requests() { open_.fill({}); }

  std::optional<Path> path_;
  Instant answered_{};
  std::array<Request, kMaxConsentOpen> open_{};
  std::size_t next_ = 0;
};

}  // namespace glass::ice
