// tests/ice/explain_test.cc - why (not) connected, in sentences.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "ice/agent.h"
#include "tests/ice/lone_agent.h"
#include "tests/ice/network.h"

namespace glass::ice::test {
namespace {

std::string fate_of(const Agent& agent, std::string_view subject) {
  for (const Fate& fate : agent.fates())
    if (fate.subject == subject) return fate.sentence;
  return "nothing is known of " + std::string(subject);
}

TEST(Explain, EachStateHasItsSentence) {
  LoneAgent t;
  EXPECT_EQ(t.agent().explain(), "the peer's credentials have not come yet");

  t.introduce();
  EXPECT_EQ(t.agent().explain(), "looking for a path: 1 pair, none has answered yet");

  t.net.run(0ms);
  t.check(t.nominating());
  t.answer(t.checks().front());
  EXPECT_EQ(t.agent().explain(), "connected to 198.51.100.2:2000 from 192.0.2.1:1000");
  EXPECT_EQ(fate_of(t.agent(), "192.0.2.1:1000 -> 198.51.100.2:2000"), "in use");
  EXPECT_EQ(fate_of(t.agent(), "the peer's host 198.51.100.2:2000"), "can be reached");

  t.net.run(40s);
  EXPECT_EQ(t.agent().explain(), "the peer has not answered for 30 s, so that its consent is lost");
}

TEST(Explain, SilenceIsToldWithWhatWasOffered) {
  LoneAgent t;
  t.introduce({kB, kB.with_port(2001)});

  t.net.run(120s);

  EXPECT_EQ(t.agent().state(), State::kFailed);
  EXPECT_EQ(t.agent().explain(),
            "2 pairs tried, none answered; the other side offered 198.51.100.2:2000, "
            "198.51.100.2:2001");
  EXPECT_EQ(fate_of(t.agent(), "192.0.2.1:1000 -> 198.51.100.2:2000"), "failed: nobody answered");
  EXPECT_EQ(fate_of(t.agent(), "the peer's host 198.51.100.2:2000"),
            "cannot be reached by any of 1 pair");
}

TEST(Explain, WithoutAnyCandidateOfThePeerThatIsTheReason) {
  LoneAgent t;
  t.introduce({});

  t.net.run(120s);

  EXPECT_EQ(t.agent().explain(), "the other side gave no address, and none of its checks arrived");
}

TEST(Explain, CandidatesThatDoNotFitAreNamed) {
  LoneAgent t;
  t.introduce({});
  Candidate tcp = host_candidate(kB);
  tcp.transport = Transport::kTcp;
  tcp.tcp_type = TcpType::kPassive;
  EXPECT_TRUE(t.agent().add_remote_candidate(t.net.now, tcp).has_value());

  t.net.run(120s);

  EXPECT_EQ(fate_of(t.agent(), "the peer's host 198.51.100.2:2000 over TCP"),
            "left out: none of our candidates goes with its transport");
  EXPECT_EQ(t.agent().explain(),
            "no candidate of ours goes with what the other side offered: 198.51.100.2:2000");
}

TEST(Explain, AStunServerThatIsSilentIsNamed) {
  LoneAgent t(Role::kControlled, [](Config& config) { config.stun_servers = {kServer}; });
  t.introduce({});

  t.net.run(60s);

  EXPECT_EQ(fate_of(t.agent(), "STUN server 203.0.113.3:3478"),
            "has not answered (asked from 192.0.2.1:1000)");
}

TEST(Explain, ThousandsOfCandidatesAreNotListed) {
  LoneAgent t(Role::kControlled, [](Config& config) {
    config.limits.remote_candidates = 2000;
    config.timing.rc = 1;
    config.timing.rm = 1;
  });
  t.introduce({});
  for (std::uint16_t i = 1; i <= 1500; ++i)
    EXPECT_TRUE(
        t.agent().add_remote_candidate(t.net.now, host_candidate(kB.with_port(i))).has_value());

  t.net.run(200s);

  EXPECT_EQ(t.agent().pairs().size(), 100U);
  EXPECT_EQ(t.agent().state(), State::kFailed);
  EXPECT_LT(t.agent().explain().size(), 300U);
  EXPECT_TRUE(t.agent().explain().ends_with(" and others"));
}

}  // namespace
}  // namespace glass::ice::test
