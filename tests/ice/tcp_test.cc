// tests/ice/tcp_test.cc - candidates over TCP (RFC 6544), between two agents.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ice/agent.h"
#include "ice/candidate.h"
#include "tests/ice/lone_agent.h"
#include "tests/ice/network.h"
#include "tests/support/rules.h"

namespace glass::ice::test {
namespace {

const Address kListener = at("198.51.100.2:9000");
const Address kOpener = kA.with_port(kActivePort);
const Address kOpenerPort = kA.with_port(40009);  // which the listener sees

void opens_tcp(Config& config) { config.opens_tcp = true; }

bool is_udp(const Datagram& datagram) { return datagram.path.transport == Transport::kUdp; }

// The left one opens connections, the right one waits for them; no UDP gets through.
struct OverTcp : Pairing {
  explicit OverTcp(Role left_role = Role::kControlling)
      : Pairing(left_role, left_role == Role::kControlling ? Role::kControlled : Role::kControlling,
                opens_tcp) {
    EXPECT_TRUE(right->agent.restart(net.now, credentials("rest")).has_value());
    EXPECT_TRUE(right->agent.add_host(net.now, kListener, Transport::kTcp).has_value());
    net.route(kListener, *right, kListener);
    net.route(kOpenerPort, *left, kOpener);
    net.translate = [](const Path& path) {
      return path.local == kOpener ? Path{path.transport, kOpenerPort, path.remote} : path;
    };
    right->agent.gather(net.now);
    net.settle();
    net.drop = is_udp;
  }
};

TEST(Tcp, AnActiveCandidateIsOfferedWithTheDiscardPort) {
  LoneAgent t(Role::kControlled, opens_tcp);

  t.agent().gather(t.net.now);
  t.net.settle();

  ASSERT_EQ(t.party->candidates.size(), 2U);
  EXPECT_EQ(write_candidate(t.party->candidates[1]),
            "2 1 tcp 1524629503 192.0.2.1 9 typ host tcptype active");
  EXPECT_RULE("6544:4.2#10");
  EXPECT_RULE("6544:4.5#1");
}

TEST(Tcp, DirectionsArePreferredAsTheRfcRecommends) {
  EXPECT_EQ(tcp_preference(CandidateType::kHost, TcpType::kActive, 8191), 6 * 8192 + 8191);
  EXPECT_EQ(tcp_preference(CandidateType::kHost, TcpType::kPassive, 8191), 4 * 8192 + 8191);
  EXPECT_EQ(tcp_preference(CandidateType::kHost, TcpType::kSimultaneousOpen, 1), 2 * 8192 + 1);
  EXPECT_EQ(tcp_preference(CandidateType::kServerReflexive, TcpType::kSimultaneousOpen, 9),
            6 * 8192 + 9);
  EXPECT_EQ(tcp_preference(CandidateType::kServerReflexive, TcpType::kActive, 9), 4 * 8192 + 9);
}

TEST(Tcp, WhatConnectsGoesWithWhatListens) {
  EXPECT_TRUE(are_compatible(TcpType::kActive, TcpType::kPassive));
  EXPECT_TRUE(are_compatible(TcpType::kPassive, TcpType::kActive));
  EXPECT_TRUE(are_compatible(TcpType::kSimultaneousOpen, TcpType::kSimultaneousOpen));
  EXPECT_FALSE(are_compatible(TcpType::kActive, TcpType::kActive));
  EXPECT_FALSE(are_compatible(TcpType::kNone, TcpType::kPassive));
}

TEST(Tcp, TheOpenerControlsAndConnects) {
  OverTcp t;

  EXPECT_TRUE(t.connect());

  EXPECT_EQ(t.left->agent.selected(), (Path{Transport::kTcp, kOpener, kListener}));
  EXPECT_EQ(t.right->agent.selected(), (Path{Transport::kTcp, kListener, kOpenerPort}));
  EXPECT_RULE("6544:6.2#0");
  EXPECT_RULE("6544:6.2#1");
  EXPECT_RULE("6544:7.1#1");
  EXPECT_RULE("6544:7.2#1");
}

TEST(Tcp, ConsentIsAskedForOnAConnectionToo) {
  OverTcp t;
  ASSERT_TRUE(t.connect());

  t.net.run(7s);
  EXPECT_RULE("7675:5.1#11");
  t.net.drop = [](const Datagram&) { return true; };
  t.net.run(36s);

  EXPECT_EQ(t.left->agent.state(), State::kFailed);
}

TEST(Tcp, TheListenerControlsAndAnswersOnTheConnectionThatWasMade) {
  OverTcp t(Role::kControlled);

  EXPECT_TRUE(t.connect());

  EXPECT_EQ(t.right->agent.selected(), (Path{Transport::kTcp, kListener, kOpenerPort}));
}

TEST(Tcp, UdpIsPreferred) {
  OverTcp t;
  t.net.drop = nullptr;

  EXPECT_TRUE(t.connect());

  EXPECT_EQ(t.left->agent.selected(), (Path{Transport::kUdp, kA, kB}));
}

TEST(Tcp, NothingIsRepeatedOnAConnection) {
  OverTcp t;
  t.net.drop = [](const Datagram&) { return true; };
  t.introduce();

  t.net.run(39s);

  EXPECT_EQ(
      std::ranges::count_if(
          t.net.sent, [](const Datagram& d) { return !is_udp(d) && d.path.local == kOpener; }),
      1);
}

TEST(Tcp, AConnectionThatCannotBeMadeFailsItsPair) {
  OverTcp t;
  t.net.drop = [](const Datagram&) { return true; };
  t.introduce();
  t.net.run(1s);

  t.left->agent.on_unreachable(t.net.now, {Transport::kTcp, kOpener, kListener});

  const auto pairs = t.left->agent.pairs();
  const auto tcp = std::ranges::find(pairs, Transport::kTcp,
                                     [](const PairReport& p) { return p.path.transport; });
  ASSERT_NE(tcp, pairs.end());
  EXPECT_EQ(tcp->state, PairState::kFailed);
  EXPECT_EQ(tcp->fate, "failed: the connection was refused or has broken");
  EXPECT_RULE("6544:7.1#4");
}

TEST(Tcp, AConnectionThatBreaksIsOpenedAgain) {
  OverTcp t;
  ASSERT_TRUE(t.connect());

  t.left->agent.on_unreachable(t.net.now, {Transport::kTcp, kOpener, kListener});
  t.net.settle();
  EXPECT_EQ(t.left->agent.state(), State::kDisconnected);

  EXPECT_TRUE(t.net.run_until([&] { return t.left->agent.state() == State::kCompleted; }, 5s));
  EXPECT_EQ(t.left->agent.selected(), (Path{Transport::kTcp, kOpener, kListener}));
  EXPECT_RULE("6544:11.1#7");
}

}  // namespace
}  // namespace glass::ice::test
