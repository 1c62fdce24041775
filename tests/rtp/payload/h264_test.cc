// NAL units in RTP: alone, together, in pieces; and what is refused.
#include "rtp/payload/h264.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace glass::rtp {
namespace {

ByteVector bytes(std::string_view digits) { return from_hex(digits).value(); }

H264Error why_not(std::string_view digits) {
  const auto parsed = parse_h264(bytes(digits));
  EXPECT_FALSE(parsed.has_value()) << digits;
  return parsed ? H264Error::kEmpty : parsed.error();
}

ByteVector joined(const FramePart& part) {
  ByteVector out(part.header.begin(),
                 part.header.begin() + static_cast<std::ptrdiff_t>(part.header_size));
  out.insert(out.end(), part.body.begin(), part.body.end());
  return out;
}

TEST(H264, ASingleUnitIsItsOwnPayload) {
  const ByteVector payload = bytes("65010203");
  const auto parsed = parse_h264(payload);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->kind, H264Payload::Kind::kSingle);
  EXPECT_EQ(hex(parsed->units), "65010203");
}

TEST(H264, AnAggregateHoldsSeveral) {
  const ByteVector payload = bytes("78 0002 6742 0001 68 0003 650102");
  const auto parsed = parse_h264(payload);
  ASSERT_TRUE(parsed.has_value());
  H264Units units(*parsed);
  EXPECT_EQ(hex(*units.next()), "6742");
  EXPECT_EQ(hex(*units.next()), "68");
  EXPECT_EQ(hex(*units.next()), "650102");
  EXPECT_FALSE(units.next().has_value());
}

TEST(H264, AFragmentSaysWhatItIsOf) {
  const ByteVector payload = bytes("7c85aabb");
  const auto parsed = parse_h264(payload);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->kind, H264Payload::Kind::kFragment);
  EXPECT_TRUE(parsed->starts);
  EXPECT_FALSE(parsed->ends);
  EXPECT_EQ(parsed->unit_header, 0x65);
  EXPECT_EQ(hex(parsed->units), "aabb");
}

TEST(H264, AUnitIsCutAndPutTogetherAgain) {
  ByteVector unit(1001);
  for (std::size_t i = 0; i < unit.size(); ++i) unit[i] = static_cast<std::uint8_t>(i);
  unit[0] = 0x65;
  for (const std::size_t size_max : {3UL, 50UL, 335UL, 1000UL, 1001UL}) {
    H264Packetizer packetizer(unit, size_max, true);
    ByteVector together;
    bool has_ended = false;
    while (const auto part = packetizer.next()) {
      EXPECT_LE(part->size(), size_max);
      const ByteVector payload = joined(*part);
      const auto parsed = parse_h264(payload);
      ASSERT_TRUE(parsed.has_value());
      EXPECT_EQ(parsed->starts, together.empty());
      if (parsed->kind == H264Payload::Kind::kFragment && parsed->starts)
        together.push_back(parsed->unit_header);
      together.insert(together.end(), parsed->units.begin(), parsed->units.end());
      EXPECT_FALSE(has_ended);
      has_ended = parsed->ends;
      EXPECT_EQ(part->is_last, has_ended);
    }
    EXPECT_EQ(together, unit) << size_max;
    EXPECT_TRUE(has_ended);
  }
}

TEST(H264, AUnitThatDoesNotEndItsFrameHasNoMarker) {
  const ByteVector unit = bytes("6742");
  H264Packetizer packetizer(unit, 100, false);
  EXPECT_FALSE(packetizer.next()->is_last);
  EXPECT_FALSE(packetizer.next().has_value());
}

TEST(H264, SaysWhatIsWrong) {
  EXPECT_EQ(why_not(""), H264Error::kEmpty);
  for (const std::string_view type : {"60", "79", "7a", "7b", "7d", "7e", "7f"})
    EXPECT_EQ(why_not(type), H264Error::kForbidden) << type;
  EXPECT_EQ(why_not("78"), H264Error::kAggregate);
  EXPECT_EQ(why_not("78 0003 6742"), H264Error::kAggregate);
  EXPECT_EQ(why_not("78 0000"), H264Error::kAggregate);
  EXPECT_EQ(why_not("78 0002 6742 00"), H264Error::kAggregate);
  EXPECT_EQ(why_not("78 0002 7842"), H264Error::kNested);
  EXPECT_EQ(why_not("7c85"), H264Error::kFragment);
  EXPECT_EQ(why_not("7cc5aa"), H264Error::kStartAndEnd);
  EXPECT_EQ(why_not("7c9caa"), H264Error::kNested);
  EXPECT_FALSE(to_text(H264Error::kEmpty).empty());
}

}  // namespace
}  // namespace glass::rtp
