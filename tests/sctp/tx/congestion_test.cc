// tests/sctp/tx/congestion_test.cc - the controllers by themselves, SACK by SACK.
#include "sctp/tx/congestion.h"

#include <cstdint>

#include <gtest/gtest.h>

#include "sctp/tx/cubic.h"
#include "sctp/tx/model.h"
#include "sctp/tx/slow_start.h"
#include "tests/support/rules.h"

namespace glass::sctp {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPmdcs = 1000;

Congestion::Ack full(const Congestion& c, Instant now, Duration round_trip) {
  return {.now = now,
          .bytes = kPmdcs,
          .flight_before = c.cwnd(),
          .flight_after = c.cwnd() - kPmdcs,
          .advanced = true,
          .round_trip = round_trip,
          .smoothed = round_trip};
}

// A window of 100 packets that has just been cut to 70, and is out of recovery.
struct CutCubic {
  CutCubic() : c(kPmdcs, test::test_trace(Layer::kSctp)) {
    while (c.cwnd() < 100 * kPmdcs) c.on_ack(full(c, now, 100ms));
    top = c.cwnd();
    c.on_fast_retransmit(now, Tsn{10});
    c.on_cumulative(Tsn{10});
  }
  // One window of SACKs, spread over a round trip.
  void round_trip() {
    const std::size_t packets = c.cwnd() / kPmdcs;
    for (std::size_t i = 0; i < packets; ++i) {
      now += Duration{100ms} / static_cast<Duration::rep>(packets);
      c.on_ack(full(c, now, 100ms));
    }
  }
  Cubic c;
  Instant now{};
  std::size_t top = 0;
};

TEST(Cubic, ALossTakesThreeTenths) {
  CutCubic t;

  EXPECT_EQ(t.c.cwnd(), t.top * 7 / 10);
  EXPECT_EQ(t.c.ssthresh(), t.c.cwnd());
}

// RFC 9438 §4.2: K is the cubic root of (100 - 70) / 0.4: 4.2 seconds.
TEST(Cubic, IsBackAtTheLossAfterKSecondsAndSlowestThere) {
  CutCubic t;
  const std::size_t start = t.c.cwnd();
  while (t.now - Instant{} < 2100ms) t.round_trip();
  const std::size_t half_way = t.c.cwnd();
  while (t.now - Instant{} < 4200ms) t.round_trip();
  const std::size_t back = t.c.cwnd();

  // Half of K brings seven eighths of the way: 70 + 26.
  EXPECT_GE(half_way, start + 25 * kPmdcs);
  EXPECT_LE(half_way, start + 28 * kPmdcs);
  EXPECT_GE(back, t.top - 2 * kPmdcs);
  EXPECT_LE(back, t.top + 2 * kPmdcs);
}

// RFC 9438 §4.7: a window that did not come back gives up some of what it had.
TEST(Cubic, ASecondLossBelowTheFirstAimsLower) {
  CutCubic t;
  t.round_trip();
  const std::size_t second = t.c.cwnd();
  ASSERT_LT(second, t.top);
  t.c.on_fast_retransmit(t.now, Tsn{20});
  t.c.on_cumulative(Tsn{20});
  while (t.now - Instant{} < 2s) t.round_trip();

  // W_max is 0.85 of the window; around it there is hardly any growth.
  EXPECT_LE(t.c.cwnd(), second);
}

TEST(Cubic, ATimeoutStartsFromOnePacket) {
  CutCubic t;
  t.c.on_timeout(t.now);

  EXPECT_EQ(t.c.cwnd(), kPmdcs);
  EXPECT_EQ(t.c.ssthresh(), t.top * 7 / 10 * 7 / 10);
  EXPECT_FALSE(t.c.in_fast_recovery());
}

TEST(Cubic, DoesNotGrowWhereTheWindowIsNotInUse) {
  CutCubic t;
  t.round_trip();
  const std::size_t before = t.c.cwnd();
  for (int i = 0; i < 1000; ++i) {
    t.now += 10ms;
    Congestion::Ack ack = full(t.c, t.now, 100ms);
    ack.flight_before = kPmdcs;
    t.c.on_ack(ack);
  }

  EXPECT_EQ(t.c.cwnd(), before);
  EXPECT_NO_RULE("9260:7.2.1#10");
}

// RFC 9406 §4.2: a round trip that grows by an eighth ends the doubling; five careful rounds later
// slow start is over.
TEST(SlowStart, EndsWhereTheRoundTripGrows) {
  SlowStart s(kPmdcs, test::test_trace(Layer::kSctp));
  Tsn next{100};
  bool over = false;
  const auto round = [&](Duration round_trip) {
    for (int i = 0; i < 10; ++i) {
      next = next.next();
      over = over || s.is_over({.bytes = kPmdcs,
                                .highest = next + static_cast<std::uint32_t>(-10),
                                .next = next,
                                .round_trip = round_trip});
    }
  };
  for (int i = 0; i < 5; ++i) round(80ms);
  EXPECT_EQ(s.growth({.bytes = kPmdcs}), kPmdcs);
  round(95ms);
  round(95ms);
  EXPECT_EQ(s.growth({.bytes = kPmdcs}), kPmdcs / 4);
  EXPECT_FALSE(over);
  for (int i = 0; i < 6; ++i) round(95ms);

  EXPECT_TRUE(over);
}

TEST(SlowStart, GoesOnWhereTheRoundTripFallsAgain) {
  SlowStart s(kPmdcs, test::test_trace(Layer::kSctp));
  Tsn next{100};
  const auto round = [&](Duration round_trip) {
    for (int i = 0; i < 10; ++i) {
      next = next.next();
      EXPECT_FALSE(s.is_over({.bytes = kPmdcs,
                              .highest = next + static_cast<std::uint32_t>(-10),
                              .next = next,
                              .round_trip = round_trip}));
    }
  };
  for (int i = 0; i < 5; ++i) round(80ms);
  round(95ms);
  round(95ms);
  ASSERT_EQ(s.growth({.bytes = kPmdcs}), kPmdcs / 4);
  round(80ms);
  round(80ms);

  EXPECT_EQ(s.growth({.bytes = kPmdcs}), kPmdcs);
}

// A path that carries one packet per millisecond and has a round trip of 50 ms.
struct ModelOnPath {
  ModelOnPath() : m(kPmdcs, test::test_trace(Layer::kSctp)) {}
  void packets(int count) {
    for (int i = 0; i < count; ++i) {
      now += 1ms;
      next = next.next();
      m.on_ack({.now = now,
                .bytes = kPmdcs,
                .flight_before = m.cwnd(),
                .flight_after = 40 * kPmdcs,
                .advanced = true,
                .highest = next + static_cast<std::uint32_t>(-50),
                .next = next,
                .round_trip = 50ms,
                .smoothed = 50ms});
    }
  }
  Model m;
  Instant now{};
  Tsn next{1000};
};

TEST(Model, MeasuresRateAndRoundTripAndHoldsTwiceTheirProduct) {
  ModelOnPath t;
  t.packets(2000);

  EXPECT_EQ(t.m.bandwidth(), 1'000'000u);
  EXPECT_EQ(t.m.shortest_round_trip(), 50ms);
  EXPECT_EQ(t.m.cwnd(), 2 * 50 * kPmdcs + 2 * kPmdcs);
}

TEST(Model, ALossLeavesTheWindowAsItIs) {
  ModelOnPath t;
  t.packets(2000);
  const std::size_t before = t.m.cwnd();
  t.m.on_fast_retransmit(t.now, Tsn{5000});

  EXPECT_EQ(t.m.cwnd(), before);
  EXPECT_TRUE(t.m.in_fast_recovery());
  t.m.on_cumulative(Tsn{5000});
  EXPECT_FALSE(t.m.in_fast_recovery());
}

TEST(Model, LooksBehindItsOwnQueueEveryTenSeconds) {
  ModelOnPath t;
  t.packets(2000);
  // From now on the queue is our own: no shorter round trip comes.
  bool looked = false;
  for (int i = 0; i < 11'000 && !looked; ++i) {
    t.now += 1ms;
    t.next = t.next.next();
    t.m.on_ack({.now = t.now,
                .bytes = kPmdcs,
                .flight_before = t.m.cwnd(),
                .flight_after = 60 * kPmdcs,
                .advanced = true,
                .highest = t.next + static_cast<std::uint32_t>(-60),
                .next = t.next,
                .round_trip = 60ms,
                .smoothed = 60ms});
    looked = t.m.cwnd() <= 25 * kPmdcs;
  }

  EXPECT_TRUE(looked);
}

TEST(Model, ATimeoutMeansOnePacketUntilSomethingArrives) {
  ModelOnPath t;
  t.packets(2000);
  t.m.on_timeout(t.now);
  EXPECT_EQ(t.m.cwnd(), kPmdcs);
  t.packets(1);

  EXPECT_GT(t.m.cwnd(), 50 * kPmdcs);
  EXPECT_RULE("9260:7.2.3#2");
}

TEST(MakeCongestion, SaysWhereItGoesBeyondRfc9260) {
  const Trace trace = test::test_trace(Layer::kSctp);
  (void)make_congestion(CongestionAlgorithm::kNewReno, kPmdcs, trace);
  EXPECT_NO_RULE("9260:7.2#2");
  (void)make_congestion(CongestionAlgorithm::kCubic, kPmdcs, trace);

  EXPECT_RULE("9260:7.2#2");
}

}  // namespace
}  // namespace glass::sctp
