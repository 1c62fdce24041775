// When RTCP is sent: intervals, reconsideration, and feedback before its turn.
#include "rtp/report_timer.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/support/rules.h"

namespace glass::rtp {
namespace {

using namespace std::chrono_literals;

// Always the middle of every range, so that instants are known.
class MiddleRandom final : public Random {
 public:
  void fill(MutableBytes out) override {
    std::ranges::fill(out, std::uint8_t{0});
    if (!out.empty()) out.front() = 0x80;
  }
};

// 1000 bytes a second, packets of 100, a sender among two: 200 ms, divided by e - 1.5.
constexpr Duration kInterval = 164165873ns;

struct Timer {
  explicit Timer(ReportTimerConfig config = {.rtcp_bits_per_second = 8000})
      : timer(config, random, test::test_trace(Layer::kRtp)) {
    timer.start(now);
  }
  ReportDue at_next() {
    now = timer.next_time();
    return timer.on_time(now);
  }
  MiddleRandom random;
  Instant now{};
  ReportTimer timer;
};

TEST(ReportTimer, TheFirstReportWaitsForAnInterval) {
  Timer t;
  EXPECT_RULE("3550:6.2#12");
  EXPECT_EQ(t.timer.next_time(), Instant{} + kInterval);
  EXPECT_EQ(t.timer.on_time(t.timer.next_time() - 1ns), ReportDue::kNothing);
  EXPECT_EQ(t.at_next(), ReportDue::kRegular);
  EXPECT_RULE("4585:3.5.3#1");
  EXPECT_RULE("4585:3.5.3#17");
  EXPECT_EQ(t.timer.next_time(), t.now + kInterval);
}

TEST(ReportTimer, IntervalsAreRandom) {
  SeededRandom dice(1);
  ReportTimer timer({.rtcp_bits_per_second = 8000}, dice, test::test_trace(Layer::kRtp));
  timer.start(Instant{});
  Instant before{};
  Duration least = 1h;
  Duration most{};
  for (int i = 0; i < 500; ++i) {
    Instant now = timer.next_time();
    while (timer.on_time(now) == ReportDue::kNothing) now = timer.next_time();
    if (i > 0) least = std::min(least, now - before);
    if (i > 0) most = std::max(most, now - before);
    before = now;
  }
  EXPECT_RULE("3550:6.3#3");
  EXPECT_GE(least, kInterval / 2);
  EXPECT_LT(least, kInterval);
  EXPECT_GT(most, kInterval);
  EXPECT_LE(most, kInterval * 3 / 2 + 1ns);
}

TEST(ReportTimer, MoreMembersSinceMeansThinkingAgain) {
  Timer t;
  t.timer.set_members({.all = 20, .senders = 10, .we_send = true});

  EXPECT_EQ(t.at_next(), ReportDue::kNothing);

  EXPECT_RULE("3550:6.3.6#0");
  EXPECT_EQ(t.timer.next_time(), Instant{} + 1641658731ns);
  EXPECT_EQ(t.at_next(), ReportDue::kRegular);
}

// A quarter of the bandwidth for few senders, the rest for those who listen.
TEST(ReportTimer, FewSendersShareAQuarter) {
  Timer sender;
  sender.timer.set_members({.all = 40, .senders = 2, .we_send = true});
  (void)sender.at_next();
  EXPECT_EQ(sender.at_next(), ReportDue::kRegular);  // one second at first: more than two members
  Timer receiver;
  receiver.timer.set_members({.all = 40, .senders = 2, .we_send = false});
  (void)receiver.at_next();
  (void)receiver.at_next();
  EXPECT_GT(receiver.now, sender.now);
}

TEST(ReportTimer, SizesAreAveraged) {
  Timer t;
  t.timer.sent(260);
  EXPECT_DOUBLE_EQ(t.timer.average_size(), 110.0);
  t.timer.received(110);
  EXPECT_DOUBLE_EQ(t.timer.average_size(), 110.0);
}

TEST(ReportTimer, FeedbackBetweenTwoGoesAtOnce) {
  Timer t;
  (void)t.at_next();
  const Instant regular = t.timer.next_time();
  const Instant asked = t.now + 10ms;

  EXPECT_EQ(t.timer.request_feedback(asked), FeedbackPlan::kEarly);
  EXPECT_RULE("4585:3.5.2#12");
  EXPECT_EQ(t.timer.next_time(), asked);
  EXPECT_EQ(t.timer.request_feedback(asked), FeedbackPlan::kEarly);
  EXPECT_RULE("4585:3.5.2#1");
  EXPECT_EQ(t.timer.on_time(asked), ReportDue::kEarly);

  // It takes the place of the regular packet that would have been next.
  EXPECT_RULE("4585:3.5.2#21");
  EXPECT_FALSE(t.timer.may_be_early());
  EXPECT_EQ(t.timer.next_time(), regular + kInterval);
}

TEST(ReportTimer, ASecondOneWaitsForTheReportOrIsDropped) {
  Timer t;
  (void)t.at_next();
  ASSERT_EQ(t.timer.request_feedback(t.now), FeedbackPlan::kEarly);
  ASSERT_EQ(t.timer.on_time(t.now), ReportDue::kEarly);

  EXPECT_EQ(t.timer.request_feedback(t.now + 1ms), FeedbackPlan::kWithReport);
  EXPECT_RULE("4585:3.5.2#9");
  EXPECT_EQ(t.at_next(), ReportDue::kRegular);
  EXPECT_TRUE(t.timer.may_be_early());

  Timer slow({.rtcp_bits_per_second = 80, .feedback_delay_max = 1s});
  (void)slow.at_next();
  ASSERT_EQ(slow.timer.request_feedback(slow.now), FeedbackPlan::kEarly);
  ASSERT_EQ(slow.timer.on_time(slow.now), ReportDue::kEarly);
  EXPECT_EQ(slow.timer.request_feedback(slow.now), FeedbackPlan::kTooLate);
  EXPECT_RULE("4585:3.5.2#11");
}

TEST(ReportTimer, AmongManyFeedbackWaitsForARandomTime) {
  Timer t;
  t.timer.set_members({.all = 10, .senders = 5, .we_send = true});
  while (t.at_next() != ReportDue::kRegular) {
  }

  EXPECT_EQ(t.timer.request_feedback(t.now), FeedbackPlan::kEarly);
  EXPECT_EQ(t.timer.next_time(), t.now + 205207341ns);
  ASSERT_EQ(t.at_next(), ReportDue::kEarly);

  // Shortly before the regular one there is nothing to gain.
  EXPECT_EQ(t.timer.request_feedback(t.timer.next_time() - 1ms), FeedbackPlan::kWithReport);
  EXPECT_RULE("4585:3.5.2#7");
}

TEST(ReportTimer, RegularReportsCanBeMadeRareWithoutFeedback) {
  Timer t({.rtcp_bits_per_second = 8000, .regular_interval_min = 1s});
  EXPECT_EQ(t.at_next(), ReportDue::kRegular);
  EXPECT_EQ(t.at_next(), ReportDue::kNothing);
  EXPECT_RULE("4585:3.5.3#16");

  ASSERT_EQ(t.timer.request_feedback(t.now), FeedbackPlan::kEarly);
  ASSERT_EQ(t.timer.on_time(t.now), ReportDue::kEarly);
  ASSERT_EQ(t.timer.request_feedback(t.now), FeedbackPlan::kWithReport);
  EXPECT_EQ(t.at_next(), ReportDue::kFeedback);
  EXPECT_RULE("4585:3.5.3#14");
  ReportDue due = ReportDue::kNothing;
  while (due == ReportDue::kNothing) due = t.at_next();
  EXPECT_EQ(due, ReportDue::kRegular);
  EXPECT_GE(t.now, Instant{} + 1s);
}

}  // namespace
}  // namespace glass::rtp
