// tests/ice/lite_test.cc - an agent that only answers (RFC 8445 §2.5).
#include <gtest/gtest.h>

#include "ice/agent.h"
#include "tests/ice/lone_agent.h"
#include "tests/ice/network.h"
#include "tests/support/rules.h"

namespace glass::ice::test {
namespace {

struct LitePairing : Pairing {
  LitePairing()
      : Pairing(Role::kControlled, Role::kControlled,
                [](Config& config) { config.is_lite = config.local == kRight; }) {
    EXPECT_TRUE(left->agent.set_remote(net.now, kRight, RemoteKind::kLite).has_value());
    EXPECT_TRUE(right->agent.set_remote(net.now, kLeft).has_value());
    for (const Candidate& candidate : right->agent.local_candidates())
      EXPECT_TRUE(left->agent.add_remote_candidate(net.now, candidate).has_value());
    net.settle();
  }
  bool complete() {
    return net.run_until(
        [&] {
          return left->agent.state() == State::kCompleted &&
                 right->agent.state() == State::kCompleted;
        },
        5s);
  }
};

TEST(Lite, AFullPeerFindsThePath) {
  LitePairing t;

  EXPECT_TRUE(t.complete());

  EXPECT_EQ(t.left->agent.role(), Role::kControlling);
  EXPECT_EQ(t.right->agent.role(), Role::kControlled);
  EXPECT_EQ(t.right->agent.selected(), (Path{Transport::kUdp, kB, kA}));
  for (const Datagram& datagram : t.net.sent) {
    if (datagram.path.local != kB) continue;
    EXPECT_EQ(view(datagram).cls(), stun::Class::kSuccess);
  }
  EXPECT_RULE("8445:6.1.1#2");
  EXPECT_RULE("8445:7.3.2#0");
  EXPECT_RULE("8445:12.1.1#1");
}

TEST(Lite, TheChecksOfThePeerAreItsConsent) {
  LitePairing t;
  ASSERT_TRUE(t.complete());

  t.net.run(120s);
  EXPECT_EQ(t.right->agent.state(), State::kCompleted);

  t.net.drop = [](const Datagram&) { return true; };
  t.net.run(36s);
  EXPECT_EQ(t.right->agent.state(), State::kFailed);
}

TEST(Lite, TwoOfThemFindNothing) {
  LoneAgent t(Role::kControlled, [](Config& config) { config.is_lite = true; });

  EXPECT_EQ(t.agent().set_remote(t.net.now, kRight, RemoteKind::kLite).error(),
            AgentError::kBothLite);
  EXPECT_RULE("8445:6.1.1#3");
}

}  // namespace
}  // namespace glass::ice::test
