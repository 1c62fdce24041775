// Frames put together, and what happens to those with a hole.
#include "rtp/payload/depacketizer.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/support/rules.h"

namespace glass::rtp {
namespace {

template <class Depacketizer>
struct Stream {
  Depacketizer depacketizer{test::test_trace(Layer::kRtp)};

  // The frame that this payload ends: "key 12:aabb"; empty: none.
  std::string add(std::string_view digits, std::uint32_t time, bool marker,
                  std::uint16_t lost = 0) {
    payload = from_hex(digits).value();
    const auto frame = depacketizer.add({
        .lost = lost,
        .packet = {.marker = marker, .timestamp = RtpTime{time}, .payload = payload}
    });
    if (!frame) return {};
    return (frame->is_key ? "key " : "") + decimal(frame->timestamp.value()) + ':' +
           hex(frame->bytes);
  }
  ByteVector payload;
};

using Vp8 = Stream<Vp8Depacketizer>;
using H264 = Stream<H264Depacketizer>;

TEST(Vp8Depacketizer, PutsAFrameTogether) {
  Vp8 t;
  EXPECT_EQ(t.add("1000aa", 1, false), "");
  EXPECT_EQ(t.add("00bb", 1, false), "");
  EXPECT_EQ(t.add("00cc", 1, true), "key 1:00aabbcc");
  EXPECT_EQ(t.add("1001dd", 2, true), "2:01dd");
}

TEST(Vp8Depacketizer, AFrameWithAHoleIsDropped) {
  Vp8 t;
  EXPECT_EQ(t.add("1000aa", 1, false), "");
  EXPECT_EQ(t.add("00cc", 1, true, 1), "");
  EXPECT_RULE("7741:4.2#6");
  EXPECT_EQ(t.add("1001dd", 2, true), "2:01dd");
}

TEST(Vp8Depacketizer, AFrameWithoutAnEndIsDropped) {
  Vp8 t;
  EXPECT_EQ(t.add("1000aa", 1, false), "");
  EXPECT_EQ(t.add("1001dd", 2, true), "2:01dd");
  EXPECT_RULE("7741:4.1#2");
}

TEST(Vp8Depacketizer, MalformedPayloadsAreDroppedWithTheirRule) {
  Vp8 t;
  EXPECT_EQ(t.add("90", 1, true), "");
  EXPECT_RULE("7741:4.2#1");
  EXPECT_EQ(t.add("10", 1, true), "");
  EXPECT_RULE("7741:4.4#6");
  EXPECT_EQ(t.add("9040 05 01", 1, true), "");
  EXPECT_RULE("7741:4.2#14");
  EXPECT_EQ(t.add("", 1, true), "");
}

TEST(Vp8Depacketizer, AFrameThatNeverEndsIsBounded) {
  Vp8Depacketizer depacketizer{test::test_trace(Layer::kRtp)};
  ByteVector payload(60'001);
  payload[0] = 0x10;
  const auto add = [&] {
    return depacketizer.add({
        .packet = {.timestamp = RtpTime{1}, .payload = payload}
    });
  };
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(add().has_value());
    payload[0] = 0x00;
  }
  EXPECT_RULE("7741:4.4#6");
}

TEST(H264Depacketizer, PutsAnAccessUnitTogether) {
  H264 t;
  EXPECT_EQ(t.add("78 0002 6742 0001 68", 1, false), "");
  EXPECT_EQ(t.add("7c85aa", 1, false), "");
  EXPECT_EQ(t.add("7c05bb", 1, false), "");
  EXPECT_EQ(t.add("7c45cc", 1, true),
            "key 1:0000000167420000000168"
            "0000000165aabbcc");
  EXPECT_EQ(t.add("4101", 2, true), "2:000000014101");
}

TEST(H264Depacketizer, AnAccessUnitWithAHoleIsDropped) {
  H264 t;
  EXPECT_EQ(t.add("7c85aa", 1, false), "");
  EXPECT_EQ(t.add("7c45cc", 1, true, 1), "");
  EXPECT_EQ(t.add("4101", 2, true, 1), "");
  EXPECT_EQ(t.add("4102", 3, true), "3:000000014102");
}

TEST(H264Depacketizer, ATimestampEndsWhatHasNoMarker) {
  H264 t;
  EXPECT_EQ(t.add("4101", 1, false), "");
  EXPECT_EQ(t.add("4102", 2, true), "2:000000014102");
  EXPECT_RULE("6184:5.1#3");
}

TEST(H264Depacketizer, PiecesThatDoNotFitAreDropped) {
  for (const std::string_view next : {"7c85bb", "4101"}) {
    H264 t;
    EXPECT_EQ(t.add("7c85aa", 1, false), "");
    EXPECT_EQ(t.add(next, 1, true), "");
    EXPECT_EQ(t.add("4101", 2, true), "2:000000014101");
  }
  H264 t;
  EXPECT_EQ(t.add("7c05bb", 1, true), "");
  EXPECT_RULE("6184:5.8#0");
}

TEST(H264Depacketizer, MalformedPayloadsAreDroppedWithTheirRule) {
  H264 t;
  EXPECT_EQ(t.add("7f00", 1, true), "");
  EXPECT_RULE("6184:5.4#2");
  EXPECT_EQ(t.add("7800", 2, true), "");
  EXPECT_RULE("6184:5.7.1#0");
}

TEST(OpusFrame, IsThePayloadOrNothing) {
  const ByteVector good = from_hex("f80102").value();
  const ByteVector bad = from_hex("fb00").value();
  const Trace trace = test::test_trace(Layer::kRtp);
  EXPECT_TRUE(opus_frame({.payload = good}, trace).has_value());
  EXPECT_FALSE(opus_frame({.payload = bad}, trace).has_value());
  EXPECT_RULE("7587:4.2#1");
}

}  // namespace
}  // namespace glass::rtp
