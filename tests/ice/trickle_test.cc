// tests/ice/trickle_test.cc - candidates that come late, cannot be used, or are too many.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ice/agent.h"
#include "tests/ice/lone_agent.h"
#include "tests/ice/network.h"
#include "tests/support/rules.h"

namespace glass::ice::test {
namespace {

Candidate read(std::string_view line) { return parse_candidate(line).value(); }

TEST(Trickle, ACandidateThatComesLateIsCheckedAtOnce) {
  LoneAgent t;
  t.introduce({});
  t.net.run(5s);
  EXPECT_TRUE(t.checks().empty());

  EXPECT_TRUE(t.agent().add_remote_candidate(t.net.now, host_candidate(kB)).has_value());
  t.net.settle();

  ASSERT_EQ(t.checks().size(), 1U);
  EXPECT_EQ(t.checks()[0].sent, when(5s));
}

TEST(Trickle, ALocalCandidateIsToldBeforeItIsChecked) {
  LoneAgent t;
  EXPECT_TRUE(t.agent().set_remote(t.net.now, kRight).has_value());
  EXPECT_TRUE(t.agent().add_remote_candidate(t.net.now, host_candidate(kB)).has_value());
  t.net.run(1s);
  EXPECT_TRUE(t.checks().empty());

  t.agent().gather(t.net.now);
  t.net.settle();

  EXPECT_EQ(t.party->candidates.size(), 1U);
  EXPECT_EQ(t.checks().size(), 1U);
  EXPECT_TRUE(t.party->gathering_done);
  EXPECT_RULE("8838:10#1");
  EXPECT_RULE("8838:13#2");
}

TEST(Trickle, CandidatesMayComeBeforeTheCredentials) {
  LoneAgent t;
  t.agent().gather(t.net.now);
  EXPECT_TRUE(t.agent().add_remote_candidate(t.net.now, host_candidate(kB)).has_value());
  EXPECT_TRUE(
      t.agent()
          .add_remote_candidate(t.net.now, read("1 1 udp 5 192.0.2.99 4 typ host ufrag other"))
          .has_value());

  EXPECT_TRUE(t.agent().set_remote(t.net.now, kRight).has_value());

  EXPECT_EQ(t.agent().pairs().size(), 1U);
  EXPECT_EQ(t.agent().remote_candidates().size(), 1U);
  EXPECT_RULE("8838:18#4");
}

TEST(Trickle, ACandidateOfAnotherGenerationIsRefused) {
  LoneAgent t;
  t.introduce({});

  const auto refused = t.agent().add_remote_candidate(
      t.net.now, read("1 1 udp 5 192.0.2.99 4 typ host generation 0 ufrag other"));
  EXPECT_EQ(refused.error(), AgentError::kOtherGeneration);
  EXPECT_TRUE(
      t.agent()
          .add_remote_candidate(t.net.now, read("1 1 udp 5 192.0.2.99 4 typ host ufrag righ"))
          .has_value());
  EXPECT_RULE("8838:18#4");
}

TEST(Trickle, AfterTheEndNoCandidateIsTaken) {
  LoneAgent t;
  t.introduce();
  t.agent().end_of_remote_candidates(t.net.now);

  EXPECT_EQ(t.agent().add_remote_candidate(t.net.now, host_candidate(kB.with_port(1))).error(),
            AgentError::kAfterTheEnd);
  EXPECT_RULE("8838:14#0");
  EXPECT_RULE("8838:14#2");
}

TEST(Trickle, TheEndAloneIsNoFailureBeforePatienceIsOver) {
  LoneAgent t;
  t.introduce({});
  t.agent().end_of_remote_candidates(t.net.now);
  EXPECT_RULE("8863:4#1");
  EXPECT_RULE("8863:4#3");
  EXPECT_RULE("8863:5#1");

  t.net.run(60s);

  EXPECT_EQ(t.party->entered(State::kFailed), when(39500ms));
}

TEST(Trickle, NoFailureWhileACheckIsUnderWay) {
  LoneAgent t;
  t.introduce({});
  t.net.run(30s);
  EXPECT_TRUE(t.agent().add_remote_candidate(t.net.now, host_candidate(kB)).has_value());
  t.net.run(60s);

  EXPECT_EQ(t.party->entered(State::kFailed), when(69500ms));
}

TEST(Trickle, ANameIsKeptAndNeverPaired) {
  LoneAgent t;
  t.introduce({});

  EXPECT_TRUE(t.agent().add_remote_candidate(t.net.now, read("1 1 udp 5 x.local 4 typ host")));
  t.net.run(1s);

  EXPECT_TRUE(t.agent().pairs().empty());
  EXPECT_EQ(t.agent().remote_candidates().size(), 1U);
  EXPECT_EQ(t.agent().state(), State::kChecking);
  EXPECT_RULE("8839:5.1#2");
  // The browser behind the name checks us, and is learnt from that.
  t.check(t.nominating());
  t.answer(t.checks().back());
  EXPECT_EQ(t.agent().state(), State::kCompleted);
}

TEST(Trickle, TcpAndOtherComponentsAreKeptAndNeverPaired) {
  LoneAgent t;
  t.introduce({});

  EXPECT_TRUE(t.agent().add_remote_candidate(
      t.net.now, read("1 1 TCP 5 198.51.100.2 9 typ host tcptype active")));
  EXPECT_TRUE(t.agent().add_remote_candidate(t.net.now, read("1 2 UDP 5 198.51.100.2 9 typ host")));

  EXPECT_TRUE(t.agent().pairs().empty());
  EXPECT_RULE("8445:6.1.2.2#0");
}

TEST(Trickle, FamiliesAndScopesAreNotMixed) {
  LoneAgent t;
  t.net.host(*t.party, at("[fe80::1]:1"));
  t.net.host(*t.party, at("[2001:db8::1]:1"));
  t.introduce({});

  EXPECT_TRUE(t.agent().add_remote_candidate(t.net.now, host_candidate(at("[2001:db8::2]:2"))));

  ASSERT_EQ(t.agent().pairs().size(), 1U);
  EXPECT_EQ(t.pair().path.local, at("[2001:db8::1]:1"));
  EXPECT_RULE("8445:6.1.2.2#1");
}

TEST(Trickle, CandidatesAreCounted) {
  LoneAgent t(Role::kControlled, [](Config& config) { config.limits.remote_candidates = 2; });
  t.introduce({kB, kB.with_port(1)});

  EXPECT_EQ(t.agent().add_remote_candidate(t.net.now, host_candidate(kB.with_port(2))).error(),
            AgentError::kTooManyCandidates);
  // One that is known already takes no room.
  EXPECT_TRUE(t.agent().add_remote_candidate(t.net.now, host_candidate(kB)).has_value());
  EXPECT_RULE("8445:19.5.1#2");
}

TEST(Trickle, ACandidateThatWasLearntIsSignalledAfterAll) {
  LoneAgent t;
  t.introduce({});
  t.check(t.content());
  const auto priority = t.pair().priority;

  Candidate candidate = host_candidate(kB);
  candidate.type = CandidateType::kServerReflexive;
  EXPECT_TRUE(t.agent().add_remote_candidate(t.net.now, candidate).has_value());

  ASSERT_EQ(t.agent().pairs().size(), 1U);
  EXPECT_EQ(t.pair().remote_type, CandidateType::kServerReflexive);
  EXPECT_EQ(t.pair().priority, priority);
  EXPECT_RULE("8838:11#2");
}

TEST(Trickle, ASocketAfterOurOwnEndWaitsForARestart) {
  LoneAgent t;
  t.introduce();

  EXPECT_TRUE(t.agent().add_host(t.net.now, kA.with_port(2)).has_value());
  t.net.settle();

  EXPECT_EQ(t.party->candidates.size(), 1U);
  EXPECT_RULE("8838:13#6");
}

TEST(Trickle, WhileCandidatesMayComeNothingHasFailed) {
  LoneAgent t;
  t.introduce({});

  t.net.run(1s);
  t.agent().on_time(t.net.now);
  t.agent().resolved(t.net.now, "nobody", std::nullopt);
  EXPECT_TRUE(t.agent().add_remote_candidate(t.net.now, host_candidate(kB)).has_value());
  t.net.run(0ms);
  t.answer_error(t.checks().back(), 400);

  EXPECT_EQ(t.agent().state(), State::kChecking);
  EXPECT_RULE("8838:8#1");
}

}  // namespace
}  // namespace glass::ice::test
