// tests/scenarios/delivery_test.cc - the same losses, three promises.
#include "demo/scenarios/delivery.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

#include <gtest/gtest.h>

#include "tests/support/rules.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

DeliveryResult run(Delivery delivery, std::uint64_t seed = 1) {
  return deliver({.seed = seed, .delivery = delivery}, test::test_sink());
}

// Bob's application got them in the order in which they were sent.
bool is_in_order(const DeliveryResult& result) {
  return std::ranges::is_sorted(result.messages, {}, &DeliveryResult::Message::arrived);
}

TEST(Delivery, TheDarkMomentsAreTheSameForAllThree) {
  const DeliveryResult ordered = run(Delivery::kOrdered);
  ASSERT_FALSE(ordered.dark.empty());
  for (const Delivery other : {Delivery::kUnordered, Delivery::kOnce}) {
    const DeliveryResult result = run(other);
    ASSERT_EQ(result.dark.size(), ordered.dark.size());
    for (std::size_t i = 0; i < ordered.dark.size(); ++i) {
      EXPECT_EQ(result.dark[i].from - result.messages[0].sent,
                ordered.dark[i].from - ordered.messages[0].sent);
      EXPECT_EQ(result.dark[i].until - result.dark[i].from,
                ordered.dark[i].until - ordered.dark[i].from);
    }
  }
}

TEST(Delivery, ReliableChannelsBringEverythingOnce) {
  for (const Delivery delivery : {Delivery::kOrdered, Delivery::kUnordered}) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      const DeliveryFigures figures = measure(run(delivery, seed));
      EXPECT_EQ(figures.missing, 0U) << to_text(delivery) << ", seed " << seed;
      EXPECT_EQ(figures.duplicates, 0U);
    }
  }
}

TEST(Delivery, OrderIsKeptWhereItWasPromised) {
  EXPECT_TRUE(is_in_order(run(Delivery::kOrdered)));
  EXPECT_FALSE(is_in_order(run(Delivery::kUnordered)));
}

// What is sent in the dark is gone, and nothing else is.
TEST(Delivery, WithoutRetransmissionExactlyTheDarkOnesAreMissing) {
  const DeliveryResult result = run(Delivery::kOnce);
  std::size_t dark = 0;
  for (const DeliveryResult::Message& message : result.messages) {
    const bool was_dark = std::ranges::any_of(result.dark, [&](const DeliveryResult::Dark& one) {
      return one.from <= message.sent && message.sent < one.until;
    });
    dark += was_dark ? 1 : 0;
    EXPECT_EQ(message.arrived == kNever, was_dark);
    if (!was_dark) {
      EXPECT_EQ(message.arrived - message.sent, 25ms);
    }
  }
  EXPECT_GT(dark, 0U);
  EXPECT_EQ(measure(result).missing, dark);
  EXPECT_EQ(measure(result).late, 0U);
  EXPECT_RULE("3758:3.5#4");
  EXPECT_RULE("3758:3.6#2");
}

TEST(Delivery, OneLostMessageHoldsUpTheOrderedOnesBehindIt) {
  const DeliveryFigures ordered = measure(run(Delivery::kOrdered));
  const DeliveryFigures unordered = measure(run(Delivery::kUnordered));
  EXPECT_GT(ordered.stall, unordered.stall);
  EXPECT_GT(ordered.longest, unordered.longest);
}

TEST(Delivery, WithoutLossesAllThreeAreAlike) {
  for (const Delivery delivery : kDeliveries) {
    const DeliveryFigures figures =
        measure(deliver({.delivery = delivery, .loss_per_million = 0}, nullptr));
    EXPECT_EQ(figures.first, 25ms);
    EXPECT_EQ(figures.stall, 0ms);
    EXPECT_EQ(figures.missing + figures.late + figures.duplicates, 0U);
  }
}

TEST(Delivery, FiguresAreMeasuredBetweenArrivals) {
  DeliveryResult result;
  const Instant start = Instant{} + 1s;
  result.messages = {
      {.sent = start,        .arrived = start + 30ms,  .copies = 1},
      {.sent = start + 20ms, .arrived = start + 250ms, .copies = 2},
      {.sent = start + 40ms, .arrived = kNever,        .copies = 0},
      {.sent = start + 60ms, .arrived = start + 90ms,  .copies = 1},
  };
  const DeliveryFigures figures = measure(result);
  EXPECT_EQ(figures.first, 30ms);
  EXPECT_EQ(figures.stall, 40ms + 140ms);  // the waits were 60 and 160 ms
  EXPECT_EQ(figures.longest, 140ms);
  EXPECT_EQ(figures.missing, 1U);
  EXPECT_EQ(figures.late, 1U);
  EXPECT_EQ(figures.duplicates, 1U);
}

TEST(Delivery, IsFoundByTheNameOfItsScenario) {
  EXPECT_EQ(find_delivery("delivery-once"), Delivery::kOnce);
  EXPECT_EQ(find_delivery("delivery-ordered"), Delivery::kOrdered);
  EXPECT_EQ(find_delivery("delivery-"), std::nullopt);
  EXPECT_EQ(find_delivery("once"), std::nullopt);
}

}  // namespace
}  // namespace glass::demo
