// RFC 6716 §3.4: well-formed Opus packets, and each requirement broken.
#include "rtp/payload/opus.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace glass::rtp {
namespace {

ByteVector packet(std::string_view head, std::size_t more) {
  ByteVector out = from_hex(head).value();
  out.resize(out.size() + more);
  return out;
}

OpusError why_not(std::string_view head, std::size_t more = 0) {
  const auto parsed = parse_opus(packet(head, more));
  EXPECT_FALSE(parsed.has_value()) << head;
  return parsed ? OpusError::kEmpty : parsed.error();
}

std::uint32_t samples(std::string_view head, std::size_t more = 0) {
  const auto parsed = parse_opus(packet(head, more));
  EXPECT_TRUE(parsed.has_value()) << head;
  return parsed ? parsed->samples() : 0;
}

TEST(Opus, OneFrame) {
  const auto parsed = parse_opus(packet("7c", 80));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->configuration, 15);
  EXPECT_TRUE(parsed->is_stereo);
  EXPECT_EQ(parsed->samples(), 960U);
}

TEST(Opus, EveryConfigurationHasItsFrameSize) {
  EXPECT_EQ(samples("00", 1), 480U);
  EXPECT_EQ(samples("18", 1), 2880U);
  EXPECT_EQ(samples("60", 1), 480U);
  EXPECT_EQ(samples("80", 1), 120U);
  EXPECT_EQ(samples("f8", 1), 960U);
}

TEST(Opus, TwoFramesAndMany) {
  EXPECT_EQ(samples("f9", 10), 1920U);
  EXPECT_EQ(samples("fa02", 5), 1920U);
  EXPECT_EQ(samples("fafc01", 0x100), 1920U);
  EXPECT_EQ(samples("fb03", 9), 2880U);
  EXPECT_EQ(samples("fb43ff0a", 9 + 254 + 10), 2880U);
  EXPECT_EQ(samples("fbc3040102", 4 + 10), 2880U);
  EXPECT_EQ(samples("f8"), 960U);  // a frame of nothing: loss, or silence
}

TEST(Opus, TheRequirements) {
  EXPECT_EQ(why_not(""), OpusError::kEmpty);            // R1
  EXPECT_EQ(why_not("f8", 1276), OpusError::kTooLong);  // R2
  EXPECT_EQ(why_not("f9", 2552), OpusError::kTooLong);
  EXPECT_EQ(why_not("fa01", 1277), OpusError::kTooLong);
  EXPECT_EQ(why_not("fb01", 1276), OpusError::kTooLong);
  EXPECT_EQ(why_not("f9", 3), OpusError::kUneven);  // R3
  EXPECT_EQ(why_not("fa"), OpusError::kOverrun);    // R4
  EXPECT_EQ(why_not("fafc"), OpusError::kOverrun);
  EXPECT_EQ(why_not("fa05", 4), OpusError::kOverrun);
  EXPECT_EQ(why_not("fb"), OpusError::kOverrun);
  EXPECT_EQ(why_not("fb00", 4), OpusError::kDuration);  // R5
  EXPECT_EQ(why_not("fb07", 7), OpusError::kDuration);  // 140 ms
  EXPECT_EQ(why_not("fb03", 4), OpusError::kUneven);    // R6
  EXPECT_EQ(why_not("fb4105", 4), OpusError::kOverrun);
  EXPECT_EQ(why_not("fb41ff"), OpusError::kOverrun);
  EXPECT_EQ(why_not("fb8205", 4), OpusError::kOverrun);  // R7
  EXPECT_EQ(why_not("fb82"), OpusError::kOverrun);
  for (const OpusError error : {OpusError::kEmpty, OpusError::kTooLong, OpusError::kUneven,
                                OpusError::kOverrun, OpusError::kDuration})
    EXPECT_FALSE(to_text(error).empty());
}

}  // namespace
}  // namespace glass::rtp
