// net/loss.h - loses datagrams on purpose, the same ones for the same seed.
//
// A socket asks once per datagram and direction. For lessons and tests: real networks lose by
// themselves.  Tested by: udp_test.cc
#pragma once

#include <cstdint>

#include "base/random.h"

namespace glass::net {

class Loss {
 public:
  static constexpr std::uint32_t kCertain = 1'000'000;

  // `per_million` of all datagrams are lost, in each direction.
  Loss(std::uint32_t per_million, std::uint64_t seed) : per_million_(per_million), random_(seed) {}

  [[nodiscard]] bool loses_one() {
    return per_million_ > 0 && random_.below(kCertain) < per_million_;
  }

 private:
  std::uint32_t per_million_;
  SeededRandom random_;
};

}  // namespace glass::net
