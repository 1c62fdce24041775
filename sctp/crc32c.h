// sctp/crc32c.h - the checksum of every SCTP packet.
//
// Knows bytes and a number. RFC 9260 §6.8 and Appendix A (the Castagnoli polynomial, reflected).
// Tested by: crc32c_test.cc
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace glass::sctp {

// A checksum in the making: feed bytes in any pieces, then ask.
class Crc32c {
 public:
  void update(Bytes bytes);
  [[nodiscard]] std::uint32_t value() const { return ~state_; }

 private:
  std::uint32_t state_ = 0xffffffff;
};

inline std::uint32_t crc32c(Bytes bytes) {
  Crc32c crc;
  crc.update(bytes);
  return crc.value();
}

// The two ways to do one step; update() takes the fastest that this processor has.
std::uint32_t crc32c_by_table(std::uint32_t state, Bytes bytes);
std::uint32_t crc32c_by_instruction(std::uint32_t state, Bytes bytes);  // only if there is one
bool has_crc32c_instruction();

}  // namespace glass::sctp
