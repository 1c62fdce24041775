// tests/ice/restart_test.cc - new credentials, a new search, and data on the old path meanwhile.
#include <gtest/gtest.h>

#include "ice/agent.h"
#include "stun/attributes.h"
#include "tests/ice/lone_agent.h"
#include "tests/ice/network.h"
#include "tests/support/rules.h"

namespace glass::ice::test {
namespace {

const Credentials kLeftAgain = credentials("lef2");
const Credentials kRightAgain = credentials("rig2");

TEST(Restart, BothSidesFindANewPathWhileTheOldOneServes) {
  Pairing pairing;
  ASSERT_TRUE(pairing.connect());
  pairing.net.run(1s);
  Agent& left = pairing.left->agent;
  Agent& right = pairing.right->agent;

  EXPECT_TRUE(left.restart(pairing.net.now, kLeftAgain).has_value());
  EXPECT_TRUE(right.restart(pairing.net.now, kRightAgain).has_value());
  EXPECT_EQ(left.state(), State::kChecking);
  EXPECT_EQ(left.role(), Role::kControlling);
  EXPECT_EQ(left.selected(), (Path{Transport::kUdp, kA, kB}));
  EXPECT_TRUE(left.permits({Transport::kUdp, kA, kB}));
  EXPECT_TRUE(left.pairs().empty());
  left.gather(pairing.net.now);
  right.gather(pairing.net.now);
  EXPECT_EQ(left.local_candidates().size(), 1U);

  EXPECT_TRUE(pairing.connect());
  EXPECT_EQ(left.selected(), (Path{Transport::kUdp, kA, kB}));
  EXPECT_RULE("8445:9#0");
  EXPECT_RULE("8445:9#4");
  EXPECT_RULE("8445:9#1");
}

TEST(Restart, TheOldPathKeepsItsConsentUntilThereIsANewOne) {
  LoneAgent t;
  t.complete();
  EXPECT_TRUE(t.agent().restart(t.net.now, kLeftAgain).has_value());

  t.net.run(6s);
  const Datagram asked = t.checks().back();
  EXPECT_EQ(stun::get<stun::Username>(view(asked))->text, "righ:left");
  EXPECT_RULE("7675:5.1#10");
  t.answer(asked);
  // The peer's own consent check, with the old credentials.
  t.check(t.content());
  EXPECT_EQ(t.last_answer(), 0U);

  t.net.run(31s);
  EXPECT_FALSE(t.agent().selected().has_value());
  EXPECT_EQ(t.agent().state(), State::kChecking);
}

TEST(Restart, OldCredentialsAreAnsweredAWhileAndThenForgotten) {
  LoneAgent t;
  t.complete();
  EXPECT_TRUE(t.agent().restart(t.net.now, kLeftAgain).has_value());
  t.agent().gather(t.net.now);
  EXPECT_TRUE(t.agent().set_remote(t.net.now, kRightAgain).has_value());
  t.net.run(50ms);
  t.username = "lef2:rig2";
  t.deliver(write_check(t.fresh_id(), t.nominating(), kLeftAgain.pwd));
  t.net.run(50ms);
  t.answer(t.checks().back(), kA, kRightAgain.pwd);
  ASSERT_EQ(t.agent().state(), State::kCompleted);

  t.username = "left:righ";
  t.net.run(2s);
  t.check(t.content());
  EXPECT_EQ(t.last_answer(), 0U);
  t.net.run(2s);
  t.check(t.content());
  EXPECT_EQ(t.last_answer(), 401U);
}

TEST(Restart, NeedsCredentialsThatAreNew) {
  LoneAgent t;
  t.complete();
  Credentials half = kLeftAgain;
  half.pwd = kLeft.pwd;

  EXPECT_EQ(t.agent().restart(t.net.now, half).error(), AgentError::kSameCredentials);
  EXPECT_EQ(t.agent().restart(t.net.now, {"x", "y"}).error(), AgentError::kBadCredentials);
  EXPECT_RULE("8445:9#3");
}

TEST(Restart, OtherCredentialsOfThePeerCallForOne) {
  LoneAgent t;
  t.complete();

  EXPECT_TRUE(t.agent().set_remote(t.net.now, kRight).has_value());
  EXPECT_EQ(t.agent().set_remote(t.net.now, kRightAgain).error(), AgentError::kNeedsRestart);
}

TEST(Restart, BringsAFailedAgentBack) {
  LoneAgent t;
  t.complete();
  t.net.run(40s);
  ASSERT_EQ(t.agent().state(), State::kFailed);
  t.check(t.content());
  EXPECT_FALSE(t.agent().permits({Transport::kUdp, kA, kB}));

  EXPECT_TRUE(t.agent().restart(t.net.now, kLeftAgain).has_value());
  t.agent().gather(t.net.now);
  EXPECT_TRUE(t.agent().set_remote(t.net.now, kRightAgain).has_value());
  t.username = "lef2:rig2";
  t.deliver(write_check(t.fresh_id(), t.nominating(), kLeftAgain.pwd));
  t.answer(t.checks().back(), kA, kRightAgain.pwd);

  EXPECT_EQ(t.agent().state(), State::kCompleted);
}

}  // namespace
}  // namespace glass::ice::test
