// tests/ice/failover_test.cc - what becomes of a session when its path dies.
#include <vector>

#include <gtest/gtest.h>

#include "ice/agent.h"
#include "tests/ice/lone_agent.h"
#include "tests/ice/network.h"
#include "tests/support/rules.h"

namespace glass::ice::test {
namespace {

const Address kSecond = at("192.0.2.77:1700");

// The left one has two sockets, both of which work.
struct TwoWays {
  Network net;
  Party* left = nullptr;
  Party* right = nullptr;

  explicit TwoWays(Role left_role = Role::kControlling, Duration one_way = 10ms) {
    net.delay = one_way;
    const bool controls = left_role == Role::kControlling;
    left = &net.add(config_of(kLeft, left_role), 1);
    right = &net.add(config_of(kRight, controls ? Role::kControlled : Role::kControlling), 2);
    net.host(*left, kA);
    net.host(*left, kSecond);
    net.host(*right, kB);
    for (Party* party : {left, right}) party->agent.gather(net.now);
    for (auto [to, from] : {std::pair(left, right), std::pair(right, left)}) {
      EXPECT_TRUE(to->agent.set_remote(net.now, from->agent.local_credentials()).has_value());
      for (const Candidate& candidate : from->agent.local_candidates())
        EXPECT_TRUE(to->agent.add_remote_candidate(net.now, candidate).has_value());
      to->agent.end_of_remote_candidates(net.now);
    }
    // The first checks on the better way are lost, so that both are found to work.
    net.drop = [](const Datagram& d) {
      return d.sent < when(200ms) && (d.path.local == kA || d.path.remote == kA);
    };
    net.settle();
    EXPECT_TRUE(net.run_until([&] { return is_complete(); }, 5s + 20 * one_way));
    net.run(1s);
    EXPECT_EQ(left->agent.selected()->local, kA);
  }
  bool is_complete() const {
    return left->agent.state() == State::kCompleted && right->agent.state() == State::kCompleted;
  }
  void cut_first() {
    net.drop = [](const Datagram& d) { return d.path.local == kA || d.path.remote == kA; };
  }
};

TEST(Failover, ASilentPathIsReplacedByOneThatAnswers) {
  TwoWays t;
  t.cut_first();

  EXPECT_TRUE(t.net.run_until(
      [&] { return t.left->agent.selected()->local == kSecond && t.is_complete(); }, 25s));

  EXPECT_EQ(t.right->agent.selected(), (Path{Transport::kUdp, kB, kSecond}));
  EXPECT_RULE("8445:8.1.1#3");
}

TEST(Failover, TheControlledSideFollowsToo) {
  TwoWays t(Role::kControlled);
  t.cut_first();

  EXPECT_TRUE(t.net.run_until(
      [&] { return t.left->agent.selected()->local == kSecond && t.is_complete(); }, 25s));
}

// How long until both are on the second way, and complete.
Duration time_to_follow(TwoWays& t) {
  const Instant start = t.net.now;
  EXPECT_TRUE(t.net.run_until(
      [&] {
        return t.left->agent.selected() == Path{Transport::kUdp, kSecond, kB} &&
               t.right->agent.selected() == Path{Transport::kUdp, kB, kSecond} && t.is_complete();
      },
      25s));
  return t.net.now - start;
}

TEST(Failover, WhoControlsLeavesAnAddressThatGoesAwayAtOnce) {
  TwoWays t;
  t.net.run(10s);

  t.left->agent.remove_host(t.net.now, kA);
  t.cut_first();

  // The other pair has worked before: data takes it without waiting for anything.
  EXPECT_EQ(t.left->agent.selected(), (Path{Transport::kUdp, kSecond, kB}));
  // One way for the nomination; then the other side, which has not heard of this pair for ten
  // seconds, takes a round trip to see that it still has consent.
  EXPECT_EQ(time_to_follow(t), 30ms);
}

TEST(Failover, WhoIsControlledLeavesAtOnceAndIsFollowedWhenTheOldPairIsFoundDead) {
  TwoWays t(Role::kControlled);
  t.net.run(10s);

  t.left->agent.remove_host(t.net.now, kA);
  t.cut_first();

  EXPECT_EQ(t.left->agent.selected(), (Path{Transport::kUdp, kSecond, kB}));
  // One way for the check that raises the doubt, two seconds of it, a round trip to see that the
  // second pair works; at the next Ta, 30 ms later, another one for the nomination.
  EXPECT_EQ(time_to_follow(t), 2080ms);
  EXPECT_RULE("8445:8.1.1#3");
}

TEST(Failover, ADoubtThatIsUnfoundedChangesNothing) {
  TwoWays t(Role::kControlled);
  t.net.run(10s);
  const auto states = t.right->states.size();

  t.left->agent.remove_host(t.net.now, kA);
  ASSERT_TRUE(t.left->agent.add_host(t.net.now, kA).has_value());  // it is back, and answers
  t.net.run(5s);

  EXPECT_EQ(t.right->states.size(), states);
  EXPECT_EQ(t.right->agent.selected(), (Path{Transport::kUdp, kB, kA}));
}

// Its answer takes longer than a doubt on a short way lasts.
TEST(Failover, AnUnfoundedDoubtOfALongWayChangesNothingEither) {
  TwoWays t(Role::kControlled, 1500ms);
  t.net.run(10s);
  const auto states = t.right->states.size();

  t.left->agent.remove_host(t.net.now, kA);
  ASSERT_TRUE(t.left->agent.add_host(t.net.now, kA).has_value());
  t.net.run(10s);

  EXPECT_EQ(t.right->states.size(), states);
  EXPECT_EQ(t.right->agent.selected(), (Path{Transport::kUdp, kB, kA}));
  EXPECT_RULE("8445:8.1.1#3");
}

TEST(Failover, ASecondNominationSoonAfterTheFirstCountsOnceTheFirstPairIsSilent) {
  TwoWays t;  // nominated a second ago: aggressive peers may still change their mind

  t.left->agent.remove_host(t.net.now, kA);
  t.cut_first();

  EXPECT_EQ(t.left->agent.selected(), (Path{Transport::kUdp, kSecond, kB}));
  t.net.run(1s);
  EXPECT_EQ(t.right->agent.selected(), (Path{Transport::kUdp, kB, kA}));
  EXPECT_LE(time_to_follow(t), 10s);
  for (const auto& [state, when] : t.right->states) EXPECT_NE(state, State::kFailed);
}

TEST(Failover, WithoutAnotherPathConsentRunsOut) {
  Pairing t;
  ASSERT_TRUE(t.connect());

  t.left->agent.remove_host(t.net.now, kA);
  t.net.settle();

  EXPECT_EQ(t.left->agent.state(), State::kDisconnected);
  EXPECT_FALSE(t.left->agent.selected().has_value());
  t.net.run(31s);
  EXPECT_EQ(t.left->agent.state(), State::kFailed);
}

TEST(Failover, ANewAddressIsACandidateAfterARestart) {
  Pairing t;
  ASSERT_TRUE(t.connect());
  t.left->agent.remove_host(t.net.now, kA);
  t.net.host(*t.left, kSecond);
  EXPECT_RULE("8838:13#6");

  EXPECT_TRUE(t.left->agent.restart(t.net.now, credentials("les2")).has_value());
  EXPECT_TRUE(t.right->agent.restart(t.net.now, credentials("rig2")).has_value());
  t.left->agent.gather(t.net.now);
  t.right->agent.gather(t.net.now);

  EXPECT_TRUE(t.connect());
  EXPECT_EQ(t.right->agent.selected()->remote, kSecond);
}

TEST(Failover, ANominationThatFailsCompletesNothing) {
  LoneAgent t(Role::kControlling);
  t.introduce({kB, kB.with_port(2001)});
  t.net.run(200ms);
  const std::vector<Datagram> asked = t.checks();
  for (const Datagram& check : asked) t.answer(check);
  // The next check that nominates; a better pair has its chance first.
  const auto nomination = [&] {
    for (int i = 0; i < 100; ++i) {
      t.net.run(50ms);
      if (view(t.checks().back()).has(stun::AttributeType::kUseCandidate)) break;
    }
    return t.checks().back();
  };
  const Datagram nominating = nomination();
  ASSERT_TRUE(view(nominating).has(stun::AttributeType::kUseCandidate));

  t.answer_error(nominating, 400);
  t.net.run(50ms);

  EXPECT_EQ(t.agent().state(), State::kConnected);
  EXPECT_RULE("8445:7.2.5.3.4#1");
}

}  // namespace
}  // namespace glass::ice::test
