// tests/demo/first_light_test.cc - the scenario of `glass run first-light`.
#include "demo/scenarios/first_light.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "explain/sinks/ndjson.h"
#include "explain/sinks/out.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

std::string trace_of(const FirstLightOptions& options, FirstLightResult& result) {
  std::string text;
  explain::Ndjson sink({}, explain::to_string(text));
  result = first_light(options, sink);
  return text;
}

TEST(FirstLight, BothMessagesAndTheFileArriveWithinASecond) {
  FirstLightResult result;
  trace_of({}, result);

  EXPECT_TRUE(result.done) << result.failure;
  EXPECT_LT(result.ended, Instant{} + 1s);
  EXPECT_LT(result.connected, result.greeted);
  EXPECT_LT(result.greeted, result.ended);
  EXPECT_EQ(result.sha256.size(), 64U);
}

TEST(FirstLight, TheSameSeedGivesTheSameBytes) {
  FirstLightResult result;
  const std::string first = trace_of({.seed = 7}, result);

  EXPECT_EQ(first, trace_of({.seed = 7}, result));
  EXPECT_NE(first, trace_of({.seed = 8}, result));
}

TEST(FirstLight, TwoHundredBadNetworksDeliver) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    explain::Ndjson sink({}, [](std::string_view) {});
    const FirstLightResult result = first_light(
        {.seed = seed, .loss_per_million = 50'000, .jitter = 20ms, .reorder_per_million = 50'000},
        sink);
    EXPECT_TRUE(result.done) << "seed " << seed << ": " << result.failure;
  }
}

TEST(FirstLight, ATenthOfTheDatagramsMayBeLost) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    FirstLightResult result;
    trace_of({.seed = seed, .loss_per_million = 100'000}, result);
    EXPECT_TRUE(result.done) << "seed " << seed << ": " << result.failure;
  }
}

}  // namespace
}  // namespace glass::demo
