// The RTP header, its extension and its padding; and RTP told from RTCP.
#include "rtp/packet.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "rtp/demux.h"
#include "tests/support/rules.h"

namespace glass::rtp {
namespace {

ByteVector bytes(std::string_view digits) { return from_hex(digits).value(); }

PacketError why_not(std::string_view digits) {
  const auto packet = parse_packet(bytes(digits));
  EXPECT_FALSE(packet.has_value());
  return packet ? PacketError::kTooShort : packet.error();
}

TEST(Packet, ReadsEveryField) {
  const ByteVector datagram =
      bytes("b2e0 1234 89abcdef 11223344 aaaaaaaa bbbbbbbb bede0001 10ff0000 70617965 000003");
  const auto packet = parse_packet(datagram);

  ASSERT_TRUE(packet.has_value());
  EXPECT_TRUE(packet->marker);
  EXPECT_EQ(packet->payload_type, PayloadType{0x60});
  EXPECT_EQ(packet->sequence, SequenceNumber{0x1234});
  EXPECT_EQ(packet->timestamp, RtpTime{0x89abcdef});
  EXPECT_EQ(packet->ssrc, Ssrc{0x11223344});
  ASSERT_EQ(packet->csrc_count(), 2U);
  EXPECT_EQ(packet->csrc(1), Ssrc{0xbbbbbbbb});
  EXPECT_EQ(packet->extension_profile, 0xbede);
  EXPECT_EQ(hex(packet->extension), "10ff0000");
  EXPECT_EQ(as_text(packet->payload), "paye");
  EXPECT_EQ(packet->padding_size, 3U);
  EXPECT_EQ(header_size(datagram), 28U);
  EXPECT_EQ(sequence_of(datagram), packet->sequence);
  EXPECT_EQ(ssrc_of(datagram), packet->ssrc);
}

TEST(Packet, WhatIsWrittenReadsTheSame) {
  const ByteVector csrcs = bytes("0000000100000002");
  const ByteVector extension = bytes("10ff0000");
  const ByteVector payload = bytes("c0ffee");
  PacketBuffer out;
  out.clear();
  write_packet(out, {.has_extension = true,
                     .marker = true,
                     .payload_type = PayloadType{111},
                     .sequence = SequenceNumber{65535},
                     .timestamp = RtpTime{1},
                     .ssrc = Ssrc{2},
                     .csrcs = csrcs,
                     .extension_profile = 0xbede,
                     .extension = extension,
                     .payload = payload,
                     .padding_size = 5});

  EXPECT_EQ(hex(out.bytes()),
            "b2efffff0000000100000002"
            "0000000100000002"
            "bede000110ff0000"
            "c0ffee"
            "0000000005");
  EXPECT_TRUE(parse_packet(out.bytes()).has_value());
}

TEST(Packet, AHeaderGoesInFrontOfAPayload) {
  PacketBuffer out;
  out.assign(bytes("c0ffee"));
  prepend_header(out,
                 {.payload_type = PayloadType{96}, .sequence = SequenceNumber{7}, .ssrc = Ssrc{9}});
  EXPECT_EQ(hex(out.bytes()),
            "80600007"
            "00000000"
            "00000009"
            "c0ffee");
}

TEST(Packet, APacketCutAnywhereIsRefused) {
  const ByteVector whole = bytes("9160 0001 00000002 00000003 00000004 bede0001 10ff0000");
  ASSERT_TRUE(parse_packet(whole).has_value());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_packet(Bytes(whole).first(size)).has_value()) << size;
    EXPECT_FALSE(header_size(Bytes(whole).first(size)).has_value()) << size;
  }
}

TEST(Packet, SaysWhatIsWrong) {
  EXPECT_EQ(why_not("8060000100000002"), PacketError::kTooShort);
  EXPECT_EQ(why_not("4060 0001 00000002 00000003"), PacketError::kBadVersion);
  EXPECT_EQ(why_not("8160 0001 00000002 00000003"), PacketError::kCsrcOverrun);
  EXPECT_EQ(why_not("9060 0001 00000002 00000003 bede0001"), PacketError::kExtensionOverrun);
  EXPECT_EQ(why_not("9060 0001 00000002 00000003 bede"), PacketError::kExtensionOverrun);
  EXPECT_EQ(why_not("a060 0001 00000002 00000003 00"), PacketError::kPaddingZero);
  EXPECT_EQ(why_not("a060 0001 00000002 00000003 02"), PacketError::kPaddingOverrun);
  EXPECT_EQ(why_not("a060 0001 00000002 00000003"), PacketError::kPaddingOverrun);
}

TEST(Packet, PaddingMayBeAllThereIs) {
  const ByteVector probe = bytes("a060 0001 00000002 00000003 00000004");
  ASSERT_TRUE(parse_packet(probe).has_value());
  EXPECT_TRUE(parse_packet(probe)->payload.empty());
}

class NameTap final : public FieldTap {
 public:
  void field(std::string_view name, std::size_t offset, Bytes field) override {
    EXPECT_EQ(offset, covered);
    covered += field.size();
    names.emplace_back(name);
  }
  std::size_t covered = 0;
  std::vector<std::string> names;
};

TEST(Packet, NamesEveryByte) {
  const ByteVector datagram =
      bytes("b160 0001 00000002 00000003 00000004 bede0001 10ff0000 aabb 000003");
  NameTap tap;
  ASSERT_TRUE(parse_packet(datagram, &tap).has_value());
  EXPECT_EQ(tap.covered, datagram.size());
  EXPECT_EQ(tap.names.back(), "Padding Count");
}

// RFC 5761 §4; 72 to 76 is what SR to APP look like as payload types with the marker set.
TEST(RtpKind, IsToldByTheSecondOctet) {
  const auto kind = [](std::uint8_t second) {
    return rtp_kind(std::array<std::uint8_t, 8>{0x80, second});
  };
  EXPECT_EQ(kind(0), RtpKind::kRtp);
  EXPECT_EQ(kind(96), RtpKind::kRtp);
  EXPECT_EQ(kind(0x80 | 63), RtpKind::kRtp);
  EXPECT_EQ(kind(192), RtpKind::kRtcp);
  EXPECT_EQ(kind(200), RtpKind::kRtcp);
  EXPECT_EQ(kind(223), RtpKind::kRtcp);
  EXPECT_EQ(kind(0x80 | 96), RtpKind::kRtp);
  EXPECT_EQ(rtp_kind(bytes("80c8")), RtpKind::kNeither);
  EXPECT_EQ(rtp_kind(bytes("00c8000000000000")), RtpKind::kNeither);
}

}  // namespace
}  // namespace glass::rtp
