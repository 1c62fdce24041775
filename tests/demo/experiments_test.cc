// tests/demo/experiments_test.cc - what the page asks the simulator for.
#include "demo/experiments.h"

#include <string>

#include <gtest/gtest.h>

#include "demo/annotated.h"
#include "demo/embedded.h"
#include "demo/json.h"

namespace glass::demo {
namespace {

TEST(Experiments, TheMatrixHas81CellsEachWithARunThatSaysTheSame) {
  Experiments experiments;
  const auto text = experiments.matrix("seed=1&turn=0");
  ASSERT_TRUE(text.has_value());
  const auto matrix = parse_object(*text);
  ASSERT_TRUE(matrix.has_value());
  ASSERT_EQ((*matrix)["cells"].size(), 81U);
  for (const Json& cell : (*matrix)["cells"]) {
    std::string query;
    for (const auto& [key, value] : cell["run"].items())
      query += (query.empty() ? "" : "&") + key + "=" + value.get<std::string>();
    EXPECT_TRUE(parse_run_request(query).has_value()) << query;
  }
  EXPECT_EQ(*experiments.matrix("seed=1&turn=0"), *text);
  EXPECT_NE(*experiments.matrix("seed=1&turn=1"), *text);
}

TEST(Experiments, AMatrixHasFewSeeds) {
  Experiments experiments;
  for (const char* bad : {"seed=0", "seed=17", "seed=x", "colour=red"})
    EXPECT_FALSE(experiments.matrix(bad).has_value()) << bad;
}

TEST(Experiments, ADeliveryHasThreeLanesWithTheSameDarkMoments) {
  const auto text = Experiments::delivery("seed=3&loss=15");
  ASSERT_TRUE(text.has_value());
  const auto delivery = parse_object(*text);
  ASSERT_TRUE(delivery.has_value());
  const Json& lanes = (*delivery)["lanes"];
  ASSERT_EQ(lanes.size(), 3U);
  for (const Json& lane : lanes) {
    EXPECT_EQ(lane["messages"].size(), 60U);
    EXPECT_EQ(lane["dark"].size(), lanes[0]["dark"].size());
  }
  EXPECT_EQ(lanes[0]["missing"], 0);
  EXPECT_GT(lanes[2]["missing"], 0);
  EXPECT_FALSE(Experiments::delivery("loss=41").has_value());
}

// A fork is the same run until its instant, and another one after it.
TEST(Experiments, AForkPartsAtItsInstantAndNotBefore) {
  const auto notes = embedded_notes();
  const std::string before = annotated_run(*parse_run_request("seed=1"), notes);
  const std::string same = annotated_run(
      *parse_run_request("seed=1&fork=200000&fork_loss=0&fork_delay=25&fork_jitter=0"), notes);
  const std::string other =
      annotated_run(*parse_run_request("seed=1&fork=200000&fork_delay=300"), notes);
  EXPECT_EQ(before, same);
  ASSERT_NE(before, other);
  std::size_t at = 0;
  while (before[at] == other[at]) ++at;
  const std::string line =
      before.substr(before.rfind('\n', at) + 1, before.find('\n', at) - before.rfind('\n', at) - 1);
  EXPECT_GE((*parse_object(line))["t"].get<std::int64_t>(), 200'000'000) << line;
}

TEST(Experiments, EveryScenarioOfThePageCanBeCaptured) {
  const auto notes = embedded_notes();
  for (const char* query :
       {"seed=1", "scenario=attacks", "scenario=bug-1", "scenario=delivery-once"}) {
    const std::string capture = captured_run(*parse_run_request(query), notes);
    ASSERT_GT(capture.size(), 1000U) << query;
    EXPECT_EQ(capture.substr(0, 4), "\x0A\x0D\x0D\x0A") << query;
  }
}

}  // namespace
}  // namespace glass::demo
