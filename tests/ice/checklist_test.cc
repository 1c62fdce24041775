// tests/ice/checklist_test.cc - forming, pruning, ordering, limiting and scheduling pairs.
#include "ice/checklist.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/ice/network.h"
#include "tests/support/rules.h"

namespace glass::ice::test {
namespace {

End end(const Address& address, std::uint32_t priority, const char* foundation = "1") {
  return {address, priority, CandidateType::kHost, foundation};
}
Address remote(std::uint16_t port) { return kB.with_port(port); }

// Pairs are found by path; here all of them are of kA and UDP.
Path path_to(const Address& to) { return {Transport::kUdp, kA, to}; }

Checklist list_of(std::size_t limit = 100) {
  return Checklist(limit, glass::test::test_trace(Layer::kIce));
}

TEST(Checklist, PairsAreSortedByPriority) {
  Checklist list = list_of();
  EXPECT_TRUE(list.add(end(kA, 10), end(remote(1), 5), Role::kControlling));
  EXPECT_TRUE(list.add(end(kA, 10), end(remote(2), 7), Role::kControlling));
  EXPECT_TRUE(list.add(end(kA, 10), end(remote(3), 6), Role::kControlling));

  std::vector<std::uint16_t> order;
  for (const Pair& pair : list.pairs()) order.push_back(pair.remote.address.port);
  EXPECT_EQ(order, (std::vector<std::uint16_t>{2, 3, 1}));
  EXPECT_EQ(list.pairs()[0].priority, pair_priority(10, 7));
}

TEST(Checklist, APriorityDependsOnTheRole) {
  Checklist list = list_of();
  EXPECT_TRUE(list.add(end(kA, 10), end(kB, 5), Role::kControlling));
  list.set_role(Role::kControlled);
  EXPECT_EQ(list.pairs()[0].priority, pair_priority(5, 10));
}

TEST(Checklist, TheSamePairIsAddedOnce) {
  Checklist list = list_of();
  EXPECT_TRUE(list.add(end(kA, 10), end(kB, 5), Role::kControlling));
  EXPECT_EQ(list.add(end(kA, 9), end(kB, 5), Role::kControlling).error(), NotAdded::kRedundant);
  EXPECT_RULE("8445:6.1.2.4#0");
}

TEST(Checklist, OfEachFoundationTheBestPairWaits) {
  Checklist list = list_of();
  EXPECT_TRUE(list.add(end(kA, 10), end(remote(1), 9), Role::kControlling));
  EXPECT_TRUE(list.add(end(kA, 10), end(remote(2), 8), Role::kControlling));
  EXPECT_TRUE(list.add(end(kA, 10), end(remote(3), 7, "2"), Role::kControlling));

  EXPECT_EQ(list.pairs()[0].state, PairState::kWaiting);
  EXPECT_EQ(list.pairs()[1].state, PairState::kFrozen);
  EXPECT_EQ(list.pairs()[2].state, PairState::kWaiting);
  EXPECT_EQ(list.busy(), 2U);
  // One that comes later and is better waits as well; so does one of a foundation that works.
  EXPECT_TRUE(list.add(end(kA, 10), end(remote(4), 10), Role::kControlling));
  EXPECT_EQ(list.pairs()[0].state, PairState::kWaiting);
  list.succeed(*list.find(path_to(remote(3))));
  EXPECT_TRUE(list.add(end(kA, 10), end(remote(5), 1, "2"), Role::kControlling));
  EXPECT_EQ(list.find(path_to(remote(5)))->state, PairState::kWaiting);
  EXPECT_RULE("8838:12#0");
}

TEST(Checklist, TriggeredChecksComeFirstAndInOrder) {
  Checklist list = list_of();
  for (std::uint16_t port = 1; port <= 3; ++port)
    EXPECT_TRUE(list.add(end(kA, 10), end(remote(port), 10U - port), Role::kControlling));
  list.trigger(*list.find(path_to(remote(3))));
  list.trigger(*list.find(path_to(remote(2))));
  list.trigger(*list.find(path_to(remote(3))));

  const auto next = [&] { return list.find(list.next_to_check().value())->remote.address.port; };
  const auto check = [&](std::uint16_t port) {
    list.set_state(*list.find(path_to(remote(port))), PairState::kInProgress);
  };
  EXPECT_EQ(next(), 3);
  check(3);
  EXPECT_EQ(next(), 2);
  check(2);
  EXPECT_EQ(next(), 1);
  check(1);
  EXPECT_FALSE(list.has_work());
  EXPECT_FALSE(list.next_to_check().has_value());
}

TEST(Checklist, WhenFullAFailedPairGivesWay) {
  Checklist list = list_of(2);
  EXPECT_TRUE(list.add(end(kA, 10), end(remote(1), 9), Role::kControlling));
  EXPECT_TRUE(list.add(end(kA, 10), end(remote(2), 8), Role::kControlling));
  list.set_state(*list.find(path_to(remote(1))), PairState::kFailed);

  EXPECT_TRUE(list.add(end(kA, 10), end(remote(3), 1), Role::kControlling));

  EXPECT_EQ(list.find(path_to(remote(1))), nullptr);
  EXPECT_RULE("8838:11#3");
}

TEST(Checklist, WhenFullTheLowestPairGivesWayToAHigherOne) {
  Checklist list = list_of(2);
  EXPECT_TRUE(list.add(end(kA, 10), end(remote(1), 9), Role::kControlling));
  EXPECT_TRUE(list.add(end(kA, 10), end(remote(2), 8), Role::kControlling));

  EXPECT_EQ(list.add(end(kA, 10), end(remote(3), 1), Role::kControlling).error(),
            NotAdded::kNoRoom);
  EXPECT_RULE("8445:6.1.2.5#1");
  EXPECT_TRUE(list.add(end(kA, 10), end(remote(4), 10), Role::kControlling));
  EXPECT_EQ(list.find(path_to(remote(2))), nullptr);
  EXPECT_EQ(list.size(), 2U);
  EXPECT_RULE("8838:11#4");
}

TEST(Checklist, AfterANominationTheOtherPairsAreRetired) {
  Checklist list = list_of();
  for (std::uint16_t port = 1; port <= 3; ++port)
    EXPECT_TRUE(list.add(end(kA, 10), end(remote(port), 10U - port), Role::kControlling));
  list.find(path_to(remote(2)))->is_valid = true;
  list.trigger(*list.find(path_to(remote(3))));

  list.conclude(list.find(path_to(remote(1)))->id);

  EXPECT_EQ(list.size(), 3U);
  EXPECT_FALSE(list.has_triggered());
  EXPECT_FALSE(list.find(path_to(remote(1)))->is_retired);
  EXPECT_TRUE(list.find(path_to(remote(3)))->is_retired);
  EXPECT_TRUE(list.find(path_to(remote(2)))->is_retired);
}

}  // namespace
}  // namespace glass::ice::test
