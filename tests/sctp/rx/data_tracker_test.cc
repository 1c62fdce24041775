// tests/sctp/rx/data_tracker_test.cc - the books of TSNs against a set that remembers everything.
#include "sctp/rx/data_tracker.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/support/rules.h"

namespace glass::sctp {
namespace {

std::vector<std::pair<int, int>> pairs(std::span<const GapBlock> gaps) {
  std::vector<std::pair<int, int>> out;
  for (const GapBlock& gap : gaps) out.emplace_back(gap.start, gap.end);
  return out;
}

// What a SACK has to say, worked out from scratch.
struct Model {
  std::uint32_t cumulative = 0;  // distance from the first TSN, which is 1
  std::set<std::uint32_t> seen;

  void settle() {
    while (seen.contains(cumulative + 1)) ++cumulative;
  }
  [[nodiscard]] std::vector<std::pair<int, int>> gaps() const {
    std::vector<std::pair<int, int>> out;
    for (const std::uint32_t tsn : seen) {
      if (tsn <= cumulative) continue;
      const int offset = static_cast<int>(tsn - cumulative);
      if (!out.empty() && out.back().second == offset - 1) {
        out.back().second = offset;
      } else {
        out.emplace_back(offset, offset);
      }
    }
    return out;
  }
};

TEST(DataTracker, AgreesWithASetOverManySeeds) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SeededRandom random(seed);
    const Tsn first{seed % 2 == 0 ? 0xffffff00U : random.u32()};  // across the wrap as well
    DataTracker tracker(test::test_trace(Layer::kSctp));
    tracker.reset(first);
    Model model;
    for (int step = 0; step < 600; ++step) {
      const std::uint32_t number =
          model.cumulative + random.below(60) + (random.below(8) == 0 ? 0 : 1);
      if (random.below(50) == 0) {
        const std::uint32_t to = model.cumulative + random.below(10);
        const bool is_new = tracker.skip_to(first + (to - 1));
        EXPECT_EQ(is_new, to > model.cumulative);
        for (std::uint32_t i = model.cumulative + 1; i <= to; ++i) model.seen.insert(i);
      } else if (number > 0) {
        const bool is_new = number > model.cumulative && !model.seen.contains(number);
        ASSERT_EQ(tracker.receive(first + (number - 1)),
                  is_new ? Arrival::kNew : Arrival::kDuplicate);
        if (is_new) model.seen.insert(number);
      }
      model.settle();
      ASSERT_EQ(tracker.cumulative(), first + (model.cumulative - 1)) << "seed " << seed;
      ASSERT_EQ(pairs(tracker.gaps(1000)), model.gaps()) << "seed " << seed;
      if (tracker.duplicates().size() >= 20) tracker.sack_sent();
    }
  }
}

TEST(DataTracker, RemembersSoManyGapsAndNoMore) {
  DataTracker tracker(test::test_trace(Layer::kSctp));
  tracker.reset(Tsn{1});
  for (std::uint32_t i = 0; i < DataTracker::kMaxRanges; ++i)
    EXPECT_EQ(tracker.receive(Tsn{3 + 2 * i}), Arrival::kNew);
  const Tsn next{3 + 2 * static_cast<std::uint32_t>(DataTracker::kMaxRanges)};
  EXPECT_EQ(tracker.receive(next), Arrival::kOutOfReach);
  EXPECT_EQ(tracker.receive(next - 1), Arrival::kNew) << "it joins a range";
  EXPECT_EQ(tracker.receive(Tsn{4}), Arrival::kNew) << "it joins two";
  EXPECT_EQ(tracker.receive(Tsn{1}), Arrival::kNew) << "it moves the cumulative point";
}

TEST(DataTracker, DuplicatesAreReportedOnceAndUpToALimit) {
  DataTracker tracker(test::test_trace(Layer::kSctp));
  tracker.reset(Tsn{1});
  tracker.receive(Tsn{1});
  for (int i = 0; i < 100; ++i) tracker.receive(Tsn{1});
  EXPECT_EQ(tracker.duplicates().size(), DataTracker::kMaxDuplicates);
  tracker.sack_sent();
  EXPECT_TRUE(tracker.duplicates().empty());
}

TEST(DataTracker, FarAheadIsOutOfReach) {
  DataTracker tracker(test::test_trace(Layer::kSctp));
  tracker.reset(Tsn{1});
  EXPECT_EQ(tracker.receive(Tsn{DataTracker::kMaxAhead}), Arrival::kNew);
  EXPECT_EQ(tracker.receive(Tsn{DataTracker::kMaxAhead + 1}), Arrival::kOutOfReach);
  EXPECT_EQ(pairs(tracker.gaps(10)), (std::vector<std::pair<int, int>>{
                                         {65535, 65535}
  }));
}

}  // namespace
}  // namespace glass::sctp
