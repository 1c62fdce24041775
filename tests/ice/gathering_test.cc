// tests/ice/gathering_test.cc - our own candidates: sockets, and what STUN servers see of them.
#include "ice/gathering.h"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ice/agent.h"
#include "tests/ice/lone_agent.h"
#include "tests/ice/network.h"
#include "tests/support/rules.h"

namespace glass::ice::test {
namespace {

const Address kOutside = at("203.0.113.99:40000");

void with_server(Config& config) { config.stun_servers = {kServer}; }

// What the server answers to `request`.
void reflect(LoneAgent& t, const Datagram& request, const Address& mapped) {
  t.net.inject({Transport::kUdp, request.path.local, request.path.remote},
               write_success(view(request).transaction(), mapped, {}));
  t.net.run(0ms);
}

TEST(Gathering, ASocketIsAHostCandidate) {
  LoneAgent t;
  EXPECT_TRUE(t.party->candidates.empty());

  t.agent().gather(t.net.now);
  t.net.settle();

  ASSERT_EQ(t.party->candidates.size(), 1U);
  EXPECT_EQ(write_candidate(t.party->candidates[0]), "1 1 udp 2130706431 192.0.2.1 1000 typ host");
  EXPECT_TRUE(t.party->gathering_done);
  EXPECT_RULE("8445:5.1.1.1#1");
  EXPECT_RULE("8445:5.1.2.1#0");
}

TEST(Gathering, WhatTheServerSeesIsAServerReflexiveCandidate) {
  LoneAgent t(Role::kControlled, with_server);
  t.agent().gather(t.net.now);
  t.net.settle();
  ASSERT_EQ(t.net.sent.size(), 1U);
  EXPECT_EQ(t.net.sent[0].path, (Path{Transport::kUdp, kA, kServer}));
  EXPECT_FALSE(t.party->gathering_done);

  reflect(t, t.net.sent[0], kOutside);

  ASSERT_EQ(t.party->candidates.size(), 2U);
  EXPECT_EQ(write_candidate(t.party->candidates[1]),
            "2 1 udp 1694498815 203.0.113.99 40000 typ srflx raddr 192.0.2.1 rport 1000");
  EXPECT_TRUE(t.party->gathering_done);
  EXPECT_RULE("8445:5.1.1.2#0");
  EXPECT_RULE("8445:5.1.1.2#1");
  EXPECT_RULE("8445:14.3#1");
}

TEST(Gathering, AReflexiveCandidateIsCheckedFromItsBaseAndHencePruned) {
  LoneAgent t(Role::kControlled, with_server);
  t.introduce();
  ASSERT_EQ(t.agent().pairs().size(), 1U);

  reflect(t, t.net.sent.front(), kOutside);

  EXPECT_EQ(t.agent().pairs().size(), 1U);
  EXPECT_RULE("8445:6.1.2.4#0");
  EXPECT_RULE("8445:6.1.2.4#1");
  EXPECT_RULE("8838:10#2");
}

TEST(Gathering, WithoutNatTheReflexiveCandidateIsRedundant) {
  LoneAgent t(Role::kControlled, with_server);
  t.agent().gather(t.net.now);
  t.net.settle();

  reflect(t, t.net.sent[0], kA);

  EXPECT_EQ(t.party->candidates.size(), 1U);
  EXPECT_TRUE(t.party->gathering_done);
  EXPECT_RULE("8445:5.1.3#1");
}

TEST(Gathering, ASilentServerIsNoDisaster) {
  LoneAgent t(Role::kControlled, with_server);
  t.agent().gather(t.net.now);
  t.net.run(39499ms);
  EXPECT_EQ(t.net.sent.size(), 7U);
  EXPECT_FALSE(t.party->gathering_done);

  t.net.run(1ms);

  EXPECT_TRUE(t.party->gathering_done);
  EXPECT_EQ(t.party->candidates.size(), 1U);
}

TEST(Gathering, AnErrorEndsTheQuestion) {
  LoneAgent t(Role::kControlled, with_server);
  t.agent().gather(t.net.now);
  t.net.settle();

  t.net.inject({Transport::kUdp, kA, kServer},
               write_error(view(t.net.sent[0]).transaction(), 500, {}, {}));
  t.net.run(0ms);

  EXPECT_TRUE(t.party->gathering_done);
}

TEST(Gathering, AnAnswerFromElsewhereIsDropped) {
  LoneAgent t(Role::kControlled, with_server);
  t.agent().gather(t.net.now);
  t.net.settle();

  t.net.inject({Transport::kUdp, kA, kServer.with_port(1)},
               write_success(view(t.net.sent[0]).transaction(), kOutside, {}));
  t.net.run(0ms);

  EXPECT_FALSE(t.party->gathering_done);
  EXPECT_EQ(t.party->candidates.size(), 1U);
}

TEST(Gathering, QuestionsKeepTheDistanceOfTa) {
  LoneAgent t(Role::kControlled, [](Config& config) {
    config.stun_servers = {kServer, kServer.with_port(1), at("[2001:db8::3]:3478")};
  });
  t.net.host(*t.party, kA.with_port(1001));
  t.agent().gather(t.net.now);

  t.net.run(499ms);

  // Two sockets and two servers of their family.
  ASSERT_EQ(t.net.sent.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_EQ(t.net.sent[i].sent, when(50ms * static_cast<int>(i)));
}

TEST(Gathering, PrioritiesAndFoundationsTellCandidatesApart) {
  LoneAgent t(Role::kControlled,
              [](Config& config) { config.stun_servers = {kServer, at("203.0.113.4:3478")}; });
  t.net.host(*t.party, at("192.0.2.8:1"));
  t.net.host(*t.party, at("[2001:db8::1]:1"));
  t.agent().gather(t.net.now);
  t.net.run(400ms);
  std::uint16_t port = 1;
  for (const Datagram& request : std::vector<Datagram>(t.net.sent))
    reflect(t, request, kOutside.with_port(port++));

  std::set<std::uint32_t> priorities;
  std::set<std::string> foundations;
  for (const Candidate& candidate : t.party->candidates) {
    priorities.insert(candidate.priority);
    foundations.insert(candidate.foundation);
  }
  EXPECT_EQ(t.party->candidates.size(), 7U);
  EXPECT_EQ(priorities.size(), 7U);
  EXPECT_EQ(foundations.size(), 7U);
  EXPECT_RULE("8445:5.1.2.1#5");
}

TEST(Gathering, BindingsAreKeptAliveUntilIceIsCompleted) {
  LoneAgent t(Role::kControlled, with_server);
  t.introduce({});
  reflect(t, t.net.sent.front(), kOutside);
  const auto before = t.net.sent.size();

  t.net.run(15s);
  ASSERT_EQ(t.net.sent.size(), before + 1);
  EXPECT_EQ(t.net.sent.back().sent, when(15s));
  EXPECT_EQ(t.net.sent.back().path.remote, kServer);
  EXPECT_RULE("8445:5.1.1.4#2");
  EXPECT_RULE("8445:5.1.1.4#1");
  reflect(t, t.net.sent.back(), kOutside);

  t.check(t.nominating());
  t.net.run(50ms);
  t.answer(t.checks().back());
  ASSERT_EQ(t.agent().state(), State::kCompleted);
  t.net.run(9s);
  for (const Datagram& datagram : t.net.sent)
    EXPECT_TRUE(datagram.sent <= when(15s) || datagram.path.remote != kServer);
}

TEST(Gathering, AddressesThatPeersCannotUseAreNoCandidates) {
  LoneAgent t;
  const auto refused = [&](std::string_view address) {
    return t.agent().add_host(t.net.now, at(address)).error() == AgentError::kUnusableAddress;
  };
  EXPECT_TRUE(refused("127.0.0.1:1"));
  EXPECT_TRUE(refused("[::1]:1"));
  EXPECT_RULE("8445:5.1.1.1#4");
  EXPECT_TRUE(refused("[fec0::1]:1"));
  EXPECT_TRUE(refused("[::102:304]:1"));
  EXPECT_RULE("8445:5.1.1.1#5");
  EXPECT_TRUE(refused("0.0.0.0:1"));
  EXPECT_TRUE(refused("224.0.0.1:1"));
  EXPECT_TRUE(refused("192.0.2.1:1000")) << "it is there already";
}

TEST(Gathering, LoopbackIsAllowedOnRequest) {
  LoneAgent t(Role::kControlled, [](Config& config) { config.allow_loopback = true; });

  EXPECT_TRUE(t.agent().add_host(t.net.now, at("127.0.0.1:1")).has_value());
}

}  // namespace
}  // namespace glass::ice::test
