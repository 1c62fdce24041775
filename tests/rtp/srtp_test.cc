// Contexts, counters and windows: what is accepted, and what moves nothing.
#include "rtp/srtp.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "rtp/packet.h"
#include "tests/rtp/support/srtp_pair.h"
#include "tests/support/rules.h"

namespace glass::rtp::test {
namespace {

class Srtp : public testing::TestWithParam<SrtpProfile> {
 protected:
  SrtpPair t{GetParam()};

  UnprotectError why_not(ByteVector packet) {
    const auto result = t.open(std::move(packet));
    EXPECT_FALSE(result.has_value());
    return result ? UnprotectError::kMalformed : result.error();
  }
  UnprotectError why_not_rtcp(ByteVector packet) {
    const auto result = t.open_rtcp(std::move(packet));
    EXPECT_FALSE(result.has_value());
    return result ? UnprotectError::kMalformed : result.error();
  }
};

INSTANTIATE_TEST_SUITE_P(AllProfiles, Srtp, testing::ValuesIn(kProfiles),
                         [](const auto& one) { return std::string(to_text(one.param)); });

TEST_P(Srtp, WhatOneProtectsTheOtherReads) {
  const ByteVector sealed = t.sealed(1);
  EXPECT_EQ(sealed.size(), rtp(1).size() + sizes_of(GetParam()).rtp_tag);
  EXPECT_TRUE(equal(Bytes(sealed).first(12), Bytes(rtp(1)).first(12)));
  EXPECT_FALSE(equal(Bytes(sealed).subspan(12, 10), Bytes(rtp(1)).subspan(12)));

  const auto opened = t.open(sealed);

  ASSERT_TRUE(opened.has_value());
  EXPECT_TRUE(equal(*opened, rtp(1)));
  EXPECT_RULE("3711:3.3.1#1");
  EXPECT_RULE("3711:3.3.1#5");
  if (!is_aead(GetParam())) {
    EXPECT_RULE("3711:3.1#9");
  }
}

TEST_P(Srtp, CsrcsAndExtensionStayReadable) {
  PacketBuffer packet;
  const ByteVector csrcs = counting(8, 1);
  const ByteVector extension = counting(8, 0x10);
  const ByteVector payload = counting(20, 0x40);
  write_packet(packet, {.has_extension = true,
                        .payload_type = PayloadType{96},
                        .ssrc = Ssrc{7},
                        .csrcs = csrcs,
                        .extension_profile = 0xbede,
                        .extension = extension,
                        .payload = payload});
  const ByteVector plain(packet.bytes().begin(), packet.bytes().end());

  ASSERT_TRUE(t.sender.protect(packet).has_value());

  EXPECT_TRUE(equal(packet.bytes().first(32), Bytes(plain).first(32)));
  EXPECT_FALSE(equal(packet.bytes().subspan(32, 20), Bytes(plain).subspan(32, 20)));
  const auto opened = t.receiver.unprotect(packet.bytes());
  ASSERT_TRUE(opened.has_value());
  EXPECT_TRUE(equal(*opened, plain));
}

TEST_P(Srtp, APacketWithoutPayloadIsAuthenticatedAllTheSame) {
  PacketBuffer packet;
  write_packet(packet, {.ssrc = Ssrc{7}});
  ASSERT_TRUE(t.sender.protect(packet).has_value());
  EXPECT_EQ(packet.size(), 12 + sizes_of(GetParam()).rtp_tag);
  EXPECT_TRUE(t.receiver.unprotect(packet.bytes()).has_value());
}

TEST_P(Srtp, AReplayedPacketIsDiscarded) {
  const ByteVector sealed = t.sealed(1);
  ASSERT_TRUE(t.open(sealed).has_value());

  EXPECT_EQ(why_not(sealed), UnprotectError::kReplayed);
  EXPECT_RULE("3711:3.3#3");
}

TEST_P(Srtp, WhatIsBehindTheWindowIsDiscarded) {
  const ByteVector late = t.sealed(1);
  const ByteVector at_the_edge = t.sealed(2);
  ASSERT_TRUE(t.open(t.sealed(1 + kSrtpWindow)).has_value());

  EXPECT_EQ(why_not(late), UnprotectError::kTooOld);
  EXPECT_RULE("3711:3.3.2#2");
  EXPECT_TRUE(t.open(at_the_edge).has_value());
}

// Every bit of header, ciphertext and tag; the genuine packet is still welcome after all of them.
TEST_P(Srtp, AForgedPacketIsDiscardedAndMovesNothing) {
  ASSERT_TRUE(t.open(t.sealed(10)).has_value());
  const ByteVector genuine = t.sealed(11);
  for (std::size_t bit = 0; bit < genuine.size() * 8; ++bit) {
    ByteVector forged = genuine;
    forged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_FALSE(t.open(forged).has_value()) << bit;
  }

  EXPECT_RULE("3711:3.3#4");
  EXPECT_EQ(t.receiver.stream_count(), 1U);
  EXPECT_EQ(t.receiver.rollover_counter(Ssrc{7}), 0U);
  EXPECT_TRUE(t.open(genuine).has_value());
}

TEST_P(Srtp, AForgedJumpDoesNotMoveTheRolloverCounter) {
  ASSERT_TRUE(t.open(t.sealed(0xfff0)).has_value());
  ByteVector forged = t.sealed(0xfff1);
  forged[2] = 0x00;  // sequence 0x00f1: the next round
  EXPECT_EQ(why_not(forged), UnprotectError::kForged);

  EXPECT_EQ(t.receiver.rollover_counter(Ssrc{7}), 0U);
  EXPECT_TRUE(t.open(t.sealed(0xfff2)).has_value());
}

TEST_P(Srtp, TheRolloverCounterGrowsAtTheWrapOnBothSides) {
  ASSERT_TRUE(t.open(t.sealed(0xffff)).has_value());
  ASSERT_TRUE(t.open(t.sealed(0)).has_value());

  EXPECT_RULE("3711:3.3.1#2");
  EXPECT_RULE("3711:3.3.1#7");
  EXPECT_EQ(t.sender.rollover_counter(Ssrc{7}), 1U);
  EXPECT_EQ(t.receiver.rollover_counter(Ssrc{7}), 1U);
}

TEST_P(Srtp, APacketFromBeforeTheWrapIsReadAfterIt) {
  const ByteVector first = t.sealed(0xfffe);
  const ByteVector late = t.sealed(0xffff);
  ASSERT_TRUE(t.open(first).has_value());
  ASSERT_TRUE(t.open(t.sealed(0)).has_value());

  EXPECT_TRUE(t.open(late).has_value());
  EXPECT_EQ(t.receiver.rollover_counter(Ssrc{7}), 1U);
}

TEST_P(Srtp, TheSenderDoesNotUseAKeyStreamTwice) {
  ASSERT_FALSE(t.sealed(5).empty());
  PacketBuffer packet;
  make_rtp(packet, 5);

  EXPECT_EQ(t.sender.protect(packet).error(), ProtectError::kIndexReused);

  EXPECT_RULE("3711:9.1#1");
  EXPECT_TRUE(equal(packet.bytes(), rtp(5)));
  EXPECT_FALSE(t.sealed(4).empty());
  EXPECT_FALSE(t.sealed(5, 8).empty());
}

TEST_P(Srtp, SourcesHaveWindowsOfTheirOwn) {
  ASSERT_TRUE(t.open(t.sealed(5000, 7)).has_value());
  ASSERT_TRUE(t.open(t.sealed(1, 8)).has_value());
  ASSERT_TRUE(t.open(t.sealed(5001, 7)).has_value());
  EXPECT_EQ(t.receiver.stream_count(), 2U);
}

TEST_P(Srtp, ForgedSourcesTakeNoRoomAndTooManyAreRefused) {
  for (std::uint32_t ssrc = 1000; ssrc < 1000 + 2 * kSrtpStreamsMax; ++ssrc) {
    ByteVector forged = rtp(1, ssrc);
    forged.resize(40);
    EXPECT_EQ(why_not(forged), UnprotectError::kForged);
  }
  EXPECT_EQ(t.receiver.stream_count(), 0U);

  SrtpPair other(GetParam());
  for (std::uint32_t ssrc = 0; ssrc < kSrtpStreamsMax; ++ssrc)
    ASSERT_TRUE(t.open(t.sealed(1, ssrc)).has_value());
  EXPECT_TRUE(t.sealed(1, 9999).empty());
  EXPECT_EQ(why_not(other.sealed(1, 9999)), UnprotectError::kTooManyStreams);
  EXPECT_EQ(why_not_rtcp(other.sealed_rtcp(9999)), UnprotectError::kTooManyStreams);
  EXPECT_RULE("3711:3.2.3#2");
}

TEST_P(Srtp, AKeyProtectsNoMoreThanItMay) {
  SrtpPair limited(GetParam(), {.rtp_packets = 2, .rtcp_packets = 1});
  ASSERT_FALSE(limited.sealed(1).empty());
  ASSERT_FALSE(limited.sealed(2, 8).empty());
  PacketBuffer packet;

  make_rtp(packet, 3);
  EXPECT_EQ(limited.sender.protect(packet).error(), ProtectError::kKeyExhausted);
  EXPECT_RULE("3711:3.3.1#9");

  ASSERT_FALSE(limited.sealed_rtcp().empty());
  make_rtcp(packet);
  EXPECT_EQ(limited.sender.protect_rtcp(packet).error(), ProtectError::kKeyExhausted);
  EXPECT_RULE("3711:9.2#4");
}

TEST_P(Srtp, WhatIsTooShortIsDiscarded) {
  const ByteVector sealed = t.sealed(1);
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(t.open({sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(size)}));
  EXPECT_RULE("3550:5.1#0");
  EXPECT_RULE("3711:3.1#8");
  ByteVector overrun = rtp(1);
  overrun[0] |= 0x10;
  overrun[14] = 0xff;
  EXPECT_EQ(why_not(overrun), UnprotectError::kMalformed);
  EXPECT_RULE("3550:5.3.1#2");
  EXPECT_EQ(t.receiver.stream_count(), 0U);

  PacketBuffer packet;
  packet.assign(counting(7, 0x80));
  EXPECT_EQ(t.sender.protect(packet).error(), ProtectError::kMalformed);
  EXPECT_EQ(t.sender.protect_rtcp(packet).error(), ProtectError::kMalformed);
}

TEST_P(Srtp, APacketThatFillsTheBufferGetsNoTag) {
  PacketBuffer packet;
  make_rtp(packet, 1);
  packet.append(PacketBuffer::kCapacity - PacketBuffer::kHeadroom - packet.size() - 3);

  EXPECT_EQ(t.sender.protect(packet).error(), ProtectError::kTooLarge);
  EXPECT_EQ(t.sender.protect_rtcp(packet).error(), ProtectError::kTooLarge);
}

TEST_P(Srtp, AnotherKeyReadsNothing) {
  SrtpReceiver stranger(GetParam(), master_for(GetParam(), 2), test_trace(Layer::kRtp));
  ByteVector sealed = t.sealed(1);
  EXPECT_EQ(stranger.unprotect(sealed).error(), UnprotectError::kForged);
}

TEST_P(Srtp, RtcpHasAnIndexOfItsOwnThatGrowsByOne) {
  for (std::uint32_t expected = 0; expected < 3; ++expected) {
    const ByteVector sealed = t.sealed_rtcp();
    const std::size_t behind = is_aead(GetParam()) ? 0 : 10;
    Reader in(Bytes(sealed).last(behind + 4));
    EXPECT_EQ(in.u32("E, SRTCP Index"), 0x80000000U | expected);
    EXPECT_TRUE(t.open_rtcp(sealed).has_value());
  }
  EXPECT_RULE("3711:3.4#7");
}

TEST_P(Srtp, RtcpIsReplayProtected) {
  const ByteVector oldest = t.sealed_rtcp();
  const ByteVector second = t.sealed_rtcp();
  ASSERT_TRUE(t.open_rtcp(second).has_value());
  EXPECT_EQ(why_not_rtcp(second), UnprotectError::kReplayed);
  EXPECT_RULE("3711:3.3.2#3");
  for (std::size_t i = 0; i < kSrtcpWindow - 1; ++i)
    ASSERT_TRUE(t.open_rtcp(t.sealed_rtcp()).has_value());

  EXPECT_EQ(why_not_rtcp(oldest), UnprotectError::kTooOld);
}

TEST_P(Srtp, ForgedRtcpIsDiscarded) {
  const ByteVector genuine = t.sealed_rtcp();
  for (std::size_t bit = 0; bit < genuine.size() * 8; ++bit) {
    ByteVector forged = genuine;
    forged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_FALSE(t.open_rtcp(forged).has_value()) << bit;
  }
  EXPECT_RULE("3711:3.4#14");
  EXPECT_EQ(t.receiver.stream_count(), 0U);
  EXPECT_TRUE(t.open_rtcp(genuine).has_value());
}

TEST_P(Srtp, ShortRtcpIsDiscarded) {
  const ByteVector sealed = t.sealed_rtcp();
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(t.open_rtcp({sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(size)}));
  EXPECT_RULE("3711:3.4#1");
}

// RFC 3711 §3.4: the E flag says whether a packet is encrypted; authentic it is in any case.
TEST_P(Srtp, RtcpThatIsOnlyAuthenticIsRead) {
  const SrtpSessionKeys keys =
      derive_session_keys(GetParam(), master_for(GetParam()), test_trace(Layer::kRtp));
  SrtpTransform transform(GetParam(), keys, Trace{}, crypto::real_primitives());
  PacketBuffer packet;
  make_rtcp(packet);
  const ByteVector plain(packet.bytes().begin(), packet.bytes().end());
  transform.seal_rtcp(packet, 3, RtcpCover::kAuthenticOnly);
  EXPECT_TRUE(equal(packet.bytes().first(plain.size()), plain));

  const auto opened = t.receiver.unprotect_rtcp(packet.bytes());

  ASSERT_TRUE(opened.has_value());
  EXPECT_TRUE(equal(*opened, plain));
}

// RFC 3711 Appendix A: the index that is nearest to the highest so far.
TEST(EstimateIndex, IsTheNearestRound) {
  const auto estimate = [](std::uint64_t highest, std::uint16_t sequence) {
    return estimate_index(highest, SequenceNumber{sequence});
  };
  constexpr std::uint64_t kRound = 0x10000;
  EXPECT_EQ(estimate(0, 5), 5U);
  EXPECT_EQ(estimate(5 * kRound + 10, 12), 5 * kRound + 12);
  EXPECT_EQ(estimate(5 * kRound + 10, 0xfff0), 4 * kRound + 0xfff0);
  EXPECT_EQ(estimate(5 * kRound + 0xfff0, 3), 6 * kRound + 3);
  // Exactly half a round away: as it stands.
  EXPECT_EQ(estimate(5 * kRound + 0x7fff, 0xffff), 5 * kRound + 0xffff);
  EXPECT_EQ(estimate(5 * kRound + 0x7ffe, 0xffff), 4 * kRound + 0xffff);
  EXPECT_EQ(estimate(5 * kRound + 0x8000, 0), 5 * kRound);
  EXPECT_EQ(estimate(5 * kRound + 0x8001, 0), 6 * kRound);
  // There is no round before the first.
  EXPECT_EQ(estimate(10, 0xfff0), 0xfff0U);
}

}  // namespace
}  // namespace glass::rtp::test
