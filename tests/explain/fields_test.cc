#include "explain/fields.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "explain/hexview.h"

namespace glass::explain {
namespace {

// RFC 5769 §2.2: a response over IPv4.
const ByteVector& sample_response() {
  static const ByteVector kBytes = *from_hex(
      "0101003c 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220 00200008 "
      "0001a147e112a643 00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004 c07d4c96");
  return kBytes;
}

// An SCTP packet with a DATA chunk that opens the channel "chat"; the checksum is that of RFC 9260.
const ByteVector& open_packet() {
  static const ByteVector kBytes = *from_hex(
      "13881388 01020304 00000000 00030020 00000001 00000000 00000032 03000000 00000000 00040000 "
      "63686174");
  return kBytes;
}

const FieldNode* find(const Annotated& annotated, std::string_view name, std::size_t skip = 0) {
  for (const FieldNode& field : annotated.fields)
    if (field.name == name && skip-- == 0) return &field;
  return nullptr;
}

// Fields without parts lie side by side and leave no byte out.
void expect_gapless(const Annotated& annotated, std::size_t size) {
  std::size_t at = 0;
  for (const FieldNode& field : annotated.fields) {
    if (field.has_parts) continue;
    EXPECT_EQ(field.offset, at) << field.name;
    at = field.offset + field.size;
  }
  EXPECT_EQ(at, size);
}

TEST(Fields, EveryByteOfAStunMessageHasAName) {
  const Annotated annotated = annotate(sample_response());

  EXPECT_EQ(annotated.format, Format::kStun);
  EXPECT_EQ(annotated.problem, "");
  expect_gapless(annotated, sample_response().size());
  EXPECT_EQ(find(annotated, std::string(kUnnamed)), nullptr);
  ASSERT_NE(find(annotated, "Message Type"), nullptr);
  EXPECT_EQ(find(annotated, "Message Type")->meaning, "Binding success response");
  EXPECT_EQ(find(annotated, "Magic Cookie")->offset, 4U);
  EXPECT_EQ(find(annotated, "X-Port")->meaning, "port 32853");
  EXPECT_EQ(find(annotated, "X-Address")->meaning, "192.0.2.1");
  ASSERT_NE(find(annotated, "XOR-MAPPED-ADDRESS"), nullptr);
  EXPECT_TRUE(find(annotated, "XOR-MAPPED-ADDRESS")->has_parts);
  EXPECT_EQ(find(annotated, "XOR-MAPPED-ADDRESS")->size, 12U);
  EXPECT_EQ(find(annotated, "X-Port")->depth, find(annotated, "XOR-MAPPED-ADDRESS")->depth + 1);
}

TEST(Fields, WhatTheParserRefusesIsNamedAsFarAsItGot) {
  const Bytes cut = Bytes(sample_response()).first(30);

  const Annotated annotated = annotate(cut);

  EXPECT_NE(annotated.problem, "");
  expect_gapless(annotated, 30);
  EXPECT_EQ(annotated.fields.back().name, kUnnamed);
}

TEST(Fields, AnOpenMessageIsFoundInsideUserData) {
  const Annotated annotated = annotate(open_packet(), Format::kSctp);

  expect_gapless(annotated, open_packet().size());
  EXPECT_EQ(find(annotated, "Chunk Type")->meaning, "DATA");
  EXPECT_EQ(find(annotated, "Chunk Flags")->meaning, "a whole message");
  EXPECT_EQ(find(annotated, "Payload Protocol Identifier")->meaning, "DCEP");
  EXPECT_EQ(find(annotated, "Message Type")->meaning, "DATA_CHANNEL_OPEN");
  EXPECT_EQ(find(annotated, "Channel Type")->meaning, "reliable, ordered");
  ASSERT_NE(find(annotated, "Label"), nullptr);
  EXPECT_EQ(find(annotated, "Label")->offset, 40U);
  EXPECT_TRUE(find(annotated, "User Data")->has_parts);
  EXPECT_EQ(find(annotated, "Checksum")->meaning, "left out (RFC 9653)");
}

TEST(Fields, AWrongChecksumIsSaidToBeWrong) {
  ByteVector wrong = open_packet();
  wrong[8] = 1;  // the checksum is the third word of the common header

  EXPECT_EQ(find(annotate(wrong, Format::kSctp), "Checksum")->meaning, "CRC32c, wrong");
}

TEST(Fields, DtlsIsReadDownToTheHandshakeMessage) {
  // An unencrypted alert and a sealed record in one datagram.
  const ByteVector bytes = *from_hex(
      "15 fefd 0000 000000000005 0002 0228"
      "17 fefd 0001 000000000001 001b 0001000000000001 aabbcc 000102030405060708090a0b0c0d0e0f");

  const Annotated annotated = annotate(bytes);

  EXPECT_EQ(annotated.format, Format::kDtls);
  EXPECT_EQ(annotated.problem, "");
  expect_gapless(annotated, bytes.size());
  EXPECT_EQ(find(annotated, "type")->meaning, "Alert");
  EXPECT_EQ(find(annotated, "version")->meaning, "DTLS 1.2");
  EXPECT_EQ(find(annotated, "epoch", 0)->meaning, "not encrypted");
  EXPECT_EQ(find(annotated, "epoch", 1)->meaning, "encrypted");
  EXPECT_EQ(find(annotated, "level")->meaning, "fatal");
  EXPECT_EQ(find(annotated, "encrypted content")->size, 3U);
  EXPECT_EQ(find(annotated, "authentication tag")->size, 16U);
}

TEST(Fields, ARelayedRecordIsReadInsideItsChannelData) {
  const ByteVector bytes = *from_hex("4000 000f 15 fefd 0000 000000000005 0002 0228");

  const Annotated annotated = annotate(bytes);

  EXPECT_EQ(annotated.format, Format::kChannelData);
  expect_gapless(annotated, bytes.size());
  EXPECT_EQ(find(annotated, "level")->offset, 17U);
  EXPECT_EQ(find(annotated, "level")->meaning, "fatal");
}

TEST(Fields, RtpIsReadDownToTheElementsOfItsExtension) {
  const ByteVector bytes = *from_hex("b060 0001 00000002 00000003 bede0001 10302001 c0ffee 000003");

  const Annotated annotated = annotate(bytes);

  EXPECT_EQ(annotated.format, Format::kRtp);
  EXPECT_EQ(annotated.problem, "");
  expect_gapless(annotated, bytes.size());
  EXPECT_TRUE(find(annotated, "Header Extension")->has_parts);
  EXPECT_EQ(find(annotated, "ID, Length")->offset, 16U);
  EXPECT_EQ(find(annotated, "ID, Length", 1)->offset, 18U);
  EXPECT_EQ(find(annotated, "Payload")->size, 3U);
}

TEST(Fields, EachPacketOfACompoundIsRead) {
  const ByteVector bytes =
      *from_hex("80c90001 00000001 81ca0003 00000001 01036162 63000000 81ce0002 00000001 00000002");

  const Annotated annotated = annotate(bytes);

  EXPECT_EQ(annotated.problem, "");
  expect_gapless(annotated, bytes.size());
  EXPECT_EQ(find(annotated, "Item Text")->offset, 18U);
  EXPECT_EQ(find(annotated, "SSRC of Media Source")->offset, 32U);
  EXPECT_NE(annotate(Bytes(bytes).first(30)).problem, "");
}

TEST(Fields, LinesOfADescriptionAreCalledByTheirBeginning) {
  const std::string text = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=setup:actpass\r\n";

  const Annotated annotated = annotate(as_bytes(text));

  EXPECT_EQ(annotated.format, Format::kSdp);
  expect_gapless(annotated, text.size());
  ASSERT_NE(find(annotated, "a=setup"), nullptr);
  EXPECT_EQ(find(annotated, "a=setup")->offset, 41U);
  EXPECT_NE(find(annotated, "a=setup")->meaning, "");
}

TEST(Fields, NothingThatComesInCanUpsetThem) {
  for (int format = 0; format <= static_cast<int>(Format::kUnknown); ++format) {
    EXPECT_TRUE(annotate({}, static_cast<Format>(format)).fields.empty());
    for (std::size_t size = 1; size <= sample_response().size(); ++size)
      expect_gapless(annotate(Bytes(sample_response()).first(size), static_cast<Format>(format)),
                     size);
    for (std::size_t size = 1; size <= open_packet().size(); ++size)
      expect_gapless(annotate(Bytes(open_packet()).first(size), static_cast<Format>(format)), size);
  }
}

TEST(Format, IsToldByTheFirstByte) {
  const auto guess = [](std::uint8_t first) { return guess_format(Bytes(&first, 1)); };
  EXPECT_EQ(guess(0), Format::kStun);
  EXPECT_EQ(guess(3), Format::kStun);
  EXPECT_EQ(guess(4), Format::kUnknown);
  EXPECT_EQ(guess(19), Format::kUnknown);  // ZRTP
  EXPECT_EQ(guess(20), Format::kDtls);
  EXPECT_EQ(guess(63), Format::kDtls);
  EXPECT_EQ(guess(64), Format::kChannelData);
  EXPECT_EQ(guess(79), Format::kChannelData);
  EXPECT_EQ(guess(128), Format::kRtp);
  EXPECT_EQ(guess(191), Format::kRtp);
  EXPECT_EQ(guess(192), Format::kUnknown);
  EXPECT_EQ(guess_format({}), Format::kUnknown);
  EXPECT_EQ(guess_format(as_bytes("v=0\r\n")), Format::kSdp);
}

TEST(Format, NamesReadBackAsThemselves) {
  for (int i = 0; i <= static_cast<int>(Format::kUnknown); ++i) {
    const auto format = static_cast<Format>(i);
    EXPECT_EQ(parse_format(to_text(format)), format);
  }
  EXPECT_EQ(parse_format("quic"), std::nullopt);
}

TEST(Hexdump, RowsHaveOffsetHexAndText) {
  EXPECT_EQ(hexdump(as_bytes("0123456789abcdef\n")),
            "0000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n"
            "0010  0a                                               .\n");
}

TEST(Hexview, ShowsEachFieldWithItsBytes) {
  const ByteVector alert = *from_hex("15 fefd 0000 000000000005 0002 0228");

  EXPECT_EQ(hexview(alert, annotate(alert)),
            "0000                           [Record, 15 bytes]\n"
            "0000  15                         type: 21 (0x15) - Alert\n"
            "0001  fe fd                      version: 65277 (0xfefd) - DTLS 1.2\n"
            "0003  00 00                      epoch: 0 - not encrypted\n"
            "0005  00 00 00 00 00 05          sequence_number: 5\n"
            "000b  00 02                      length: 2\n"
            "000d                             [fragment, 2 bytes]\n"
            "000d  02                           level: 2 - fatal\n"
            "000e  28                           description: 40 (0x28) - handshake_failure\n");
}

TEST(Hexview, CutsLongFieldsAndShowsProblems) {
  const ByteVector bytes(40, 0xff);

  EXPECT_EQ(hexview(bytes, annotate(bytes), 2),
            "0000  ff ff ff ff ff ff ff ff  (not understood): "
            "ffffffffffffffffffffffffffffffffffffffffffffffff...\n"
            "0008  ff ff ff ff ff ff ff ff\n"
            "      ... 24 more bytes\n"
            "!     none of the protocols of WebRTC by its first byte\n");
}

}  // namespace
}  // namespace glass::explain
