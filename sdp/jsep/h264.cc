#include "sdp/jsep/h264.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/text.h"

namespace glass::sdp {
namespace {

// RFC 6184 §8.1, table 5: profile-iop counts where the mask has a one.
struct Pattern {
  std::uint8_t profile_idc;
  std::uint8_t mask;
  std::uint8_t bits;
  H264Profile profile;
};
constexpr std::array<Pattern, 16> kPatterns{
    {
     {0x42, 0b01001111, 0b01000000, H264Profile::kConstrainedBaseline},
     {0x4d, 0b10001111, 0b10000000, H264Profile::kConstrainedBaseline},
     {0x58, 0b11001111, 0b11000000, H264Profile::kConstrainedBaseline},
     {0x42, 0b01001111, 0b00000000, H264Profile::kBaseline},
     {0x58, 0b11001111, 0b10000000, H264Profile::kBaseline},
     {0x4d, 0b10101111, 0b00000000, H264Profile::kMain},
     {0x58, 0b11001111, 0b00000000, H264Profile::kExtended},
     {0x64, 0b11111111, 0b00001100, H264Profile::kConstrainedHigh},
     {0x64, 0b11111111, 0b00000000, H264Profile::kHigh},
     {0x6e, 0b11111111, 0b00000000, H264Profile::kHigh10},
     {0x7a, 0b11111111, 0b00000000, H264Profile::kHigh422},
     {0xf4, 0b11111111, 0b00000000, H264Profile::kHigh444},
     {0x6e, 0b11111111, 0b00010000, H264Profile::kHigh10Intra},
     {0x7a, 0b11111111, 0b00010000, H264Profile::kHigh422Intra},
     {0xf4, 0b11111111, 0b00010000, H264Profile::kHigh444Intra},
     {0x2c, 0b11111111, 0b00010000, H264Profile::kCavlc444Intra},
     }
};

constexpr std::uint8_t kConstraintSet3 = 0b00010000;
constexpr std::uint8_t kLevel11 = 11;

// Profiles in which level_idc 11 with constraint_set3 means level 1b.
bool has_level_1b(H264Profile profile) {
  return profile == H264Profile::kConstrainedBaseline || profile == H264Profile::kBaseline ||
         profile == H264Profile::kMain || profile == H264Profile::kExtended;
}

}  // namespace

std::optional<H264Level> parse_profile_level_id(std::string_view text) {
  if (text.size() != 6) return std::nullopt;
  const std::optional<ByteVector> bytes = from_hex(text);
  if (!bytes || bytes->size() != 3) return std::nullopt;
  const std::uint8_t profile_idc = (*bytes)[0];
  const std::uint8_t iop = (*bytes)[1];
  const auto* const found = std::ranges::find_if(kPatterns, [profile_idc, iop](const Pattern& p) {
    return p.profile_idc == profile_idc && (iop & p.mask) == p.bits;
  });
  if (found == kPatterns.end()) return std::nullopt;
  const bool is_1b =
      has_level_1b(found->profile) && (*bytes)[2] == kLevel11 && (iop & kConstraintSet3) != 0;
  return H264Level{.profile = found->profile, .level_idc = (*bytes)[2], .is_1b = is_1b};
}

bool is_lower(const H264Level& a, const H264Level& b) {
  // Twice the level, so that 1b finds a place between 1 (20) and 1.1 (22).
  const auto rank = [](const H264Level& level) { return level.is_1b ? 21 : 2 * level.level_idc; };
  return rank(a) < rank(b);
}

std::string with_level(std::string_view text, const H264Level& level) {
  ByteVector bytes = from_hex(text).value_or(ByteVector(3));
  bytes.resize(3);
  bytes[2] = level.level_idc;
  if (has_level_1b(level.profile)) {
    bytes[1] = static_cast<std::uint8_t>(bytes[1] & ~kConstraintSet3);
    if (level.is_1b) bytes[1] |= kConstraintSet3;
  }
  return hex(bytes);
}

}  // namespace glass::sdp
