// tests/ice/agent_test.cc - two agents find each other.
#include "ice/agent.h"

#include <gtest/gtest.h>

#include "tests/ice/network.h"
#include "tests/support/rules.h"

namespace glass::ice::test {
namespace {

TEST(Agent, TwoAgentsConnectAndAgreeOnThePair) {
  Pairing pairing;

  ASSERT_TRUE(pairing.connect());

  EXPECT_EQ(pairing.left->agent.selected(), (Path{Transport::kUdp, kA, kB}));
  EXPECT_EQ(pairing.right->agent.selected(), (Path{Transport::kUdp, kB, kA}));
  EXPECT_EQ(pairing.left->agent.role(), Role::kControlling);
  EXPECT_EQ(pairing.left->agent.round_trip(), 20ms);
  // 0 ms: both ask. 20 ms: answered, connected. 50 ms: Ta over, the nomination leaves.
  EXPECT_EQ(pairing.left->entered(State::kConnected), when(20ms));
  EXPECT_EQ(pairing.left->entered(State::kCompleted), when(70ms));
  EXPECT_EQ(pairing.right->entered(State::kCompleted), when(60ms));
  EXPECT_RULE("8445:6.1.1#1");
  EXPECT_RULE("8445:6.1.2.1#0");
  EXPECT_RULE("8445:6.1.2.3#0");
  EXPECT_RULE("8445:7.2.4#0");
  EXPECT_RULE("8445:7.3#3");
  EXPECT_RULE("8445:7.2.5.3#0");
  EXPECT_RULE("8445:7.2.5.3.2#0");
  EXPECT_RULE("8445:7.2.5.3.4#0");
  EXPECT_RULE("8445:7.1.2#1");
  EXPECT_RULE("8445:7.1.3#1");
  EXPECT_RULE("8445:7.1.3#2");
  EXPECT_RULE("8445:7.2.2#1");
  EXPECT_RULE("8489:9.1.2#2");
  EXPECT_RULE("8445:7.2.5.2.1#1");
  EXPECT_RULE("8445:8.1.1#2");
  EXPECT_RULE("8445:7.3.1.5#0");
  EXPECT_RULE("8445:8.1.2#0");
  EXPECT_RULE("8445:8.1.2#1");
  EXPECT_RULE("8445:12.1#1");
  EXPECT_RULE("8445:12.1#2");
  EXPECT_RULE("8445:14.2#1");
  EXPECT_RULE("8445:14.3#4");
  EXPECT_RULE("8445:16.1#1");
}

TEST(Agent, SurvivesLossReorderingAndRepetition) {
  for (std::uint64_t seed = 1; seed <= 32; ++seed) {
    Pairing pairing;
    SeededRandom dice(seed);
    Network& net = pairing.net;
    net.drop = [&](const Datagram& datagram) {
      const std::uint32_t fate = dice.below(10);
      if (fate < 3) return true;
      // The receiver's view of the path, later than the others or twice.
      if (fate < 6)
        net.inject({Transport::kUdp, datagram.path.remote, datagram.path.local}, datagram.bytes,
                   1ms * dice.below(300));
      return fate == 5;
    };
    EXPECT_TRUE(pairing.connect(30s)) << "seed " << seed;
    net.drop = {};
    net.run(60s);
    EXPECT_EQ(pairing.left->agent.state(), State::kCompleted) << "seed " << seed;
    EXPECT_EQ(pairing.right->agent.state(), State::kCompleted) << "seed " << seed;
  }
}

TEST(Agent, OneSideBehindANatIsLearntFromItsChecks) {
  Pairing pairing;
  const Address outside = at("203.0.113.77:7000");
  Network& net = pairing.net;
  net.route(outside, *pairing.left, kA);
  net.drop = [](const Datagram& datagram) { return datagram.path.remote == kA; };
  net.translate = [&](const Path& path) {
    return path.local == kA ? Path{path.transport, outside, path.remote} : path;
  };

  ASSERT_TRUE(pairing.connect());

  EXPECT_EQ(pairing.left->agent.selected(), (Path{Transport::kUdp, kA, kB}));
  EXPECT_EQ(pairing.right->agent.selected(), (Path{Transport::kUdp, kB, outside}));
  EXPECT_EQ(pairing.left->agent.pairs().at(0).mapped, outside);
  EXPECT_RULE("8445:7.2.5.3.1#0");
  EXPECT_RULE("8445:7.3.1.3#0");
}

TEST(Agent, PermitsThePathsOfThePeerAndNoOther) {
  Pairing pairing;
  ASSERT_TRUE(pairing.connect());
  const Agent& agent = pairing.left->agent;

  EXPECT_TRUE(agent.permits({Transport::kUdp, kA, kB}));
  EXPECT_FALSE(agent.permits({Transport::kUdp, kA, kB.with_port(1)}));
  EXPECT_FALSE(agent.permits({Transport::kUdp, kB, kA}));
  EXPECT_FALSE(agent.permits({Transport::kTcp, kA, kB}));
}

TEST(Agent, ReportsItsPairs) {
  Pairing pairing;
  ASSERT_TRUE(pairing.connect());

  const auto pairs = pairing.left->agent.pairs();
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].state, PairState::kSucceeded);
  EXPECT_EQ(to_text(pairs[0].failure), "");
  EXPECT_TRUE(pairs[0].is_nominated && pairs[0].is_valid && pairs[0].is_selected);
  EXPECT_EQ(pairs[0].round_trip, 20ms);
  EXPECT_EQ(pairs[0].checks_sent, 2U);
}

TEST(Agent, ClosedItSaysNothingMore) {
  Pairing pairing;
  ASSERT_TRUE(pairing.connect());
  Agent& agent = pairing.left->agent;
  const auto before = pairing.net.sent.size();

  agent.close(pairing.net.now);
  agent.close(pairing.net.now);
  pairing.net.settle();

  EXPECT_EQ(agent.state(), State::kClosed);
  EXPECT_EQ(agent.next_time(), kNever);
  EXPECT_FALSE(agent.selected().has_value());
  EXPECT_FALSE(agent.permits({Transport::kUdp, kA, kB}));
  EXPECT_EQ(agent.add_host(pairing.net.now, kA).error(), AgentError::kClosed);
  EXPECT_EQ(agent.set_remote(pairing.net.now, kRight).error(), AgentError::kClosed);
  EXPECT_EQ(agent.restart(pairing.net.now, kRight).error(), AgentError::kClosed);
  EXPECT_EQ(agent.add_remote_candidate(pairing.net.now, {}).error(), AgentError::kClosed);
  pairing.net.run(60s);
  for (std::size_t i = before; i < pairing.net.sent.size(); ++i)
    EXPECT_EQ(pairing.net.sent[i].path.local, kB);
  EXPECT_EQ(pairing.right->agent.state(), State::kFailed);
  EXPECT_RULE("8445:11#8");
}

TEST(Agent, RefusesCredentialsThatAreNotWellFormed) {
  Pairing pairing;

  const auto refused = pairing.left->agent.set_remote(pairing.net.now, {"a", "b"});

  EXPECT_EQ(refused.error(), AgentError::kBadCredentials);
  EXPECT_FALSE(to_text(refused.error()).empty());
}

}  // namespace
}  // namespace glass::ice::test
