#include "sim/router.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/world.h"
#include "tests/sim/toys.h"
#include "tests/support/rules.h"

namespace glass::sim {
namespace {

using namespace std::chrono_literals;
using test::at_ip;
using test::Heard;
using test::Speaker;

// Maps every port of one inside host to itself: the least that may be called a NAT.
class OneToOne final : public Router {
 public:
  OneToOne(Address inside, Address outside) : inside_(inside), outside_(outside) {}
  Verdict forward(Instant, Side from, Header& header) override {
    using enum Verdict::Onward;
    auto& [transport, source, target] = header;
    if (from == Side::kInside) {
      if (!source.same_ip(inside_)) return {kDrop, "not mine", {}};
      source = outside_.with_port(source.port);
      if (!target.same_ip(outside_)) return {kOutside, {}, {}};
      target = inside_.with_port(target.port);
      return {kInside, {}, {}};  // hairpinning
    }
    if (closed) return {kDrop, "filtered", {}};
    target = inside_.with_port(target.port);
    return {kInside, {}, {}};
  }
  bool closed = false;

 private:
  Address inside_;
  Address outside_;
};

const Address kInside = at_ip("10.0.0.5:700");
const Address kOutside = at_ip("203.0.113.5:700");
const Address kFar = at_ip("198.51.100.1:99");

struct Home {
  Home() {
    gateway = world.router("gateway", nat, std::array{kOutside.with_port(0)});
    host = world.host(
        "home", inside, kInside, [this](const Heard& heard) { at_home.push_back(heard); }, gateway);
    server = world.host("server", far, kFar, [this](const Heard& heard) { away.push_back(heard); });
  }
  World world{1, test::test_sink()};
  OneToOne nat{kInside, kOutside};
  Speaker inside;
  Speaker far;
  std::vector<Heard> at_home;
  std::vector<Heard> away;
  HostId gateway;
  HostId host;
  HostId server;
};

TEST(Router, AddressesAreTranslatedOnTheWayOutAndBack) {
  Home t;
  t.world.link(t.host, t.gateway, {.delay = 1ms});
  t.world.link(t.gateway, t.server, {.delay = 10ms});
  t.world.uplink(t.gateway, {.delay = 100ms}, {.delay = 200ms});

  t.inside.say(kInside, kFar, "ping");
  t.world.poke(t.host);
  ASSERT_TRUE(t.world.run_until([&] { return !t.away.empty(); }, 5s));
  t.far.say(kFar, t.away[0].path.remote, "pong");
  t.world.poke(t.server);
  ASSERT_TRUE(t.world.run_until([&] { return !t.at_home.empty(); }, 5s));

  EXPECT_EQ(t.away[0].path.remote, kOutside);
  EXPECT_EQ(t.away[0].when, Instant{} + 111ms);
  EXPECT_EQ(t.at_home[0].path, (Path{Transport::kUdp, kInside, kFar}));
  EXPECT_EQ(t.at_home[0].when, Instant{} + 111ms + 211ms);
}

TEST(Router, ADropNamesItsReason) {
  Home t;
  t.nat.closed = true;

  t.far.say(kFar, kOutside, "knock");
  t.world.poke(t.server);
  t.world.run_for(1s);

  EXPECT_TRUE(t.at_home.empty());
  EXPECT_EQ(test::drop_reasons(), std::vector<std::string>{"filtered"});
}

TEST(Router, APacketMayTurnBackInside) {
  Home t;

  t.inside.say(kInside, kOutside.with_port(700), "to myself");
  t.world.poke(t.host);
  t.world.run_for(1s);

  ASSERT_EQ(t.at_home.size(), 1U);
  EXPECT_EQ(t.at_home[0].path.remote, kOutside);
}

TEST(Router, NobodyOutsideReachesAnInsideAddress) {
  Home t;

  t.far.say(kFar, kInside, "hello");
  t.world.poke(t.server);
  t.world.run_for(1s);

  EXPECT_EQ(test::drop_reasons(), std::vector<std::string>{"no such host"});
}

TEST(Router, RoutersMayStandBehindRouters) {
  Home t;
  const Address deep = at_ip("10.1.0.9:700");
  OneToOne inner(deep, at_ip("10.0.0.5:0"));
  Speaker node;
  std::vector<Heard> heard;
  t.world.remove_address(t.host, kInside);
  const HostId second = t.world.router("second", inner, std::array{at_ip("10.0.0.5:0")}, t.gateway);
  const HostId id =
      t.world.host("deep", node, deep, [&](const Heard& what) { heard.push_back(what); }, second);

  node.say(deep, kFar, "out");
  t.world.poke(id);
  ASSERT_TRUE(t.world.run_until([&] { return !t.away.empty(); }, 1s));
  t.far.say(kFar, t.away[0].path.remote, "in");
  t.world.poke(t.server);

  ASSERT_TRUE(t.world.run_until([&] { return !heard.empty(); }, 1s));
  EXPECT_EQ(t.away[0].path.remote, kOutside);
  EXPECT_EQ(heard[0].path.local, deep);
}

TEST(Router, AHostMayMoveIntoAnotherNetwork) {
  Home t;
  const Address roaming = at_ip("192.0.2.77:700");
  t.world.move(t.host, std::span(&roaming, 1));

  t.inside.say(roaming, kFar, "from abroad");
  t.inside.say(kInside, kFar, "from home");
  t.world.poke(t.host);
  t.world.run_for(1s);

  ASSERT_EQ(t.away.size(), 1U);
  EXPECT_EQ(t.away[0].path.remote, roaming);
  EXPECT_EQ(test::drop_reasons(), std::vector<std::string>{"not an address of its host"});
}

TEST(Router, APacketThatGoesInCirclesIsDropped) {
  class Mirror final : public Router {
   public:
    Verdict forward(Instant, Side, Header& header) override {
      header.target = kOutside;
      return {Verdict::Onward::kOutside, {}, {}};
    }
  };
  World world(1, test::test_sink());
  Mirror mirror;
  world.router("mirror", mirror, std::array{kOutside});
  Speaker node;
  const HostId id = world.host("far", node, kFar, [](const Heard&) {});

  node.say(kFar, kOutside, "round and round");
  world.poke(id);
  world.run_for(1s);

  EXPECT_EQ(test::drop_reasons(), std::vector<std::string>{"too many hops"});
}

TEST(Routes, AnAddressIsForgottenWithItsOwner) {
  Routes routes;
  const HostId one{1};
  routes.add(kInternet, kFar, one);

  EXPECT_TRUE(routes.owns(kInternet, kFar, one));
  EXPECT_FALSE(routes.owns(one, kFar, one));  // another segment

  routes.remove(kInternet, kFar, one);

  EXPECT_TRUE(routes.find(kInternet, kFar).empty());
}

}  // namespace
}  // namespace glass::sim
