// base/time.h - time as protocol code sees it: always an argument, never a question.
//
// Timeline is a clock without now(). Protocol code can add, subtract and compare instants, but it
// cannot read one: only net/ (real time) and sim/ (virtual time) make them.
#pragma once

#include <chrono>

namespace glass {

// The one time line of a process. Its zero is whatever the driver says it is.
struct Timeline {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Timeline>;
  static constexpr bool is_steady = true;
};

using Instant = Timeline::time_point;
using Duration = Timeline::duration;

// The instant of a timer that is not running.
inline constexpr Instant kNever = Instant::max();

}  // namespace glass
