// demo/scenarios/fork.h - another network from some instant on: what happened before stays as it
// was.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace glass::demo {

struct Fork {
  Duration at{};  // since the start
  std::uint32_t loss_per_million = 0;
  Duration delay{};  // one way
  Duration jitter{};
};

}  // namespace glass::demo
