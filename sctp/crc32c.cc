// sctp/crc32c.cc - CRC32c by the processor's instruction, or eight bytes a step by tables.
#include "sctp/crc32c.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"

namespace glass::sctp {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // 0x1edc6f41 with its bits reversed

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

// tables[0] takes one byte; tables[k] takes a byte that is followed by k more.
consteval Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ kPolynomial : crc >> 1;
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t byte = 0; byte < 256; ++byte)
      tables[k][byte] = tables[k - 1][byte] >> 8 ^ tables[0][tables[k - 1][byte] & 0xff];
  return tables;
}
constexpr Tables kTables = make_tables();

std::uint32_t one_byte(std::uint32_t state, std::uint8_t byte) {
  return state >> 8 ^ kTables[0][(state ^ byte) & 0xff];
}

std::uint64_t little_endian(Bytes eight) {
  std::array<std::uint8_t, 8> raw{};
  copy_bytes(eight, raw);
  const auto value = std::bit_cast<std::uint64_t>(raw);
  return std::endian::native == std::endian::little ? value : std::byteswap(value);
}

using Step = std::uint32_t (*)(std::uint32_t, Bytes);

Step fastest() { return has_crc32c_instruction() ? crc32c_by_instruction : crc32c_by_table; }

}  // namespace

std::uint32_t crc32c_by_table(std::uint32_t state, Bytes bytes) {
  while (bytes.size() >= 8) {
    const std::uint64_t word = little_endian(bytes.first(8)) ^ state;
    state = 0;
    for (std::size_t i = 0; i < 8; ++i) state ^= kTables[7 - i][word >> (8 * i) & 0xff];
    bytes = bytes.subspan(8);
  }
  for (const std::uint8_t byte : bytes) state = one_byte(state, byte);
  return state;
}

#if defined(__x86_64__)
bool has_crc32c_instruction() { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(std::uint32_t state,
                                                                      Bytes bytes) {
  std::uint64_t wide = state;
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8)
    wide = __builtin_ia32_crc32di(wide, little_endian(bytes.subspan(at, 8)));
  auto narrow = static_cast<std::uint32_t>(wide);
  for (; at < bytes.size(); ++at) narrow = __builtin_ia32_crc32qi(narrow, bytes[at]);
  return narrow;
}
#else
bool has_crc32c_instruction() { return false; }
std::uint32_t crc32c_by_instruction(std::uint32_t, Bytes) { CHECK(false); }
#endif

void Crc32c::update(Bytes bytes) {
  static const Step kStep = fastest();
  state_ = kStep(state_, bytes);
}

}  // namespace glass::sctp
