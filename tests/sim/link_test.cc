#include "sim/link.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/sim/toys.h"

namespace glass::sim {
namespace {

using namespace std::chrono_literals;

const Instant kStart{};

TEST(Pipe, WithoutImpairmentADatagramArrivesAtOnce) {
  Pipe pipe(1);

  const auto passage = pipe.pass(kStart + 5ms, 100);

  EXPECT_EQ(passage.dropped, "");
  EXPECT_EQ(passage.arrival, kStart + 5ms);
  EXPECT_FALSE(passage.repeat.has_value());
}

TEST(Pipe, TheRateSpacesDatagramsExactly) {
  Pipe pipe(1);
  pipe.set({.delay = 10ms, .bits_per_second = 1'000'000});

  // 1250 bytes are 10'000 bits: 10 ms each, one behind the other.
  EXPECT_EQ(pipe.pass(kStart, 1250).arrival, kStart + 20ms);
  EXPECT_EQ(pipe.pass(kStart, 1250).arrival, kStart + 30ms);
  EXPECT_EQ(pipe.pass(kStart + 5ms, 1250).arrival, kStart + 40ms);
  EXPECT_EQ(pipe.pass(kStart + 100ms, 1250).arrival, kStart + 120ms);
}

TEST(Pipe, TheRateIsNeverExceededByRounding) {
  Pipe pipe(1);
  pipe.set({.bits_per_second = 3});

  EXPECT_EQ(pipe.pass(kStart, 1).arrival, kStart + 2'666'666'667ns);
}

TEST(Pipe, TheTailOfAFullQueueIsDropped) {
  Pipe pipe(1);
  pipe.set({.bits_per_second = 8'000, .queue_bytes = 3000});  // one byte a millisecond

  EXPECT_EQ(pipe.pass(kStart, 1000).arrival, kStart + 1s);
  EXPECT_EQ(pipe.pass(kStart, 1000).arrival, kStart + 2s);
  EXPECT_EQ(pipe.pass(kStart, 1000).arrival, kStart + 3s);
  EXPECT_EQ(pipe.pass(kStart, 1).dropped, "queue full");
  EXPECT_EQ(pipe.pass(kStart + 999ms, 1).dropped, "queue full");
  EXPECT_EQ(pipe.pass(kStart + 1s, 1000).arrival, kStart + 4s);
}

TEST(Pipe, AnEmptyQueueTakesADatagramOfAnySize) {
  Pipe pipe(1);
  pipe.set({.bits_per_second = 8'000, .queue_bytes = 10});

  EXPECT_EQ(pipe.pass(kStart, 1000).arrival, kStart + 1s);
}

TEST(Pipe, TheMtuCountsHeadersOfTheFamily) {
  EXPECT_EQ(ip_packet_size(test::at_ip("192.0.2.1:1"), 1200), 1228U);
  EXPECT_EQ(ip_packet_size(test::at_ip("[2001:db8::1]:1"), 1200), 1248U);

  Pipe pipe(1);
  pipe.set({.mtu = 1228});
  EXPECT_EQ(pipe.pass(kStart, 1228).dropped, "");
  EXPECT_EQ(pipe.pass(kStart, 1229).dropped, "too big");
}

TEST(Pipe, JitterStaysInItsBoundsAndKeepsTheOrder) {
  Pipe pipe(3);
  pipe.set({.delay = 10ms, .jitter = 5ms});
  Instant latest{};
  Duration most{};
  for (int i = 0; i < 1000; ++i) {
    const Instant sent = kStart + i * 1ms;
    const Instant arrival = pipe.pass(sent, 100).arrival;
    EXPECT_GE(arrival, sent + 10ms);
    EXPECT_LE(arrival, sent + 15ms);
    EXPECT_GE(arrival, latest);
    latest = arrival;
    most = std::max(most, arrival - sent);
  }
  EXPECT_GT(most, 14ms);
}

TEST(Pipe, WhatIsHeldBackIsPassedByLaterOnes) {
  Pipe pipe(3);
  pipe.set({.delay = 10ms, .reorder = percent(20), .reorder_delay = 5ms});
  int held_back = 0;
  for (int i = 0; i < 1000; ++i) {
    const Instant sent = kStart + i * 1ms;
    const Duration took = pipe.pass(sent, 100).arrival - sent;
    EXPECT_TRUE(took == 10ms || took == 15ms);
    held_back += took == 15ms ? 1 : 0;
  }
  EXPECT_NEAR(held_back, 200, 40);
}

int lost_of(Pipe& pipe, int count) {
  int lost = 0;
  for (int i = 0; i < count; ++i) lost += pipe.pass(kStart, 100).dropped == "lost" ? 1 : 0;
  return lost;
}

TEST(Pipe, LossHasTheFrequencyItWasGivenAndTheFateOfItsSeed) {
  Pipe pipe(11);
  pipe.set({.loss = percent(30)});
  Pipe same(11);
  same.set({.loss = percent(30)});

  const int lost = lost_of(pipe, 10'000);

  EXPECT_NEAR(lost, 3000, 150);
  EXPECT_EQ(lost_of(same, 10'000), lost);
}

TEST(Pipe, NoLossAndCertainLossRollNoDice) {
  Pipe never(1);
  EXPECT_EQ(lost_of(never, 1000), 0);
  Pipe always(1);
  always.set({.loss = kAlways});
  EXPECT_EQ(lost_of(always, 1000), 1000);
}

TEST(Pipe, BurstsLoseDatagramsTogether) {
  Pipe pipe(5);
  pipe.set({
      .bursts = {.to_bad = percent(1), .to_good = percent(10)}
  });
  int lost = 0;
  int bursts = 0;
  bool before = false;
  for (int i = 0; i < 100'000; ++i) {
    const bool now = pipe.pass(kStart, 100).dropped == "lost";
    lost += now ? 1 : 0;
    bursts += now && !before ? 1 : 0;
    before = now;
  }
  // Bad for 1 / (1 + 10) of the time, and for ten datagrams at a time.
  EXPECT_NEAR(lost, 9091, 700);
  EXPECT_NEAR(static_cast<double>(lost) / bursts, 10.0, 1.0);
}

TEST(Pipe, DuplicatesHaveAnArrivalOfTheirOwn) {
  Pipe pipe(5);
  pipe.set({.delay = 1ms, .jitter = 1ms, .duplicate = percent(25)});
  int repeated = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto passage = pipe.pass(kStart + i * 10ms, 100);
    if (!passage.repeat) continue;
    ++repeated;
    EXPECT_GE(*passage.repeat, kStart + i * 10ms + 1ms);
  }
  EXPECT_NEAR(repeated, 1000, 100);
}

}  // namespace
}  // namespace glass::sim
