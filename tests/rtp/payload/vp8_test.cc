// The VP8 payload descriptor in all its lengths, and frames cut up and put together.
#include "rtp/payload/vp8.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace glass::rtp {
namespace {

ByteVector bytes(std::string_view digits) { return from_hex(digits).value(); }

Vp8Error why_not(std::string_view digits) {
  const auto parsed = parse_vp8(bytes(digits));
  EXPECT_FALSE(parsed.has_value()) << digits;
  return parsed ? Vp8Error::kTruncated : parsed.error();
}

// As a payload on the wire.
ByteVector joined(const FramePart& part) {
  ByteVector out(part.header.begin(),
                 part.header.begin() + static_cast<std::ptrdiff_t>(part.header_size));
  out.insert(out.end(), part.body.begin(), part.body.end());
  return out;
}

TEST(Vp8, ShortDescriptor) {
  const ByteVector payload = bytes("1000aabb");
  const auto parsed = parse_vp8(payload);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->descriptor, (Vp8Descriptor{.starts_partition = true}));
  EXPECT_TRUE(parsed->is_key_frame());
  EXPECT_EQ(hex(parsed->data), "00aabb");
}

TEST(Vp8, EveryField) {
  const ByteVector payload = bytes("b3f0 9234 05 a7 01");
  const auto parsed = parse_vp8(payload);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->descriptor, (Vp8Descriptor{.is_non_reference = true,
                                               .starts_partition = true,
                                               .partition = 3,
                                               .picture_id = std::uint16_t{0x1234},
                                               .has_long_picture_id = true,
                                               .tl0_picture_index = std::uint8_t{5},
                                               .temporal_layer = std::uint8_t{2},
                                               .is_layer_sync = true,
                                               .key_index = std::uint8_t{7}}));
  EXPECT_FALSE(parsed->starts_frame());
  EXPECT_FALSE(parsed->is_key_frame());
}

TEST(Vp8, ADescriptorCutAnywhereIsRefused) {
  const ByteVector payload = bytes("90f0923405a701");
  for (std::size_t size = 0; size < payload.size(); ++size)
    EXPECT_FALSE(parse_vp8(Bytes(payload).first(size)).has_value()) << size;
  EXPECT_EQ(why_not(""), Vp8Error::kTruncated);
  EXPECT_EQ(why_not("90"), Vp8Error::kTruncated);
  EXPECT_EQ(why_not("10"), Vp8Error::kNoPayload);
  EXPECT_EQ(why_not("9040 05 01"), Vp8Error::kIndexAlone);
  EXPECT_FALSE(to_text(Vp8Error::kTruncated).empty());
}

TEST(Vp8, AFrameIsCutEvenlyAndPutTogetherAgain) {
  ByteVector frame(1000);
  for (std::size_t i = 0; i < frame.size(); ++i) frame[i] = static_cast<std::uint8_t>(i);
  const Vp8Descriptor descriptor{.picture_id = std::uint16_t{200},
                                 .has_long_picture_id = true,
                                 .tl0_picture_index = std::uint8_t{9},
                                 .temporal_layer = std::uint8_t{1},
                                 .is_layer_sync = true};
  Vp8Packetizer packetizer(frame, descriptor, 306);
  ByteVector together;
  std::vector<std::size_t> sizes;
  bool is_first = true;
  while (const auto part = packetizer.next()) {
    const ByteVector payload = joined(*part);
    sizes.push_back(payload.size());
    const auto parsed = parse_vp8(payload);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->starts_frame(), is_first);
    EXPECT_EQ(parsed->descriptor.picture_id, 200);
    EXPECT_EQ(parsed->descriptor.tl0_picture_index, 9);
    EXPECT_TRUE(parsed->descriptor.is_layer_sync);
    together.insert(together.end(), parsed->data.begin(), parsed->data.end());
    EXPECT_EQ(part->is_last, together.size() == frame.size());
    is_first = false;
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{256, 256, 256, 256}));
  EXPECT_EQ(together, frame);
}

TEST(Vp8, DescriptorsAreWrittenAsTheyAreRead) {
  for (unsigned bits = 0; bits < 64; ++bits) {
    Vp8Descriptor descriptor{.is_non_reference = (bits & 1) != 0, .starts_partition = true};
    if ((bits & 2) != 0) descriptor.picture_id = static_cast<std::uint16_t>(5);
    descriptor.has_long_picture_id = (bits & 2) != 0 && (bits & 4) != 0;
    if ((bits & 8) != 0) descriptor.temporal_layer = static_cast<std::uint8_t>(3);
    if ((bits & 24) == 24) descriptor.tl0_picture_index = static_cast<std::uint8_t>(6);
    if ((bits & 32) != 0) descriptor.key_index = static_cast<std::uint8_t>(31);
    const ByteVector frame{1};
    Vp8Packetizer packetizer(frame, descriptor, 100);
    const ByteVector payload = joined(*packetizer.next());
    EXPECT_FALSE(packetizer.next().has_value());
    const auto parsed = parse_vp8(payload);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->descriptor, descriptor) << bits;
  }
}

}  // namespace
}  // namespace glass::rtp
