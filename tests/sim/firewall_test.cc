#include "sim/firewall.h"

#include <gtest/gtest.h>

#include "sim/nat.h"
#include "sim/world.h"
#include "tests/sim/toys.h"
#include "tests/support/rules.h"

namespace glass::sim {
namespace {

using namespace std::chrono_literals;
using test::at_ip;
using enum Router::Side;
using Onward = Router::Verdict::Onward;

const Address kHost = at_ip("[2001:db8:1::5]:7000");
const Address kFar = at_ip("[2001:db8:2::9]:3478");
const Address kStranger = at_ip("[2001:db8:3::9]:3478");

struct Wall {
  bool out(const Address& from, const Address& to, Transport transport = Transport::kUdp) {
    Header header{transport, from, to};
    last = firewall.forward(now, kInside, header);
    EXPECT_EQ(header.source, from);
    return last.onward == Onward::kOutside;
  }
  bool in(const Address& from, const Address& to, Transport transport = Transport::kUdp) {
    Header header{transport, from, to};
    last = firewall.forward(now, kOutside, header);
    return last.onward == Onward::kInside;
  }
  Firewall firewall;
  Instant now{};
  Router::Verdict last{};
};

TEST(Firewall, LetsInWhoWasWrittenTo) {
  Wall t{Firewall({})};

  EXPECT_FALSE(t.in(kFar, kHost));
  EXPECT_EQ(t.last.rule, "4787:5#0"_rule);
  EXPECT_TRUE(t.out(kHost, kFar));
  EXPECT_TRUE(t.in(kFar, kHost));
  EXPECT_FALSE(t.in(kStranger, kHost));
  EXPECT_FALSE(t.in(kFar, kHost, Transport::kTcp));
}

TEST(Firewall, ForgetsAfterAWhile) {
  Wall t{Firewall({.lifetime = 30s})};
  t.out(kHost, kFar);

  t.now += 29s;
  EXPECT_TRUE(t.in(kFar, kHost));
  t.now += 29s;
  EXPECT_TRUE(t.in(kFar, kHost));
  t.now += 30s;

  EXPECT_FALSE(t.in(kFar, kHost));
  EXPECT_EQ(t.firewall.session_count(t.now), 0U);
}

TEST(Firewall, MayBlockUdpAndNameWhatHelps) {
  Wall t{Firewall({.traffic = {.udp = false}})};

  EXPECT_FALSE(t.out(kHost, kFar));
  EXPECT_EQ(t.last.rule, "8835:3.4#5"_rule);
  EXPECT_TRUE(t.out(kHost, kFar, Transport::kTls));
  EXPECT_TRUE(t.in(kFar, kHost, Transport::kTls));
}

TEST(Firewall, MayLetOutToOnePortAlone) {
  Wall t{
      Firewall({.traffic = {.udp = false, .only_tcp_port = 443}}
      )
  };

  EXPECT_FALSE(t.out(kHost, kFar, Transport::kTcp));
  EXPECT_TRUE(t.out(kHost, kFar.with_port(443), Transport::kTls));
}

TEST(Firewall, RemembersABoundedNumberOfSessions) {
  Wall t{Firewall({})};
  for (std::size_t i = 0; i < Firewall::kMaxSessions + 1; ++i) {
    t.now += 1ms;
    t.out(kHost.with_port(static_cast<std::uint16_t>(i + 1)), kFar);
  }

  EXPECT_EQ(t.firewall.session_count(t.now), Firewall::kMaxSessions);
  EXPECT_FALSE(t.in(kFar, kHost.with_port(1)));
}

TEST(Firewall, StandsBesideANatForTheOtherFamily) {
  Nat nat({}, std::array{at_ip("203.0.113.5:0")}, 1);
  Firewall firewall({});
  DualStack home(nat, firewall);
  Header four{Transport::kUdp, at_ip("10.0.0.5:7000"), at_ip("198.51.100.1:1")};
  Header six{Transport::kUdp, kHost, kFar};

  EXPECT_EQ(home.forward({}, kInside, four).onward, Onward::kOutside);
  EXPECT_EQ(home.forward({}, kInside, six).onward, Onward::kOutside);

  EXPECT_EQ(four.source, at_ip("203.0.113.5:7000"));
  EXPECT_EQ(six.source, kHost);
}

// In a world: the outside reaches an inside host by its own address, through the firewall.
TEST(Firewall, IsOnTheWayToTheAddressesBehindIt) {
  World world(1, test::test_sink());
  Firewall firewall({});
  test::Speaker inside;
  test::Speaker far;
  std::vector<test::Heard> heard;
  const HostId wall = world.router("wall", firewall, std::array{kHost.with_port(0)});
  const HostId host = world.host(
      "host", inside, kHost, [&](const test::Heard& what) { heard.push_back(what); }, wall);
  const HostId server = world.host("server", far, kFar, [](const test::Heard&) {});

  far.say(kFar, kHost, "too early");
  world.poke(server);
  world.run_for(1s);
  inside.say(kHost, kFar, "hello");
  world.poke(host);
  world.run_for(1s);
  far.say(kFar, kHost, "in time");
  world.poke(server);
  world.run_for(1s);

  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].text, "in time");
  EXPECT_RULE("4787:5#0");
}

}  // namespace
}  // namespace glass::sim
