// The TCP-like streams of World: whole, once, in order; loss shows as delay.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/nat.h"
#include "sim/world.h"
#include "tests/sim/toys.h"
#include "tests/support/rules.h"

namespace glass::sim {
namespace {

using namespace std::chrono_literals;
using test::at_ip;
using test::Heard;
using test::Speaker;

const Address kClient = at_ip("192.0.2.1:5000");
const Address kServer = at_ip("198.51.100.1:443");

struct Line {
  explicit Line(std::uint64_t seed = 1, const Impairment& link = {.delay = 10ms})
      : world(seed, test::test_sink()) {
    client_id = world.host("client", client, kClient,
                           [this](const Heard& what) { at_client.push_back(what); });
    server_id = world.host("server", server, kServer,
                           [this](const Heard& what) { at_server.push_back(what); });
    world.link(client_id, server_id, link);
  }
  void say(const std::string& text) {
    client.say(kClient, kServer, text, Transport::kTcp);
    world.poke(client_id);
  }
  void answer(const std::string& text) {
    server.say(kServer, kClient, text, Transport::kTcp);
    world.poke(server_id);
  }
  World world;
  Speaker client;
  Speaker server;
  std::vector<Heard> at_client;
  std::vector<Heard> at_server;
  HostId client_id;
  HostId server_id;
};

TEST(Streams, TakeARoundTripBeforeTheFirstByte) {
  Line t;

  t.say("one");
  t.world.run_for(1s);
  t.say("two");
  t.answer("three");
  t.world.run_for(1s);

  ASSERT_EQ(t.at_server.size(), 2U);
  EXPECT_EQ(t.at_server[0].when, Instant{} + 30ms);
  EXPECT_EQ(t.at_server[0].path, (Path{Transport::kTcp, kServer, kClient}));
  EXPECT_EQ(t.at_server[1].when, Instant{} + 1s + 10ms);
  ASSERT_EQ(t.at_client.size(), 1U);
  EXPECT_EQ(t.at_client[0].when, Instant{} + 1s + 10ms);
}

TEST(Streams, DeliverEverythingInOrderThroughLossAndReordering) {
  Line t(7, {.delay = 10ms,
             .loss = percent(20),
             .duplicate = percent(10),
             .reorder = percent(20),
             .reorder_delay = 50ms});

  for (int i = 0; i < 100; ++i) t.say(std::to_string(i));
  t.world.run_for(60s);

  ASSERT_EQ(t.at_server.size(), 100U);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(t.at_server[static_cast<std::size_t>(i)].text, std::to_string(i));
}

TEST(Streams, CarryWhatIsBiggerThanAPacket) {
  Line t(1, {.delay = 10ms, .mtu = 100});

  t.say(std::string(1000, 'x'));
  t.world.run_for(1s);

  EXPECT_EQ(t.at_server.size(), 1U);
}

TEST(Streams, AreGivenUpInBoundedTime) {
  Line t(1, {.loss = kAlways});

  t.say("nobody hears this");
  t.world.run_for(31s);

  EXPECT_EQ(test::drop_reasons(), (std::vector<std::string>{"lost", "the connection failed"}));
  t.world.link(t.client_id, t.server_id, {});
  t.say("but this");
  t.world.run_for(1s);
  ASSERT_EQ(t.at_server.size(), 1U);
  EXPECT_EQ(t.at_server[0].text, "but this");
}

TEST(Streams, BeginAnewAfterTheOtherEndHasForgotten) {
  Line t;
  t.say("one");
  t.world.run_for(1s);

  t.world.remove(t.server_id);
  t.world.remove_address(t.server_id, kServer);
  Speaker successor;
  std::vector<Heard> heard;
  t.world.host("successor", successor, kServer, [&](const Heard& what) { heard.push_back(what); });
  t.say("lost with the connection");
  t.world.run_for(1s);
  t.say("two");
  t.world.run_for(1s);

  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].text, "two");
}

TEST(Streams, MeetWhenBothCallAtOnce) {
  Line t;

  t.say("from the client");
  t.answer("from the server");
  t.world.run_for(1s);

  EXPECT_EQ(t.at_server.size(), 1U);
  EXPECT_EQ(t.at_client.size(), 1U);
}

TEST(Streams, PassNatsFromTheInside) {
  World world(1, test::test_sink());
  Nat nat({}, std::array{at_ip("203.0.113.5:0")}, 1);
  Speaker inside;
  Speaker far;
  std::vector<Heard> at_home;
  std::vector<Heard> away;
  const Address home = at_ip("10.0.0.5:7000");
  const HostId gateway = world.router("nat", nat, std::array{at_ip("203.0.113.5:0")});
  const HostId host = world.host(
      "home", inside, home, [&](const Heard& what) { at_home.push_back(what); }, gateway);
  const HostId server =
      world.host("server", far, kServer, [&](const Heard& what) { away.push_back(what); });

  far.say(kServer, at_ip("203.0.113.5:7000"), "knock", Transport::kTcp);
  world.poke(server);
  world.run_for(40s);
  EXPECT_RULE("4787:4.1#0");
  inside.say(home, kServer, "out", Transport::kTcp);
  world.poke(host);
  world.run_for(1s);
  ASSERT_EQ(away.size(), 1U);
  far.say(kServer, away[0].path.remote, "in", Transport::kTcp);
  world.poke(server);
  world.run_for(1s);

  ASSERT_EQ(at_home.size(), 1U);
  EXPECT_EQ(at_home[0].text, "in");
}

TEST(Streams, AnUdpBlockLetsThemThrough) {
  World world(1, test::test_sink());
  Nat nat({.traffic = {.udp = false}}, std::array{at_ip("203.0.113.5:0")}, 1);
  Speaker inside;
  Speaker far;
  std::vector<Heard> away;
  const Address home = at_ip("10.0.0.5:7000");
  const HostId gateway = world.router("nat", nat, std::array{at_ip("203.0.113.5:0")});
  const HostId host = world.host("home", inside, home, [](const Heard&) {}, gateway);
  world.host("server", far, kServer, [&](const Heard& what) { away.push_back(what); });

  inside.say(home, kServer, "datagram");
  inside.say(home, kServer, "stream", Transport::kTls);
  world.poke(host);
  world.run_for(1s);

  ASSERT_EQ(away.size(), 1U);
  EXPECT_EQ(away[0].text, "stream");
  EXPECT_RULE("8835:3.4#5");
}

}  // namespace
}  // namespace glass::sim
