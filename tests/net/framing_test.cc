// tests/net/framing_test.cc - where packets end in a stream.
#include "net/framing.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace glass::net {
namespace {

using Kind = Cut::Kind;

ByteVector stun_message(std::size_t attributes) {
  ByteVector out(20 + attributes, 0);
  out[1] = 1;
  out[2] = static_cast<std::uint8_t>(attributes >> 8);
  out[3] = static_cast<std::uint8_t>(attributes);
  return out;
}
ByteVector channel_data(std::size_t payload) {
  ByteVector out(4 + payload, 7);
  out[0] = 0x40;
  out[1] = 0x01;
  out[2] = static_cast<std::uint8_t>(payload >> 8);
  out[3] = static_cast<std::uint8_t>(payload);
  return out;
}

TEST(CutFrame, AStunMessageEndsWhereItsLengthSays) {
  ByteVector stream = stun_message(8);
  stream.push_back(0);

  const Cut cut = cut_frame(Framing::kStun, stream);

  EXPECT_EQ(cut.kind, Kind::kFrame);
  EXPECT_EQ(cut.size, 28U);
  EXPECT_EQ(cut.begin, 0U);
  EXPECT_EQ(cut.packet, 28U);
}

TEST(CutFrame, ChannelDataGoesWithItsPaddingAndIsShownWithout) {
  ByteVector stream = channel_data(5);
  EXPECT_EQ(cut_frame(Framing::kStun, stream).kind, Kind::kMore);
  stream.resize(12);

  const Cut cut = cut_frame(Framing::kStun, stream);

  EXPECT_EQ(cut.kind, Kind::kFrame);
  EXPECT_EQ(cut.size, 12U);
  EXPECT_EQ(cut.packet, 9U);
}

TEST(CutFrame, EveryBeginningOfAFrameAsksForMore) {
  for (const ByteVector& whole : {stun_message(12), channel_data(8)})
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_EQ(cut_frame(Framing::kStun, Bytes(whole).first(size)).kind, Kind::kMore) << size;
}

TEST(CutFrame, WhatIsNeitherIsBrokenAtOnce) {
  EXPECT_EQ(cut_frame(Framing::kStun, as_bytes("\x80\x01")).kind, Kind::kBroken);
  EXPECT_EQ(cut_frame(Framing::kStun, as_bytes("GET / HTTP/1.1\r\n")).kind,
            Kind::kMore);  // "G": 01
  EXPECT_EQ(cut_frame(Framing::kStun, as_bytes("\x16\x03\x01\x02")).kind, Kind::kBroken);  // TLS
}

TEST(CutFrame, TwoBytesOfLengthStandBeforeThePacketsOfIceTcp) {
  const ByteVector stream{0, 3, 1, 2, 3, 0, 0};

  const Cut first = cut_frame(Framing::kLengthPrefixed, stream);
  const Cut second = cut_frame(Framing::kLengthPrefixed, Bytes(stream).subspan(5));

  EXPECT_EQ(first.kind, Kind::kFrame);
  EXPECT_EQ(first.size, 5U);
  EXPECT_EQ(first.begin, 2U);
  EXPECT_EQ(first.packet, 3U);
  EXPECT_EQ(second.kind, Kind::kFrame);
  EXPECT_EQ(second.packet, 0U);
}

TEST(FrameOf, CutsWhatItFramed) {
  for (const Framing framing : {Framing::kStun, Framing::kLengthPrefixed}) {
    for (std::size_t payload = 0; payload < 9; ++payload) {
      const ByteVector packet = channel_data(payload);
      const auto frame = frame_of(framing, packet);
      ASSERT_TRUE(frame.has_value());
      ByteVector stream(frame->head.begin(),
                        frame->head.begin() + static_cast<std::ptrdiff_t>(frame->head_size));
      stream.insert(stream.end(), packet.begin(), packet.end());
      stream.insert(stream.end(), frame->padding, 0);

      const Cut cut = cut_frame(framing, stream);

      EXPECT_EQ(cut.kind, Kind::kFrame);
      EXPECT_EQ(cut.size, stream.size());
      EXPECT_TRUE(equal(Bytes(stream).subspan(cut.begin, cut.packet), packet));
    }
  }
}

TEST(FrameOf, APacketBeyondTheLengthFieldHasNone) {
  EXPECT_FALSE(frame_of(Framing::kLengthPrefixed, ByteVector(65536)).has_value());
}

}  // namespace
}  // namespace glass::net
