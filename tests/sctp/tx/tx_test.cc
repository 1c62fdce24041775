// tests/sctp/tx/tx_test.cc - the sending half in its parts: RTO, congestion, scheduler, queue.
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "sctp/tx/congestion.h"
#include "sctp/tx/new_reno.h"
#include "sctp/tx/outstanding.h"
#include "sctp/tx/rto.h"
#include "sctp/tx/scheduler.h"
#include "sctp/tx/send_queue.h"
#include "tests/support/rules.h"

namespace glass::sctp {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

constexpr std::size_t kPmdcs = 1148;

TEST(Rto, FollowsTheFormulasAndItsBounds) {
  Rto rto({}, test::test_trace(Layer::kSctp));
  EXPECT_EQ(rto.value(), 1s);
  rto.measure(800ms);  // SRTT 800, RTTVAR 400
  EXPECT_EQ(rto.value(), 2400ms);
  rto.measure(800ms);  // RTTVAR 300
  EXPECT_EQ(rto.value(), 2000ms);
  EXPECT_EQ(rto.smoothed(), 800ms);
  rto.measure(1600ms);  // RTTVAR 300 + (800 - 300) / 4 = 425, SRTT 900
  EXPECT_EQ(rto.smoothed(), 900ms);
  EXPECT_EQ(rto.value(), 2600ms);
  for (int i = 0; i < 10; ++i) rto.back_off();
  EXPECT_EQ(rto.value(), 60s);
  rto.reset();
  rto.measure(1ms);
  EXPECT_EQ(rto.value(), 1s);
  EXPECT_RULE("9260:6.3.1#0");
}

TEST(NewReno, SlowStartGrowsOnlyWhenFull) {
  NewReno c(kPmdcs, test::test_trace(Layer::kSctp));
  EXPECT_EQ(c.cwnd(), 4344u);
  c.on_ack({.bytes = kPmdcs, .flight_before = 2000, .flight_after = 0, .advanced = true});
  EXPECT_EQ(c.cwnd(), 4344u);
  c.on_ack({.bytes = 3 * kPmdcs, .flight_before = 4400, .flight_after = 0, .advanced = true});
  EXPECT_EQ(c.cwnd(), 4344u + kPmdcs);
  c.on_ack({.bytes = 100, .flight_before = 6000, .flight_after = 0, .advanced = true});
  EXPECT_EQ(c.cwnd(), 4344u + kPmdcs + 100);
  EXPECT_RULE("9260:7.2.1#7");
}

TEST(NewReno, ALossHalvesOnceUntilItIsRepaired) {
  NewReno c(kPmdcs, test::test_trace(Layer::kSctp));
  while (c.cwnd() < 40 * kPmdcs)
    c.on_ack({.bytes = kPmdcs, .flight_before = c.cwnd(), .flight_after = 0, .advanced = true});
  const std::size_t before = c.cwnd();
  c.on_fast_retransmit(Instant{}, Tsn{100});
  EXPECT_EQ(c.cwnd(), before / 2);
  c.on_fast_retransmit(Instant{}, Tsn{120});
  EXPECT_EQ(c.cwnd(), before / 2);
  EXPECT_RULE("9260:7.2.4#5");
  c.on_cumulative(Tsn{99});
  EXPECT_TRUE(c.in_fast_recovery());
  c.on_cumulative(Tsn{100});
  EXPECT_FALSE(c.in_fast_recovery());

  // The last step of slow start, and then congestion avoidance: one PMDCS per window.
  c.on_ack({.bytes = kPmdcs, .flight_before = c.cwnd(), .flight_after = 0, .advanced = true});
  std::size_t acked = 0;
  const std::size_t start = c.cwnd();
  while (acked <= start) {
    c.on_ack({.bytes = kPmdcs, .flight_before = c.cwnd(), .flight_after = 0, .advanced = true});
    acked += kPmdcs;
  }
  EXPECT_EQ(c.cwnd(), start + kPmdcs);
  EXPECT_RULE("9260:7.2.2#3");
  EXPECT_RULE("9260:7.2.3#1");
}

TEST(NewReno, ATimeoutStartsFromOnePacket) {
  NewReno c(kPmdcs, test::test_trace(Layer::kSctp));
  c.on_timeout(Instant{});
  EXPECT_EQ(c.cwnd(), kPmdcs);
  EXPECT_EQ(c.ssthresh(), 4 * kPmdcs);
  EXPECT_RULE("9260:7.2.3#2");
}

TEST(Scheduler, SharesByWeight) {
  Scheduler scheduler;
  std::map<std::uint16_t, std::uint64_t> finish;
  std::map<std::uint16_t, int> turns;
  const std::map<std::uint16_t, std::uint16_t> weights{
      {1, 128},
      {2, 256},
      {3, 512}
  };
  for (const auto& [stream, weight] : weights)
    scheduler.add({.stream = StreamId{stream}, .size = 1000, .priority = weight}, finish[stream]);
  for (int i = 0; i < 700; ++i) {
    const StreamId stream = *scheduler.take();
    ++turns[stream.value()];
    scheduler.add({.stream = stream, .size = 1000, .priority = weights.at(stream.value())},
                  finish[stream.value()]);
  }
  EXPECT_NEAR(turns[1], 100, 2);
  EXPECT_NEAR(turns[2], 200, 2);
  EXPECT_NEAR(turns[3], 400, 2);
}

TEST(Scheduler, ALongMessageDoesNotStarveShortOnes) {
  Scheduler scheduler;
  std::uint64_t big = 0;
  std::uint64_t small = 0;
  scheduler.add({.stream = StreamId{1}, .size = 1'000'000}, big);
  scheduler.add({.stream = StreamId{2}, .size = 100}, small);
  EXPECT_EQ(scheduler.take(), StreamId{2});
  scheduler.add({.stream = StreamId{2}, .size = 100}, small);
  EXPECT_EQ(scheduler.take(), StreamId{2});
}

struct Queue {
  Queue()
      : inbox(blocks),
        queue({.fragment_size = 100, .limit = 100'000}, blocks, inbox,
              test::test_trace(Layer::kSctp)),
        sent(queue, blocks, test::test_trace(Layer::kSctp)) {
    sent.reset(Tsn{1000});
    sent.allow_abandoning(true);
  }
  void push(std::uint16_t stream, std::size_t size, Reliability reliability = {},
            Order order = Order::kOrdered) {
    ASSERT_TRUE(queue.push(now,
                           {.stream = StreamId{stream}, .order = order, .reliability = reliability},
                           ByteVector(size, 1)));
  }
  // Gives TSNs to all that waits; how many.
  std::size_t send_all() {
    std::size_t count = 0;
    for (; queue.next_size(now); ++count) (void)sent.send(now, queue.pop());
    return count;
  }
  SackOutcome sack(std::uint32_t count, std::vector<GapBlock> gaps = {}, bool in_recovery = false) {
    bytes.clear();
    Writer out(bytes);
    write(out,
          SackContent{.cumulative = Tsn{999 + count}, .a_rwnd = 1, .gaps = gaps, .duplicates = {}});
    Reader in(bytes);
    ChunkWalk walk(in);
    auto raw = walk.next();
    return sent.on_sack(now, *parse_sack(*raw), in_recovery);
  }
  Blocks blocks;
  Inbox inbox;
  SendQueue queue;
  Outstanding sent;
  Instant now{};
  ByteVector bytes;
};

TEST(SendQueue, CutsMessagesAndNumbersThemPerStream) {
  Queue t;
  t.push(1, 250);
  t.push(1, 10, {}, Order::kUnordered);
  t.push(1, 10);
  std::vector<std::string> seen;
  while (const auto size = t.queue.next_size(t.now)) {
    const Fragment fragment = t.queue.pop();
    seen.push_back(std::to_string(*size) + (fragment.begin ? "B" : "") + (fragment.end ? "E" : "") +
                   (fragment.unordered ? "U" : std::to_string(fragment.ssn.value())));
  }
  EXPECT_THAT(seen, ElementsAre("100B0", "1000", "50E0", "10BEU", "10BE1"));
  EXPECT_TRUE(t.queue.empty());
  EXPECT_EQ(t.queue.buffered(StreamId{1}), 0u);
}

TEST(SendQueue, ExpiredMessagesNeverGetATsn) {
  Queue t;
  t.push(1, 10, {.lifetime = 50ms});
  t.push(1, 20);
  t.now += 50ms;
  EXPECT_EQ(t.queue.next_size(t.now), 20u);
  EXPECT_EQ(t.queue.pop().ssn, Ssn{0});
  EXPECT_RULE("3758:4.1#4");
}

TEST(Outstanding, ReturnsEveryBlock) {
  Queue t;
  for (int i = 0; i < 20; ++i) t.push(static_cast<std::uint16_t>(i % 3), 150);
  EXPECT_EQ(t.send_all(), 40u);
  (void)t.sack(10, {
                       {2, 5},
                       {7, 9}
  });
  (void)t.sack(25);
  (void)t.sack(40);
  EXPECT_TRUE(t.sent.empty());
  EXPECT_EQ(t.sent.flight(), 0u);
  EXPECT_EQ(t.blocks.in_use(), 0u);
  EXPECT_TRUE(t.queue.is_idle(StreamId{0}));
}

TEST(Outstanding, SacksInAnyOrderAgreeWithAModel) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SeededRandom random(seed);
    Queue t;
    for (int i = 0; i < 60; ++i) t.push(1, 50);
    ASSERT_EQ(t.send_all(), 60u);
    std::vector<bool> acked(60);
    std::uint32_t cumulative = 0;
    for (int step = 0; step < 40; ++step) {
      // The receiver gets some more, and sometimes takes something back.
      for (int i = 0; i < 4; ++i) {
        const std::uint32_t tsn = cumulative + random.below(20);
        if (tsn < 60) acked[tsn] = random.below(10) != 0 || tsn < cumulative;
      }
      while (cumulative < 60 && acked[cumulative]) ++cumulative;
      std::vector<GapBlock> gaps;
      std::size_t under_way = 0;
      for (std::uint32_t i = cumulative; i < 60; ++i) {
        if (!acked[i]) {
          ++under_way;
          continue;
        }
        const auto offset = static_cast<std::uint16_t>(i - cumulative + 1);
        if (!gaps.empty() && gaps.back().end + 1 == offset) {
          gaps.back().end = offset;
        } else {
          gaps.push_back({offset, offset});
        }
      }
      (void)t.sack(cumulative, gaps);
      while (t.sent.next_lost_size(t.now)) (void)t.sent.retransmit(Instant{});
      ASSERT_EQ(t.sent.flight(), under_way * (16 + 52)) << "seed " << seed << " step " << step;
      ASSERT_EQ(t.sent.flight_payload(), under_way * 50);
    }
  }
}

TEST(Outstanding, AThirdReportLosesAndTheHighestNewlyAckedBoundsIt) {
  Queue t;
  for (int i = 0; i < 10; ++i) t.push(1, 50);
  (void)t.send_all();
  EXPECT_FALSE(t.sack(0,
                      {
                          {2, 2}
  })
                   .fast_retransmit);
  EXPECT_FALSE(t.sack(0,
                      {
                          {2, 2}
  })
                   .fast_retransmit)
      << "nothing newly acknowledged: no report";
  EXPECT_FALSE(t.sack(0,
                      {
                          {2, 2},
                          {4, 4}
  })
                   .fast_retransmit);
  EXPECT_TRUE(t.sack(0,
                     {
                         {2, 2},
                         {4, 5}
  })
                  .fast_retransmit);
  EXPECT_EQ(t.sent.next_lost_size(t.now), 50u);
  EXPECT_EQ(t.sent.retransmit(Instant{}).tsn, Tsn{1000});
  EXPECT_EQ(t.sent.next_lost_size(t.now), std::nullopt) << "TSN 1002 has two reports";
}

TEST(Outstanding, GivesUpWholeMessagesAndGivesTheirEndATsn) {
  Queue t;
  t.push(1, 350, {.max_retransmits = 0});
  t.push(1, 50);
  for (int i = 0; i < 2; ++i) {
    (void)t.queue.next_size(t.now);
    (void)t.sent.send(t.now, t.queue.pop());
  }
  t.sent.lose_all();
  EXPECT_EQ(t.sent.next_lost_size(t.now), std::nullopt);
  EXPECT_TRUE(t.sent.advance_ack_point());
  EXPECT_EQ(t.sent.ack_point(), Tsn{1002}) << "two that were sent, and the end of the message";
  const auto skipped = t.sent.skipped(10);
  ASSERT_EQ(skipped.size(), 1u);
  EXPECT_EQ(skipped[0], (SkippedStream{StreamId{1}, Ssn{0}}));
  (void)t.queue.next_size(t.now);
  const DataChunk next = t.sent.send(t.now, t.queue.pop());
  EXPECT_EQ(next.tsn, Tsn{1003});
  EXPECT_EQ(next.ssn, Ssn{1});
  (void)t.sack(4);
  EXPECT_EQ(t.blocks.in_use(), 0u);
  EXPECT_RULE("7496:3.1#1");
  EXPECT_RULE("3758:3.5#4");
}

TEST(Outstanding, AForwardTsnNamesNoMoreStreamsThanFit) {
  Queue t;
  for (std::uint16_t i = 0; i < 5; ++i) t.push(i, 50, {.max_retransmits = 0});
  (void)t.send_all();
  t.sent.lose_all();
  (void)t.sent.next_lost_size(t.now);
  EXPECT_TRUE(t.sent.advance_ack_point());
  EXPECT_EQ(t.sent.skipped(3).size(), 3u);
  EXPECT_EQ(t.sent.ack_point(), Tsn{1002});
  EXPECT_RULE("3758:3.5#13");
}

TEST(Outstanding, KarnsAlgorithm) {
  Queue t;
  t.push(1, 50);
  t.push(1, 50);
  (void)t.send_all();
  t.now += 30ms;
  EXPECT_EQ(t.sack(1).round_trip, 30ms);
  t.push(1, 50);
  (void)t.send_all();
  t.sent.lose_all();
  while (t.sent.next_lost_size(t.now)) (void)t.sent.retransmit(Instant{});
  EXPECT_EQ(t.sack(3).round_trip, std::nullopt);

  t.push(1, 50);
  t.push(1, 50);
  (void)t.send_all();
  (void)t.sack(3, {
                      {2, 2}
  });
  EXPECT_RULE("9260:6.7#4");
}

TEST(Outstanding, WhatWasUnderWayBeforeARetransmissionIsNoMissOfIt) {
  Queue t;
  for (int i = 0; i < 8; ++i) t.push(1, 50);
  (void)t.send_all();
  t.now += 30ms;
  (void)t.sack(1);
  t.now += 1s;
  t.sent.lose_all();
  (void)t.sent.next_lost_size(t.now);
  (void)t.sent.retransmit(t.now);  // 1001
  for (std::uint16_t arrived = 3; arrived <= 6; ++arrived)
    EXPECT_FALSE(t.sack(1,
                        {
                            {3, arrived}
    })
                     .fast_retransmit)
        << "1001 has not been given a round trip";
}

TEST(Outstanding, ARetransmissionThatIsLostAgainIsMissedByThoseAfterIt) {
  Queue t;
  for (int i = 0; i < 8; ++i) t.push(1, 50);
  (void)t.send_all();
  t.now += 30ms;
  (void)t.sack(1);
  t.now += 1s;
  t.sent.lose_all();
  while (t.sent.next_lost_size(t.now)) (void)t.sent.retransmit(t.now);
  t.now += 30ms;
  EXPECT_FALSE(t.sack(1,
                      {
                          {2, 2}
  })
                   .fast_retransmit);
  EXPECT_FALSE(t.sack(1,
                      {
                          {2, 3}
  })
                   .fast_retransmit);
  EXPECT_TRUE(t.sack(1,
                     {
                         {2, 4}
  })
                  .fast_retransmit);
  EXPECT_RULE("9260:7.2.4#2");
}

TEST(Outstanding, WhatAFullSackHadNoRoomForSaysNothingOfWhenItArrived) {
  constexpr std::uint16_t kGaps = 100;
  Queue t;
  for (int i = 0; i < 3 * kGaps; ++i) t.push(1, 10);
  (void)t.send_all();
  t.now += 30ms;
  std::vector<GapBlock> every_second;
  for (std::uint16_t i = 0; i < kGaps; ++i)
    every_second.push_back(
        {static_cast<std::uint16_t>(2 * i + 2), static_cast<std::uint16_t>(2 * i + 2)});
  (void)t.sack(0, every_second);
  t.now += 1s;
  t.sent.lose_all();
  while (t.sent.next_lost_size(t.now)) (void)t.sent.retransmit(t.now);
  t.now += 30ms;
  for (std::uint16_t more = 1; more <= 4; ++more) {
    every_second.back().end = static_cast<std::uint16_t>(2 * kGaps + more);
    EXPECT_FALSE(t.sack(0, every_second).fast_retransmit);
  }
}

TEST(Outstanding, ARetransmissionSpoilsTheMeasurementAboveIt) {
  Queue t;
  for (int i = 0; i < 6; ++i) t.push(1, 50);
  (void)t.send_all();  // 1000 is being timed
  (void)t.sack(1, {
                      {2, 2}
  });
  t.push(1, 50);
  (void)t.send_all();  // 1006 is being timed now
  (void)t.sack(1, {
                      {2, 3}
  });
  EXPECT_TRUE(t.sack(1,
                     {
                         {2, 4}
  })
                  .fast_retransmit);
  (void)t.sent.next_lost_size(t.now);
  (void)t.sent.retransmit(Instant{});
  t.now += 10ms;
  EXPECT_EQ(t.sack(7).round_trip, std::nullopt);
  EXPECT_RULE("9260:6.3.1#4");
}

}  // namespace
}  // namespace glass::sctp
