// base/timers.h - all the timers of one machine: a table of deadlines indexed by an enum.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "base/trace.h"

namespace glass {

// Timer is an enum of N values counted from zero, with a function `std::string_view name(Timer)`
// beside it. No heap, no callbacks, nothing to cancel late.
template <class Timer, std::size_t N>
class Timers {
 public:
  explicit Timers(const Trace& trace) : trace_(trace) { deadlines_.fill(kNever); }

  void set(Timer timer, Instant deadline) {
    if (deadlines_[index(timer)] == deadline) return;
    deadlines_[index(timer)] = deadline;
    trace_.timer(name(timer), deadline);
  }
  void stop(Timer timer) { set(timer, kNever); }
  [[nodiscard]] bool is_running(Timer timer) const { return deadlines_[index(timer)] != kNever; }
  [[nodiscard]] Instant deadline(Timer timer) const { return deadlines_[index(timer)]; }
  // The earliest deadline; kNever when none runs.
  [[nodiscard]] Instant next() const { return *std::ranges::min_element(deadlines_); }
  // Stops and returns the earliest timer that is due; ties go to the first of the enum.
  std::optional<Timer> pop_expired(Instant now) {
    const auto earliest = std::ranges::min_element(deadlines_);
    if (*earliest > now || *earliest == kNever) return std::nullopt;
    const auto timer = static_cast<Timer>(earliest - deadlines_.begin());
    stop(timer);
    return timer;
  }

 private:
  static constexpr std::size_t index(Timer timer) {
    return static_cast<std::size_t>(std::to_underlying(timer));
  }
  std::array<Instant, N> deadlines_;
  Trace trace_;
};

}  // namespace glass
