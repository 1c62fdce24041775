// base/random.h - the dice come from outside: the operating system, a seed, or a fuzzer's input.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace glass {

// The only source of unpredictability that a layer may use.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(MutableBytes out) = 0;

  std::uint32_t u32() { return static_cast<std::uint32_t>(number<4>()); }
  std::uint64_t u64() { return number<8>(); }
  // Evenly distributed in [0, limit); limit must not be zero.
  std::uint32_t below(std::uint32_t limit) {
    CHECK(limit > 0);
    const std::uint32_t uneven = (0U - limit) % limit;  // values left over by the division
    for (;;) {
      const std::uint32_t value = u32();
      if (value >= uneven) return value % limit;
    }
  }

 private:
  template <std::size_t N>
  std::uint64_t number() {
    std::array<std::uint8_t, N> raw{};
    fill(raw);
    std::uint64_t value = 0;
    for (const std::uint8_t byte : raw) value = value << 8 | byte;
    return value;
  }
};

// Repeatable dice for simulations and tests (SplitMix64). Never for keys on a real network.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  void fill(MutableBytes out) override {
    for (std::size_t i = 0; i < out.size(); i += 8) {
      std::uint64_t word = next();
      for (std::size_t k = i; k < std::min(i + 8, out.size()); ++k, word >>= 8)
        out[k] = static_cast<std::uint8_t>(word);
    }
  }
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

}  // namespace glass
