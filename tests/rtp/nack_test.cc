// What is missing, when it is asked for, and when it is given up.
#include "rtp/nack.h"

#include <gtest/gtest.h>

#include "tests/support/rules.h"

namespace glass::rtp {
namespace {

using namespace std::chrono_literals;
using Numbers = std::vector<std::uint16_t>;

struct Receiver {
  NackGenerator nack{
      {.missing_max = 20, .reach = 100, .asks_max = 3, .age_max = 1s},
      test::test_trace(Layer::kRtp)
  };
  Instant now{};

  void receive(std::initializer_list<std::uint16_t> sequences) {
    for (const std::uint16_t sequence : sequences) nack.receive(now, SequenceNumber{sequence});
  }
  Numbers due() {
    Numbers out;
    for (const SequenceNumber sequence : nack.due(now)) out.push_back(sequence.value());
    return out;
  }
};

TEST(NackGenerator, NothingMissingIsNothingDue) {
  Receiver t;
  t.receive({10, 11, 12});
  EXPECT_EQ(t.nack.next_time(), kNever);
  EXPECT_EQ(t.due(), Numbers{});
}

TEST(NackGenerator, AGapIsAskedForAtOnceAndThenOnceARoundTrip) {
  Receiver t;
  t.nack.set_round_trip(40ms);
  t.receive({0xfffe, 1});
  EXPECT_EQ(t.nack.next_time(), t.now);
  EXPECT_EQ(t.due(), (Numbers{0xffff, 0}));
  EXPECT_RULE("4588:6.3#1");
  EXPECT_EQ(t.nack.next_time(), t.now + 40ms);
  EXPECT_EQ(t.due(), Numbers{});
  t.now += 40ms;
  EXPECT_EQ(t.due(), (Numbers{0xffff, 0}));
}

TEST(NackGenerator, WhatComesIsMissingNoMore) {
  Receiver t;
  t.receive({1, 5});
  EXPECT_EQ(t.nack.missing(), 3U);
  t.receive({3});
  EXPECT_EQ(t.due(), (Numbers{2, 4}));
  t.receive({2, 4, 4});
  EXPECT_EQ(t.nack.next_time(), kNever);
  EXPECT_FALSE(t.nack.take_key_frame_needed());
}

TEST(NackGenerator, AfterSomeAsksAKeyFrameIsBetter) {
  Receiver t;
  t.receive({1, 3});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(t.due(), Numbers{2});
    t.now += 20ms;
  }
  EXPECT_EQ(t.due(), Numbers{});
  EXPECT_RULE("4585:6.3.1#0");
  EXPECT_TRUE(t.nack.take_key_frame_needed());
  EXPECT_FALSE(t.nack.take_key_frame_needed());
}

TEST(NackGenerator, WhatIsTooOldIsGivenUp) {
  Receiver t;
  t.receive({1, 3});
  t.now += 1s + 1ns;
  EXPECT_EQ(t.due(), Numbers{});
  EXPECT_TRUE(t.nack.take_key_frame_needed());
}

TEST(NackGenerator, WhatIsTooFarBehindIsGivenUp) {
  Receiver t;
  t.receive({1, 3});
  for (std::uint16_t i = 4; i <= 103; ++i) t.receive({i});
  EXPECT_EQ(t.nack.missing(), 0U);
  EXPECT_TRUE(t.nack.take_key_frame_needed());
}

TEST(NackGenerator, ALeapIsNoGap) {
  Receiver t;
  t.receive({1, 3, 24 + 1});
  EXPECT_EQ(t.nack.missing(), 0U);
  EXPECT_TRUE(t.nack.take_key_frame_needed());
}

TEST(NackGenerator, TheOldestMakeRoom) {
  Receiver t;
  t.receive({1, 12, 24});  // ten are missing, then eleven more
  EXPECT_EQ(t.nack.missing(), 20U);
  EXPECT_EQ(t.due().front(), 3);
  EXPECT_TRUE(t.nack.take_key_frame_needed());
}

}  // namespace
}  // namespace glass::rtp
