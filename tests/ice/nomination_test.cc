// tests/ice/nomination_test.cc - which pair is chosen, by whom, and when that changes.
#include <functional>

#include <gtest/gtest.h>

#include "ice/agent.h"
#include "stun/attributes.h"
#include "tests/ice/lone_agent.h"
#include "tests/ice/network.h"
#include "tests/support/rules.h"

namespace glass::ice::test {
namespace {

const Address kFar = at("198.51.100.9:9000");  // less preferred than kB

bool nominates(const Datagram& check) {
  return view(check).has(stun::AttributeType::kUseCandidate);
}

// A controlled agent that knows kB and kFar of the peer, both answered, none nominated.
struct TwoValidPairs : LoneAgent {
  explicit TwoValidPairs(Role role = Role::kControlled) : LoneAgent(role) {
    introduce({kB, kFar});
    answer(checks().front());
    net.run(50ms);
    answer(checks().back());
    EXPECT_TRUE(pair(0).is_valid && pair(1).is_valid);
  }
};

TEST(Nomination, TheBestPairIsNominatedAtOnce) {
  LoneAgent t(Role::kControlling);
  t.introduce();

  t.answer(t.checks().front());
  t.net.run(50ms);

  ASSERT_EQ(t.checks().size(), 2U);
  EXPECT_TRUE(nominates(t.checks().back()));
  t.answer(t.checks().back());
  EXPECT_EQ(t.agent().state(), State::kCompleted);
  EXPECT_TRUE(t.pair().is_nominated);
  EXPECT_TRUE(t.pair().is_selected);
}

TEST(Nomination, ALateAnswerToAnEarlierCheckDoesNotStopIt) {
  LoneAgent t(Role::kControlling);
  t.introduce();
  t.net.run(100ms);
  t.check(t.content());  // cancels the first check and triggers a second
  ASSERT_EQ(t.checks().size(), 2U);
  t.answer(t.checks()[1]);

  t.answer(t.checks()[0]);
  t.net.run(50ms);
  ASSERT_TRUE(nominates(t.checks().back()));
  t.answer(t.checks()[0]);
  t.net.run(500ms);

  EXPECT_EQ(t.checks().size(), 4U);
  EXPECT_TRUE(nominates(t.checks().back()));
  t.answer(t.checks().back());
  EXPECT_EQ(t.agent().state(), State::kCompleted);
}

// A controlling agent whose check to kB has left at 0 ms and that to kFar, of another foundation,
// at 50 ms.
struct TwoChecks : LoneAgent {
  explicit TwoChecks(const std::function<void(Config&)>& adjust = {})
      : LoneAgent(Role::kControlling, adjust) {
    introduce({kB});
    Candidate far = host_candidate(kFar, 1);
    far.foundation = "8";
    EXPECT_TRUE(agent().add_remote_candidate(net.now, far).has_value());
    net.run(50ms);
    EXPECT_EQ(checks().back().path.remote, kFar);
  }
  // When the first check that nominates leaves, if it does within ten seconds.
  Instant nomination() {
    for (int i = 0; i < 10'000; ++i) {
      for (const Datagram& check : checks())
        if (nominates(check)) return check.sent;
      net.run(1ms);
    }
    return kNever;
  }
};

TEST(Nomination, ABetterPairHasThreeRtosToShowItself) {
  TwoChecks t;

  t.answer(t.checks().back());

  // The better check was sent at 0 ms with an RTO of 500 ms.
  EXPECT_EQ(t.agent().selected()->remote, kFar);
  EXPECT_EQ(t.nomination(), when(1500ms));
  EXPECT_EQ(t.checks().back().path.remote, kFar);
  EXPECT_RULE("8863:4#5");
  EXPECT_RULE("8445:8.1.1#2");
}

TEST(Nomination, ABetterPairThatAnswersToItsSecondCopyIsTaken) {
  TwoChecks t;
  t.answer(t.checks().back());
  t.net.run(450ms);
  ASSERT_EQ(t.checks().back().path.remote, kB);
  ASSERT_EQ(t.checks().back().sent, when(500ms));

  t.net.run(200ms);
  t.answer(t.checks().back());

  EXPECT_EQ(t.nomination(), when(700ms));
  EXPECT_EQ(t.checks().back().path.remote, kB);
}

TEST(Nomination, AllBetterPairsTogetherHaveThreeSeconds) {
  TwoChecks t([](Config& config) { config.timing.rto_min = config.timing.rto_max = 2s; });

  t.answer(t.checks().back());

  EXPECT_EQ(t.nomination(), when(3050ms));  // counted from the first pair that works
}

TEST(Nomination, TwoRoundTripsAreWaitedForWhereTheyTakeLonger) {
  TwoChecks t([](Config& config) {
    config.timing.rto_min = config.timing.rto_max = 5s;
    config.timing.nomination_delay = 1s;
  });
  t.net.run(2s);

  t.answer(t.checks().back());  // a round trip of two seconds

  EXPECT_EQ(t.nomination(), when(6050ms));
}

TEST(Nomination, AfterOneThatFailsAnotherPairIsNominated) {
  TwoChecks t;
  t.answer(t.checks().back());
  t.answer(t.checks().front());
  t.net.run(50ms);
  ASSERT_TRUE(nominates(t.checks().back()));
  ASSERT_EQ(t.checks().back().path.remote, kB);

  t.answer_error(t.checks().back(), 400);
  t.net.run(50ms);

  EXPECT_EQ(t.agent().selected()->remote, kFar);
  ASSERT_TRUE(nominates(t.checks().back()));
  EXPECT_EQ(t.checks().back().path.remote, kFar);
  t.answer(t.checks().back());
  EXPECT_EQ(t.agent().state(), State::kCompleted);
  EXPECT_EQ(t.agent().selected()->remote, kFar);
  EXPECT_RULE("8445:7.2.5.3.4#1");
}

TEST(Nomination, OneThatNobodyAnswersGivesWayWhenItsPairIsSilent) {
  TwoChecks t;
  const Datagram far = t.checks().back();
  t.answer(far);
  t.answer(t.checks().front());
  t.net.run(50ms);
  ASSERT_TRUE(nominates(t.checks().back()));

  // The last answer on this pair came at 50 ms.
  t.net.run(9949ms);
  EXPECT_EQ(t.agent().state(), State::kConnected);
  t.net.run(51ms);
  EXPECT_EQ(t.agent().state(), State::kDisconnected);
  for (const Datagram& check : t.checks())
    if (check.sent >= when(10050ms) && check.path.remote == kFar) t.answer(check);
  t.net.run(50ms);

  ASSERT_TRUE(nominates(t.checks().back()));
  EXPECT_EQ(t.checks().back().path.remote, kFar);
  t.answer(t.checks().back());
  EXPECT_EQ(t.agent().state(), State::kCompleted);
  EXPECT_EQ(t.agent().selected()->remote, kFar);
}

TEST(Nomination, ANominationThatFailsIsTheEnd) {
  LoneAgent t(Role::kControlling);
  t.introduce();
  t.answer(t.checks().front());
  t.net.run(50ms);

  t.answer_error(t.checks().back(), 400);

  EXPECT_EQ(t.agent().state(), State::kFailed);
  EXPECT_FALSE(t.agent().selected().has_value());
  EXPECT_FALSE(t.agent().permits({Transport::kUdp, kA, kB}));
  EXPECT_RULE("8445:7.2.5.3.4#1");
  EXPECT_RULE("8445:6.1.3#0");
}

TEST(Nomination, ThePeerNominatesWithItsFirstCheck) {
  LoneAgent t;
  t.introduce();

  t.check(t.nominating());
  EXPECT_EQ(t.agent().state(), State::kChecking);
  t.answer(t.checks().back());

  EXPECT_EQ(t.agent().state(), State::kCompleted);
  EXPECT_EQ(t.agent().selected(), (Path{Transport::kUdp, kA, kB}));
  EXPECT_RULE("8445:7.2.5.3.4#0");
}

TEST(Nomination, ThePeerNominatesAValidPair) {
  LoneAgent t;
  t.introduce();
  t.answer(t.checks().front());

  t.check(t.nominating());

  EXPECT_EQ(t.agent().state(), State::kCompleted);
  EXPECT_RULE("8445:7.3.1.5#0");
}

TEST(Nomination, OfSeveralNominationsTheBetterPairCounts) {
  TwoValidPairs t;

  t.check(t.nominating(), kFar);
  EXPECT_EQ(t.agent().selected()->remote, kFar);
  t.check(t.nominating(), kB);
  EXPECT_EQ(t.agent().selected()->remote, kB);
  t.check(t.nominating(), kFar);
  EXPECT_EQ(t.agent().selected()->remote, kB);

  EXPECT_EQ(t.party->paths.back().remote, kB);
  EXPECT_RULE("8445:8.1.1#4");
}

TEST(Nomination, ThePeerMayTurnToAWorsePairLater) {
  TwoValidPairs t;
  t.check(t.nominating(), kB);
  t.net.run(5s);

  t.check(t.nominating(), kFar);

  EXPECT_EQ(t.agent().selected()->remote, kFar);
  EXPECT_EQ(t.agent().state(), State::kCompleted);
}

TEST(Nomination, APairThatWasNotUsedForLongIsCheckedBeforeItIsUsed) {
  TwoValidPairs t;
  t.check(t.nominating(), kB);
  t.net.drop = [](const Datagram&) { return false; };
  for (int i = 0; i < 8; ++i) {
    t.net.run(4s);
    t.answer(t.checks().back());
  }
  const auto before = t.checks().size();

  t.check(t.nominating(), kFar);

  EXPECT_EQ(t.agent().selected()->remote, kB);
  ASSERT_GT(t.checks().size(), before);
  EXPECT_EQ(t.checks().back().path.remote, kFar);
  t.answer(t.checks().back());
  EXPECT_EQ(t.agent().selected()->remote, kFar);
}

TEST(Nomination, AfterItNothingElseIsCheckedButEverythingAnswered) {
  TwoValidPairs t;
  t.check(t.nominating(), kB);
  const auto before = t.checks().size();

  t.check(t.content(), kFar);
  t.check(t.content(), kFar.with_port(1));

  EXPECT_EQ(t.last_answer(), 0U);
  EXPECT_EQ(t.checks().size(), before);
  EXPECT_TRUE(t.agent().permits({Transport::kUdp, kA, kFar}));
  EXPECT_RULE("8445:8.1.2#2");
}

TEST(Nomination, ANominationThatWeCannotConfirmIsNotUsed) {
  TwoValidPairs t;
  const Address third = at("198.51.100.10:1");

  t.check(t.nominating(), third);
  t.net.run(50ms);
  ASSERT_EQ(t.checks().back().path.remote, third);
  t.answer_error(t.checks().back(), 500);

  EXPECT_EQ(t.agent().state(), State::kConnected);
  EXPECT_EQ(t.agent().selected()->remote, kB);
  EXPECT_RULE("8445:7.3.1.5#1");
  EXPECT_RULE("8445:7.2.5.3.4#2");
}

TEST(Nomination, ALitePeerIsControlled) {
  LoneAgent t(Role::kControlled);
  t.agent().gather(t.net.now);

  EXPECT_TRUE(t.agent().set_remote(t.net.now, kRight, RemoteKind::kLite).has_value());

  EXPECT_EQ(t.agent().role(), Role::kControlling);
  EXPECT_RULE("8445:6.1.1#2");
}

TEST(Nomination, AllCombinationsOfRolesConnect) {
  for (const Role left : {Role::kControlling, Role::kControlled}) {
    for (const Role right : {Role::kControlling, Role::kControlled}) {
      Pairing pairing(left, right);
      EXPECT_TRUE(pairing.connect()) << to_text(left) << ", " << to_text(right);
      EXPECT_NE(pairing.left->agent.role(), pairing.right->agent.role());
    }
  }
}

TEST(Nomination, APeerThatNumbersItsNominationsIsFollowed) {
  LoneAgent t;
  const Address second = kB.with_port(2001);
  t.introduce({kB, second});
  t.net.run(50ms);
  t.answer(t.checks().front());
  CheckContent content = t.content();

  content.nomination = 1;
  t.check(content);
  EXPECT_EQ(t.agent().selected()->remote, kB);
  content.nomination = 2;
  t.check(content, second);
  t.net.run(50ms);
  t.answer(t.checks().back());
  EXPECT_EQ(t.agent().selected()->remote, second);
  content.nomination = 1;
  t.check(content);
  EXPECT_EQ(t.agent().selected()->remote, second);
  EXPECT_RULE("8445:8.1.1#4");
}

}  // namespace
}  // namespace glass::ice::test
