// Elements of header extensions in both forms, and the seven that WebRTC has.
#include "rtp/extensions.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/support/rules.h"

namespace glass::rtp {
namespace {

ByteVector bytes(std::string_view digits) { return from_hex(digits).value(); }

// "1:aa 2:bbbb", what a walk yields.
std::string elements(std::uint16_t profile, std::string_view digits) {
  const ByteVector extension = bytes(digits);
  ExtensionWalk walk(profile, extension);
  std::string out;
  while (const auto element = walk.next())
    out += (out.empty() ? "" : " ") + decimal(element->id) + ':' + hex(element->data);
  return out;
}

// RFC 8285 §4.2, the example: three elements with padding between them.
TEST(Rfc8285Section42, OneByteForm) {
  EXPECT_EQ(elements(0xbede, "10aa21bbbb000033cccccccc"), "1:aa 2:bbbb 3:cccccccc");
}

// RFC 8285 §4.3, the example: an empty element, and padding.
TEST(Rfc8285Section43, TwoByteForm) {
  EXPECT_EQ(elements(0x1000, "01000201bb000304cccccccc"), "1: 2:bb 3:cccccccc");
  EXPECT_EQ(elements(0x100f, "f00101000000"), "240:01");
}

TEST(ExtensionWalk, OtherProfilesHaveNoElements) { EXPECT_EQ(elements(0x1234, "10aa0000"), ""); }

class ExtensionValues : public testing::Test {
 protected:
  ExtensionValues() {
    map.set(ExtensionKind::kMid, 1);
    map.set(ExtensionKind::kAudioLevel, 2);
    map.set(ExtensionKind::kAbsSendTime, 3);
    map.set(ExtensionKind::kTransportWide, 4);
    map.set(ExtensionKind::kPlayoutDelay, 5);
    map.set(ExtensionKind::kRid, 6);
    map.set(ExtensionKind::kRepairedRid, 7);
  }
  Extensions read(std::uint16_t profile, std::string_view digits) {
    extension = bytes(digits);
    return read_extensions({.extension_profile = profile, .extension = extension}, map,
                           test::test_trace(Layer::kRtp));
  }
  ExtensionMap map;
  ByteVector extension;
};

TEST_F(ExtensionValues, AreReadByTheirNumbers) {
  const Extensions values =
      read(0xbede, "1130 31 20 8a 32 010203 41 1234 52 00a064 60 68 70 6c 00");
  EXPECT_EQ(values.mid, "01");
  EXPECT_EQ(values.audio_level, (AudioLevel{.has_voice = true, .minus_dbov = 10}));
  EXPECT_EQ(values.abs_send_time, 0x010203U);
  EXPECT_EQ(values.transport_wide, 0x1234);
  EXPECT_EQ(values.playout_delay, (PlayoutDelay{.min = 10, .max = 100}));
  EXPECT_EQ(values.rid, "h");
  EXPECT_EQ(values.repaired_rid, "l");
}

TEST_F(ExtensionValues, MixedFormsAreReadPacketByPacket) {
  EXPECT_EQ(read(0x1000, "0102 3031 0000").mid, "01");
  EXPECT_EQ(read(0xbede, "11303100").mid, "01");
}

TEST_F(ExtensionValues, WhatWasNotNegotiatedIsPassedOver) {
  const Extensions values = read(0xbede, "90aa 1030");
  EXPECT_EQ(values.mid, "0");
  EXPECT_RULE("8285:4.1.2#1");
}

TEST_F(ExtensionValues, AnIdOfZeroWithALengthEndsTheWalk) {
  EXPECT_EQ(read(0xbede, "1030 01aa bb 208a 00").audio_level, std::nullopt);
  EXPECT_RULE("8285:4.1.2#5");
}

TEST_F(ExtensionValues, AnIdOfFifteenEndsTheWalk) {
  const Extensions values = read(0xbede, "1030 f0aa 208a 0000");
  EXPECT_EQ(values.mid, "0");
  EXPECT_EQ(values.audio_level, std::nullopt);
  EXPECT_RULE("8285:4.2#4");
}

TEST_F(ExtensionValues, ALengthThatRunsOverEndsTheWalk) {
  EXPECT_EQ(read(0xbede, "1030 43aa").mid, "0");
  EXPECT_RULE("8285:4.2#2");
  EXPECT_EQ(read(0x1000, "0101 30 04ff aa 0000").mid, "0");
  EXPECT_RULE("8285:4.3#0");
  EXPECT_EQ(read(0x1000, "01").mid, std::nullopt);
}

TEST_F(ExtensionValues, AValueOfAWrongSizeIsDropped) {
  const Extensions values = read(0xbede, "40aa 30aa 50aa 1030");
  EXPECT_EQ(values.transport_wide, std::nullopt);
  EXPECT_EQ(values.abs_send_time, std::nullopt);
  EXPECT_EQ(values.playout_delay, std::nullopt);
  EXPECT_EQ(values.mid, "0");
  EXPECT_RULE("8285:4.1#2");
}

TEST_F(ExtensionValues, AnEmptyTextIsNone) {
  EXPECT_EQ(read(0x1000, "0600 0700 0100 0000").mid, std::nullopt);
  EXPECT_EQ(read(0x1000, "0600 0700 0100 0000").rid, std::nullopt);
  EXPECT_EQ(read(0x1000, "0600 0700 0100 0000").repaired_rid, std::nullopt);
}

TEST_F(ExtensionValues, AreWrittenInTheOneByteForm) {
  ExtensionWriter writer;
  writer.write(
      {
          .mid = "01",
          .rid = "h",
          .repaired_rid = "l",
          .audio_level = AudioLevel{.has_voice = true, .minus_dbov = 10},
          .abs_send_time = 0x010203,
          .transport_wide = std::uint16_t{0x1234},
          .playout_delay = PlayoutDelay{.min = 10, .max = 100}
  },
      map);
  EXPECT_EQ(writer.profile(), 0xbede);
  EXPECT_EQ(hex(writer.bytes()),
            "11303160"
            "68706c20"
            "8a320102"
            "03411234"
            "5200a064");
}

TEST_F(ExtensionValues, ALargeNumberOrALongTextCallsForTheTwoByteForm) {
  ExtensionWriter writer;
  writer.write({.mid = "0123456789abcdefX"}, map);
  EXPECT_EQ(writer.profile(), 0x1000);
  EXPECT_EQ(hex(writer.bytes()).substr(0, 4), "0111");

  map.set(ExtensionKind::kAudioLevel, 15);
  writer.write({.mid = "0"}, map);
  EXPECT_EQ(writer.profile(), 0xbede);
  writer.write({.audio_level = AudioLevel{}}, map);
  EXPECT_EQ(hex(writer.bytes()), "0f017f00");
}

TEST_F(ExtensionValues, NothingNegotiatedIsNoExtension) {
  ExtensionWriter writer;
  writer.write({.mid = "0"}, ExtensionMap{});
  EXPECT_TRUE(writer.bytes().empty());
}

TEST(ExtensionKind, HasAUriEach) {
  for (std::size_t i = 0; i < kExtensionKinds; ++i) {
    const auto kind = static_cast<ExtensionKind>(i);
    EXPECT_EQ(extension_of(uri_of(kind)), kind);
  }
  EXPECT_EQ(extension_of("urn:ietf:params:rtp-hdrext:toffset"), std::nullopt);
  EXPECT_EQ(ExtensionMap{}.kind(0), std::nullopt);
}

}  // namespace
}  // namespace glass::rtp
