// sdp/jsep/h264.h - profile-level-id of H.264: three bytes that say what a decoder can do.
//
// RFC 6184 §8.1 with its table 5: several pairs of profile_idc and profile-iop name one profile.
// Tested by: codec_test.cc
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace glass::sdp {

enum class H264Profile : std::uint8_t {
  kConstrainedBaseline,
  kBaseline,
  kMain,
  kExtended,
  kConstrainedHigh,
  kHigh,
  kHigh10,
  kHigh422,
  kHigh444,
  kHigh10Intra,
  kHigh422Intra,
  kHigh444Intra,
  kCavlc444Intra
};

struct H264Level {
  H264Profile profile = H264Profile::kBaseline;
  std::uint8_t level_idc = 10;  // ten times the level
  bool is_1b = false;           // between 1 and 1.1
  friend bool operator==(const H264Level&, const H264Level&) = default;
};
// RFC 6184 §8.1: what a description without the parameter means, Baseline at level 1.
constexpr std::string_view kDefaultProfileLevelId = "42000a";

// nullopt: not six hex digits, or a profile that table 5 does not have.
[[nodiscard]] std::optional<H264Level> parse_profile_level_id(std::string_view text);
// Is the level of `a` below that of `b`?
[[nodiscard]] bool is_lower(const H264Level& a, const H264Level& b);
// `text` with the level of `level`; `text` must be a profile-level-id of the same profile.
[[nodiscard]] std::string with_level(std::string_view text, const H264Level& level);

}  // namespace glass::sdp
