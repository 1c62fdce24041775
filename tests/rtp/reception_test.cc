// RFC 3550 Appendix A.1, A.3 and A.8 with scripted losses.
#include "rtp/reception.h"

#include <gtest/gtest.h>

#include "tests/support/rules.h"

namespace glass::rtp {
namespace {

using namespace std::chrono_literals;

struct Source {
  Reception reception{Ssrc{7}, 90'000, test::test_trace(Layer::kRtp)};
  Instant now{};

  // One packet every 20 ms of its own clock, on time.
  Validity receive(std::uint16_t sequence) {
    now += 20ms;
    timestamp += 1800;
    return reception.receive(now, SequenceNumber{sequence}, RtpTime{timestamp});
  }
  void receive(std::uint16_t first, std::uint16_t count) {
    for (std::uint16_t i = 0; i < count; ++i) receive(static_cast<std::uint16_t>(first + i));
  }
  std::uint32_t timestamp = 5000;
};

TEST(Reception, ASourceIsOnProbationUntilTwoPacketsAreInOrder) {
  Source t;
  EXPECT_EQ(t.receive(100), Validity::kOnProbation);
  EXPECT_RULE("3550:A.1#1");
  EXPECT_FALSE(t.reception.is_valid());
  EXPECT_EQ(t.receive(200), Validity::kOnProbation);
  EXPECT_EQ(t.receive(201), Validity::kValid);
  EXPECT_TRUE(t.reception.is_valid());
  EXPECT_EQ(t.reception.packets(), 1U);
}

TEST(Reception, NothingLostIsNothingReported) {
  Source t;
  t.receive(100, 50);
  const ReportBlock block = t.reception.report(t.now);
  EXPECT_EQ(block.ssrc, Ssrc{7});
  EXPECT_EQ(block.fraction_lost, 0);
  EXPECT_EQ(block.cumulative_lost, 0);
  EXPECT_EQ(block.highest_sequence, 149U);
  EXPECT_EQ(block.jitter, 0U);
  EXPECT_EQ(block.last_sr, 0U);
  EXPECT_RULE("3550:6.4.1#9");
}

TEST(Reception, CountsWhatIsMissingSinceTheReportBefore) {
  Source t;
  t.receive(100, 11);  // the first one was probation: counting begins at 101
  EXPECT_EQ(t.reception.report(t.now).fraction_lost, 0);
  t.receive(116, 15);  // 111 to 115 are lost: 5 of 20
  ReportBlock block = t.reception.report(t.now);
  EXPECT_EQ(block.fraction_lost, 64);
  EXPECT_EQ(block.cumulative_lost, 5);
  t.receive(131, 10);
  block = t.reception.report(t.now);
  EXPECT_EQ(block.fraction_lost, 0);
  EXPECT_EQ(block.cumulative_lost, 5);
}

TEST(Reception, LateAndRepeatedPacketsMayMakeTheLossNegative) {
  Source t;
  t.receive(100, 10);
  EXPECT_EQ(t.receive(105), Validity::kValid);
  EXPECT_EQ(t.receive(106), Validity::kValid);
  const ReportBlock block = t.reception.report(t.now);
  EXPECT_EQ(block.cumulative_lost, -2);
  EXPECT_EQ(block.fraction_lost, 0);
}

TEST(Reception, WrapsAreCounted) {
  Source t;
  t.receive(0xfff0, 32);
  EXPECT_EQ(t.reception.extended_highest(), 0x1000fU);
  EXPECT_EQ(t.receive(0xffff), Validity::kValid);
  EXPECT_EQ(t.reception.extended_highest(), 0x1000fU);
}

TEST(Reception, AJumpIsBelievedWhenTheNextPacketFollowsIt) {
  Source t;
  t.receive(100, 10);
  EXPECT_EQ(t.receive(10'000), Validity::kJumped);
  EXPECT_RULE("3550:A.1#0");
  EXPECT_EQ(t.receive(110), Validity::kValid);
  EXPECT_EQ(t.receive(20'000), Validity::kJumped);
  EXPECT_EQ(t.receive(20'001), Validity::kRestarted);
  EXPECT_EQ(t.reception.report(t.now).cumulative_lost, 0);
  EXPECT_EQ(t.reception.extended_highest(), 20'001U);
}

TEST(Reception, TheLargestGapThatIsLossAndTheLatestThatIsLate) {
  Source t;
  t.receive(100, 10);
  EXPECT_EQ(t.receive(109 + 2999), Validity::kValid);
  EXPECT_EQ(t.receive(109 + 2999 - 99), Validity::kValid);
  EXPECT_EQ(t.receive(109 + 2999 - 100), Validity::kJumped);
  EXPECT_EQ(t.receive(109 + 2999 + 3000), Validity::kJumped);
}

// Each packet comes 1 ms (90 ticks) later or earlier than the clock says, in turns: |D| is 180 each
// time but the first, and J follows by a sixteenth.
TEST(Reception, JitterFollowsTheDifferenceOfTransitTimesByASixteenth) {
  Reception reception(Ssrc{7}, 90'000, test::test_trace(Layer::kRtp));
  std::uint32_t expected = 0;
  for (std::uint16_t i = 0; i < 40; ++i) {
    const Instant now = Instant{} + i * 20ms + (i % 2 == 0 ? 2ms : 0ms);
    (void)reception.receive(now, SequenceNumber{i}, RtpTime{1800U * i});
    if (i >= 2) expected += 180 - ((expected + 8) >> 4);
    EXPECT_EQ(reception.jitter(), expected >> 4) << i;
  }
  EXPECT_GT(reception.jitter(), 150U);
}

TEST(Reception, ADayDoesNotOverflowTheClock) {
  Reception reception(Ssrc{7}, 90'000, Trace{});
  for (std::uint16_t i = 0; i < 5; ++i)
    (void)reception.receive(Instant{} + 24h * 365 + i * 20ms, SequenceNumber{i},
                            RtpTime{1800U * i});
  EXPECT_EQ(reception.jitter(), 0U);
}

TEST(Reception, AnswersTheSenderReport) {
  Source t;
  t.receive(100, 5);
  t.reception.sender_report(t.now, 0x0000123456780000);
  const ReportBlock block = t.reception.report(t.now + 1500ms);
  EXPECT_EQ(block.last_sr, 0x12345678U);
  EXPECT_EQ(block.delay_since_last_sr, 0x18000U);
}

// RFC 3550 §6.4.1, Figure 2: 6.125 s there and back.
TEST(Rfc3550Section641, RoundTripOfTheExample) {
  const ReportBlock block{.last_sr = 0xb7052000, .delay_since_last_sr = 0x00054000};
  EXPECT_EQ(round_trip(0xb7108000, block), 6125ms);
  EXPECT_EQ(round_trip(0xb7108000, ReportBlock{}), 0ms);
  EXPECT_EQ(round_trip(0xb7052000, block), 0ms);
}

TEST(ReportTime, StopsAtWhatFits) {
  EXPECT_EQ(to_report_time(1s), 0x10000U);
  EXPECT_EQ(to_report_time(500ms), 0x8000U);
  EXPECT_EQ(to_report_time(48h), UINT32_MAX);
}

}  // namespace
}  // namespace glass::rtp
