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

}  // namespace
}  // namespace glass::ice::test
