// tests/ice/privacy_test.cc - what the other side learns of our addresses: policies and names.
#include <string>

#include <gtest/gtest.h>

#include "ice/agent.h"
#include "ice/wire.h"
#include "tests/ice/lone_agent.h"
#include "tests/ice/network.h"
#include "tests/support/rules.h"

namespace glass::ice::test {
namespace {

const Address kOutside = at("203.0.113.99:40000");

void reflect(LoneAgent& t, const Address& mapped) {
  const Datagram request = t.net.sent.back();
  t.net.inject({Transport::kUdp, request.path.local, request.path.remote},
               write_success(view(request).transaction(), mapped, {}));
  t.net.run(0ms);
}

TEST(Policy, NoHostTellsOnlyHowWeLookFromOutside) {
  LoneAgent t(Role::kControlled, [](Config& config) {
    config.policy = Policy::kNoHost;
    config.stun_servers = {kServer};
  });
  t.agent().gather(t.net.now);
  t.net.settle();

  reflect(t, kOutside);

  ASSERT_EQ(t.party->candidates.size(), 1U);
  EXPECT_EQ(write_candidate(t.party->candidates[0]),
            "1 1 udp 1694498815 203.0.113.99 40000 typ srflx raddr 0.0.0.0 rport 9");
  EXPECT_RULE("8828:5.2#0");
}

TEST(Policy, RelayAnswersNoCheckAroundTheRelay) {
  LoneAgent t(Role::kControlled, [](Config& config) { config.policy = Policy::kRelay; });
  t.introduce();
  t.net.run(1s);

  t.check(t.content());

  EXPECT_TRUE(t.party->candidates.empty());
  EXPECT_TRUE(t.net.sent.empty());
  EXPECT_RULE("8828:5.2#0");
}

TEST(Policy, RelayWithoutServersSaysWhyItFails) {
  LoneAgent t(Role::kControlled, [](Config& config) { config.policy = Policy::kRelay; });
  t.introduce();

  t.net.run(40s);

  EXPECT_EQ(t.agent().state(), State::kFailed);
  EXPECT_EQ(t.agent().explain(), "only relays are allowed, and no TURN server is known");
}

TEST(Names, AHostCandidateHidesBehindOne) {
  LoneAgent t(Role::kControlled, [](Config& config) {
    config.hides_addresses = true;
    config.stun_servers = {kServer};
  });
  t.agent().gather(t.net.now);
  t.net.settle();
  reflect(t, kOutside);

  ASSERT_EQ(t.party->candidates.size(), 2U);
  ASSERT_EQ(t.party->published.size(), 1U);
  const std::string& name = t.party->published[0].name;
  EXPECT_EQ(name.size(), 36U + 6U);
  EXPECT_TRUE(name.ends_with(".local"));
  EXPECT_EQ(t.party->published[0].address, kA);
  EXPECT_EQ(write_candidate(t.party->candidates[0]),
            "1 1 udp 2130706431 " + name + " 1000 typ host");
  EXPECT_EQ(write_candidate(t.party->candidates[1]),
            "2 1 udp 1694498815 203.0.113.99 40000 typ srflx raddr 0.0.0.0 rport 9");
}

Candidate named(const std::string& name, std::uint16_t port = 2000) {
  Candidate candidate = host_candidate(Address{}.with_port(port));
  candidate.host_name = name;
  return candidate;
}

TEST(Names, OneThatIsResolvedIsChecked) {
  LoneAgent t;
  t.introduce({});
  EXPECT_TRUE(t.agent().add_remote_candidate(t.net.now, named("a.local")).has_value());
  t.net.settle();
  ASSERT_EQ(t.party->names_wanted, std::vector<std::string>{"a.local"});
  EXPECT_TRUE(t.checks().empty());

  t.agent().resolved(t.net.now, "a.local", at("10.0.0.7:0"));
  t.net.settle();

  ASSERT_EQ(t.checks().size(), 1U);
  EXPECT_EQ(t.checks()[0].path.remote, at("10.0.0.7:2000"));
  EXPECT_RULE("8839:5.1#2");
}

TEST(Names, OfTheOwnNetworkLeadNowhereElse) {
  LoneAgent t;
  t.introduce({});
  EXPECT_TRUE(t.agent().add_remote_candidate(t.net.now, named("a.local")).has_value());
  t.net.settle();

  t.agent().resolved(t.net.now, "a.local", at("203.0.113.5:0"));
  t.net.run(1s);

  EXPECT_TRUE(t.checks().empty());
  EXPECT_EQ(t.agent().fates().back().sentence,
            "refused: a .local name has to lead to an address of the own network");
}

TEST(Names, AnsweredUnaskedOrTwiceChangeNothing) {
  LoneAgent t;
  t.introduce({});
  EXPECT_TRUE(t.agent().add_remote_candidate(t.net.now, named("a.local")).has_value());

  t.agent().resolved(t.net.now, "b.local", at("10.0.0.8:0"));
  t.agent().resolved(t.net.now, "a.local", std::nullopt);
  t.agent().resolved(t.net.now, "a.local", at("10.0.0.8:0"));
  t.net.run(1s);

  EXPECT_TRUE(t.checks().empty());
  EXPECT_EQ(t.agent().fates().back().sentence,
            "nobody here knows its name; its checks may still come");
}

TEST(Names, AreCounted) {
  LoneAgent t(Role::kControlled, [](Config& config) { config.limits.names = 2; });
  t.introduce({});

  for (const char* name : {"a.local", "b.local", "c.local"})
    EXPECT_TRUE(t.agent().add_remote_candidate(t.net.now, named(name)).has_value());
  t.net.settle();

  EXPECT_EQ(t.party->names_wanted.size(), 2U);
  EXPECT_EQ(t.agent().fates().back().sentence, "not looked up: too many names");
  EXPECT_RULE("8445:19.5.1#2");
}

TEST(Names, HostileCandidatesAreNeverChecked) {
  LoneAgent t;
  t.introduce({});
  for (const char* address : {"224.0.0.1:5", "0.0.0.0:5", "198.51.100.9:0", "[ff02::1]:5"})
    EXPECT_TRUE(t.agent().add_remote_candidate(t.net.now, host_candidate(at(address))).has_value());

  t.net.run(1s);

  EXPECT_TRUE(t.checks().empty());
  EXPECT_EQ(t.agent().fates().back().sentence, "refused: no peer can have this address");
}

}  // namespace
}  // namespace glass::ice::test
