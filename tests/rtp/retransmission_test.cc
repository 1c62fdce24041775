// Packets kept and sent again, as they were or wrapped.
#include "rtp/retransmission.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "rtp/rtx.h"
#include "tests/support/rules.h"

namespace glass::rtp {
namespace {

using namespace std::chrono_literals;

ByteVector bytes(std::string_view digits) { return from_hex(digits).value(); }

struct Buffer {
  RetransmissionBuffer buffer{
      {.packets = 64, .age_max = 1s, .octets_per_second = 1000},
      test::test_trace(Layer::kRtp)
  };
  Instant now{};

  void store(std::uint16_t sequence, std::size_t size = 100) {
    buffer.store(now, SequenceNumber{sequence},
                 ByteVector(size, static_cast<std::uint8_t>(sequence)));
  }
  bool answers(std::uint16_t sequence) {
    return buffer.request(now, SequenceNumber{sequence}, 50ms).has_value();
  }
};

TEST(RetransmissionBuffer, GivesBackWhatWasSent) {
  Buffer t;
  t.store(0xffff);
  t.store(0);
  EXPECT_EQ(hex(*t.buffer.request(t.now, SequenceNumber{0xffff}, 50ms)).substr(0, 4), "ffff");
  EXPECT_RULE("4585:6.2.1#0");
}

TEST(RetransmissionBuffer, AnswersOnceARoundTrip) {
  Buffer t;
  t.store(1);
  EXPECT_TRUE(t.answers(1));
  t.now += 49ms;
  EXPECT_FALSE(t.answers(1));
  t.now += 1ms;
  EXPECT_TRUE(t.answers(1));
}

TEST(RetransmissionBuffer, WhatIsGoneOrWasNeverSentIsNotAnswered) {
  Buffer t;
  EXPECT_FALSE(t.answers(5));
  t.store(5);
  t.store(5 + 64);
  EXPECT_FALSE(t.answers(5));
  EXPECT_TRUE(t.answers(5 + 64));
  t.now += 1s + 1ns;
  EXPECT_FALSE(t.answers(5 + 64));
  EXPECT_RULE("4585:4.2#8");
}

TEST(RetransmissionBuffer, AStormOfRequestsGetsTheBudgetAndNoMore) {
  Buffer t;
  for (std::uint16_t i = 0; i < 40; ++i) t.store(i);
  std::size_t answered = 0;
  for (int round = 0; round < 100; ++round)
    for (std::uint16_t i = 0; i < 40; ++i) answered += t.answers(i) ? 1 : 0;
  EXPECT_EQ(answered, 10U);
  EXPECT_RULE("4588:7#3");
  t.now += 500ms;
  EXPECT_TRUE(t.answers(20));
}

TEST(Rtx, WrapsAndUnwrapsAPacket) {
  const ByteVector datagram =
      bytes("b1e0 1234 89abcdef 00000007 0000000a bede0001 10ff0000 c0ffee 000003");
  const auto original = parse_packet(datagram);
  ASSERT_TRUE(original.has_value());
  RtxStream stream{
      .ssrc = Ssrc{8}, .payload_type = PayloadType{97}, .next = SequenceNumber{0xffff}};
  PacketBuffer out;
  out.clear();

  wrap_rtx(out, *original, stream, test::test_trace(Layer::kRtp));

  // Without its padding; marker, timestamp, CSRC and extension are those of the original.
  EXPECT_EQ(hex(out.bytes()),
            "91e1ffff89abcdef00000008"
            "0000000a"
            "bede000110ff0000"
            "1234"
            "c0ffee");
  EXPECT_EQ(stream.next, SequenceNumber{0});
  EXPECT_RULE("4588:4#13");

  const auto rtx = parse_packet(out.bytes());
  const auto again = unwrap_rtx(*rtx, Ssrc{7}, PayloadType{96}, test::test_trace(Layer::kRtp));
  ASSERT_TRUE(again.has_value());
  EXPECT_RULE("4588:4#14");
  PacketBuffer unwrapped;
  unwrapped.clear();
  write_packet(unwrapped, *again);
  Packet unpadded = *original;
  unpadded.padding_size = 0;
  PacketBuffer expected;
  expected.clear();
  write_packet(expected, unpadded);
  EXPECT_EQ(hex(unwrapped.bytes()), hex(expected.bytes()));
}

TEST(Rtx, PaddingAloneIsNoPacketAndOneOctetIsMalformed) {
  const ByteVector octet(1);
  EXPECT_FALSE(unwrap_rtx({}, Ssrc{}, PayloadType{}, test::test_trace(Layer::kRtp)));
  EXPECT_NO_RULE("4588:4#13");
  EXPECT_FALSE(
      unwrap_rtx({.payload = octet}, Ssrc{}, PayloadType{}, test::test_trace(Layer::kRtp)));
  EXPECT_RULE("4588:4#13");
}

}  // namespace
}  // namespace glass::rtp
