#include "sim/world.h"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/sim/toys.h"
#include "tests/support/rules.h"

namespace glass::sim {
namespace {

using namespace std::chrono_literals;
using test::at_ip;
using test::Heard;
using test::LineSink;
using test::Speaker;

const Address kA = at_ip("192.0.2.1:1000");
const Address kB = at_ip("192.0.2.2:2000");
const Instant kStart{};

// Two speakers, and what each of them heard.
struct Pair {
  explicit Pair(std::uint64_t seed = 1, Sink* sink = nullptr) : world(seed, sink) {
    a = world.host("a", node_a, kA, [this](const Heard& heard) { heard_a.push_back(heard); });
    b = world.host("b", node_b, kB, [this](const Heard& heard) { heard_b.push_back(heard); });
  }
  void a_says(const std::string& text) {
    node_a.say(kA, kB, text);
    world.poke(a);
  }
  [[nodiscard]] std::vector<std::string> texts_b() const {
    std::vector<std::string> out;
    for (const Heard& heard : heard_b) out.push_back(heard.text);
    return out;
  }
  Speaker node_a;
  Speaker node_b;
  std::vector<Heard> heard_a;
  std::vector<Heard> heard_b;
  World world;
  HostId a;
  HostId b;
};

TEST(World, ADatagramArrivesAfterExactlyTheDelay) {
  Pair t;
  t.world.link(t.a, t.b, {.delay = 25ms});

  t.a_says("hello");

  ASSERT_TRUE(t.world.run_until([&] { return !t.heard_b.empty(); }, 1s));
  EXPECT_EQ(t.world.now(), kStart + 25ms);
  EXPECT_EQ(t.heard_b[0].when, kStart + 25ms);
  EXPECT_EQ(t.heard_b[0].text, "hello");
  EXPECT_EQ(t.heard_b[0].path, (Path{Transport::kUdp, kB, kA}));
}

TEST(World, UplinksAndLinkAddUp) {
  Pair t;
  t.world.uplink(t.a, {.delay = 1ms}, {.delay = 10ms});
  t.world.link(t.a, t.b, {.delay = 100ms});
  t.world.uplink(t.b, {.delay = 2ms}, {.delay = 20ms});

  t.a_says("there");
  t.node_b.say(kB, kA, "back");
  t.world.poke(t.b);
  t.world.run_for(1s);

  ASSERT_EQ(t.heard_b.size(), 1U);
  ASSERT_EQ(t.heard_a.size(), 1U);
  EXPECT_EQ(t.heard_b[0].when, kStart + 121ms);
  EXPECT_EQ(t.heard_a[0].when, kStart + 112ms);
}

TEST(World, WithoutALinkADatagramTakesNoTimeAtAll) {
  Pair t;

  t.a_says("now");

  ASSERT_TRUE(t.world.run_until([&] { return !t.heard_b.empty(); }, 0s));
  EXPECT_EQ(t.world.now(), kStart);
}

TEST(World, DatagramsOfOneInstantArriveInTheOrderTheyWereSent) {
  Pair t;
  t.world.link(t.a, t.b, {.delay = 5ms});

  for (int i = 0; i < 20; ++i) t.a_says(std::to_string(i));
  t.world.run_for(1s);

  ASSERT_EQ(t.heard_b.size(), 20U);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(t.heard_b[i].text, std::to_string(i));
}

TEST(World, AHostIsCalledAtTheInstantItAskedFor) {
  Pair t;
  t.node_a.wake(kStart + 1234567ns);

  t.world.run_for(1s);

  EXPECT_EQ(t.node_a.woken, std::vector{kStart + 1234567ns});
  EXPECT_EQ(t.world.now(), kStart + 1s);
}

TEST(World, AnInstantThatHasPassedMeansAtOnce) {
  Pair t;
  t.world.run_for(1s);
  t.node_a.wake(kStart + 1ms);

  EXPECT_TRUE(t.world.step());

  EXPECT_EQ(t.node_a.woken, std::vector{kStart + 1s});
}

TEST(World, ScriptedEventsHappenInOrderBeforeTheTimersOfTheirInstant) {
  Pair t;
  std::vector<std::string> order;
  t.world.at(kStart + 2ms, [&](World& world) {
    order.emplace_back("second");
    EXPECT_EQ(world.now(), kStart + 2ms);
    EXPECT_TRUE(t.node_a.woken.empty());
  });
  t.world.at(kStart + 2ms, [&](World&) { order.emplace_back("third"); });
  t.world.at(kStart + 1ms, [&](World& world) {
    order.emplace_back("first");
    world.at(kStart, [&](World&) { order.emplace_back("too late is at once"); });
  });
  t.node_a.wake(kStart + 2ms);

  t.world.run_for(10ms);

  EXPECT_EQ(order, (std::vector<std::string>{"first", "too late is at once", "second", "third"}));
  EXPECT_EQ(t.node_a.woken.size(), 1U);
}

TEST(World, RunUntilGivesUpAtItsLimitAndPrintsTheSeed) {
  Pair t(77);

  testing::internal::CaptureStderr();
  const bool done = t.world.run_until([] { return false; }, 3s);
  const std::string said = testing::internal::GetCapturedStderr();

  EXPECT_FALSE(done);
  EXPECT_EQ(t.world.now(), kStart + 3s);
  EXPECT_NE(said.find("seed 77"), std::string::npos);
  EXPECT_NE(said.find("3000 ms"), std::string::npos);
}

TEST(World, AnEventAtTheLimitStillHappens) {
  Pair t;
  bool happened = false;
  t.world.at(kStart + 3s, [&](World&) { happened = true; });

  EXPECT_TRUE(t.world.run_until([&] { return happened; }, 3s));
}

TEST(World, StepSaysWhenNothingIsLeft) {
  Pair t;
  t.a_says("one");

  EXPECT_TRUE(t.world.step());
  EXPECT_FALSE(t.world.step());
}

TEST(World, WhatTheNetworkDoesIsTraced) {
  LineSink sink;
  Pair t(1, &sink);
  t.world.link(t.a, t.b, {.delay = 7ms});
  t.world.at(kStart + 1ms, [&](World& world) {
    t.node_a.say(kA, at_ip("192.0.2.99:9"), "x");
    t.node_a.say(at_ip("192.0.2.98:9"), kB, "x");
    world.poke(t.a);
  });

  t.a_says("hi");
  t.world.run_for(1s);

  EXPECT_EQ(sink.lines, (std::vector<std::string>{
                            "0.000 ms 1 sent #1 192.0.2.1:1000 192.0.2.2:2000 6869",
                            "1.000 ms 1 sent #2 192.0.2.1:1000 192.0.2.99:9 78",
                            "1.000 ms 1 dropped packet 2",
                            "1.000 ms 1 drop no such host",
                            "1.000 ms 1 sent #3 192.0.2.98:9 192.0.2.2:2000 78",
                            "1.000 ms 1 dropped packet 3",
                            "1.000 ms 1 drop not an address of its host",
                            "7.000 ms 2 received #1 192.0.2.2:2000 192.0.2.1:1000 6869",
                        }));
  EXPECT_EQ(t.world.names(), (std::vector<std::string>{"network", "a", "b"}));
}

TEST(World, PacketsThatAreTooBigAreDropped) {
  Pair t(1, test::test_sink());
  t.world.link(t.a, t.b, {.mtu = 128});

  t.a_says(std::string(100, 'x'));  // 128 with its headers
  t.a_says(std::string(101, 'y'));
  t.world.run_for(1s);

  EXPECT_EQ(t.texts_b(), std::vector{std::string(100, 'x')});
  EXPECT_EQ(test::drop_reasons(), std::vector<std::string>{"too big"});
}

// What a hundred datagrams through everything at once leave in the trace.
std::vector<std::string> noisy_trace(std::uint64_t seed) {
  LineSink sink;
  Pair t(seed, &sink);
  t.world.link(t.a, t.b,
               {
                   .delay = 20ms,
                   .jitter = 30ms,
                   .loss = percent(10),
                   .bursts = {.to_bad = percent(5), .to_good = percent(30)},
                   .duplicate = percent(10),
                   .reorder = percent(10),
                   .reorder_delay = 15ms,
                   .bits_per_second = 100'000
  });
  for (int i = 0; i < 100; ++i)
    t.world.at(kStart + i * 3ms, [&t, i](World&) { t.a_says(std::to_string(i)); });
  t.world.run_for(10s);
  return sink.lines;
}

TEST(World, EqualSeedsLeaveEqualTraces) {
  EXPECT_EQ(noisy_trace(5), noisy_trace(5));
  EXPECT_NE(noisy_trace(5), noisy_trace(6));
}

TEST(World, DiceOfOneLinkAreNotDisturbedByAnother) {
  const auto arrivals = [](bool with_other) {
    Pair t(9);
    const Address c_address = at_ip("192.0.2.3:3000");
    Speaker c;
    const HostId c_id = t.world.host("c", c, c_address, [](const Heard&) {});
    t.world.link(t.a, t.b, {.loss = percent(50)});
    t.world.link(c_id, t.b, {.loss = percent(50)});
    for (int i = 0; i < 50; ++i) {
      t.a_says("a" + std::to_string(i));
      if (with_other) c.say(c_address, kB, "c");
      t.world.poke(c_id);
    }
    t.world.run_for(1s);
    auto texts = t.texts_b();
    std::erase(texts, "c");
    return texts;
  };

  EXPECT_EQ(arrivals(false), arrivals(true));
}

TEST(World, AnAddressMayMoveAndFlightsToTheOldOneAreLost) {
  Pair t(1, test::test_sink());
  t.world.link(t.a, t.b, {.delay = 10ms});
  const Address later = at_ip("198.51.100.7:2000");
  t.world.at(kStart + 5ms, [&](World& world) {
    world.remove_address(t.b, kB);
    world.add_address(t.b, later);
  });
  t.world.at(kStart + 6ms, [&](World& world) {
    t.node_a.say(kA, later, "new");
    world.poke(t.a);
  });

  t.a_says("old");
  t.world.run_for(1s);

  EXPECT_EQ(t.texts_b(), std::vector<std::string>{"new"});
  EXPECT_EQ(test::drop_reasons(), std::vector<std::string>{"no such host"});
}

TEST(World, ALinkMayChangeWhileDatagramsTravel) {
  Pair t;
  t.world.link(t.a, t.b, {.delay = 10ms});
  t.world.at(kStart + 1ms, [&](World& world) { world.link(t.a, t.b, {.loss = kAlways}); });
  t.world.at(kStart + 2ms, [&](World&) { t.a_says("into the dark"); });

  t.a_says("under way");
  t.world.run_for(1s);

  EXPECT_EQ(t.texts_b(), std::vector<std::string>{"under way"});
}

TEST(World, AnOwnerOfPortZeroHasEveryPortThatNobodyElseHas) {
  World world(1);
  std::vector<std::string> log;
  Speaker a;
  Speaker whole;
  Speaker one;
  const Address ip = at_ip("192.0.2.7:0");
  const HostId a_id = world.host("a", a, kA, [](const Heard&) {});
  world.host("whole", whole, ip, [&](const Heard& heard) { log.push_back("whole " + heard.text); });
  world.host("one", one, ip.with_port(53),
             [&](const Heard& heard) { log.push_back("one " + heard.text); });

  a.say(kA, ip.with_port(52), "52");
  a.say(kA, ip.with_port(53), "53");
  world.poke(a_id);
  world.run_for(1s);

  EXPECT_EQ(log, (std::vector<std::string>{"whole 52", "one 53"}));
}

TEST(World, MulticastReachesAllWhoListenButNotTheSender) {
  World world(1);
  const Address group = at_ip("224.0.0.251:5353");
  std::vector<std::string> log;
  Speaker nodes[3];
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string name = "n" + std::to_string(i);
    const Address own = Address::v4(0x0a000001 + static_cast<std::uint32_t>(i), 5353);
    world.host(name, nodes[i], std::array{own, group},
               [&log, name](const Heard& heard) { log.push_back(name + ' ' + heard.text); });
  }

  nodes[1].say(at_ip("10.0.0.2:5353"), group, "who");
  world.poke(world.name("n1"));
  world.run_for(1s);

  EXPECT_EQ(log, (std::vector<std::string>{"n0 who", "n2 who"}));
}

TEST(World, EventsMayCommandOtherHostsWhichThenHaveTheirTurn) {
  World world(1);
  Speaker a;
  Speaker b;
  std::vector<std::string> log;
  const HostId b_id = world.name("b");
  world.host("a", a, kA, [&](const Heard& heard) {
    log.push_back("a " + heard.text);
    b.say(kB, kA, "again");
    if (log.size() < 3) world.poke(b_id);
  });
  world.host("b", b, kB, [](const Heard&) {});

  b.say(kB, kA, "first");
  world.poke(b_id);
  world.run_for(1s);

  EXPECT_EQ(log, (std::vector<std::string>{"a first", "a again", "a again"}));
}

TEST(World, ARemovedHostHearsNothing) {
  Pair t(1, test::test_sink());
  t.world.remove(t.b);

  t.a_says("gone");
  t.world.run_for(1s);

  EXPECT_TRUE(t.heard_b.empty());
  EXPECT_EQ(test::drop_reasons(), std::vector<std::string>{"no such host"});
}

TEST(World, AHostMayBeRemovedByItsOwnEvent) {
  World world(1);
  Speaker a;
  Speaker b;
  int events = 0;
  const HostId a_id = world.host("a", a, kA, [](const Heard&) {});
  world.host("b", b, kB, [&](const Heard&) {
    ++events;
    world.remove(world.name("b"));
  });

  a.say(kA, kB, "1");
  a.say(kA, kB, "2");
  world.poke(a_id);
  world.run_for(1s);

  EXPECT_EQ(events, 1);
}

TEST(World, SeedsForMachinesDependOnSeedAndNameOnly) {
  const World one(1);
  World same(1);
  const World other(2);
  same.name("somebody");

  EXPECT_EQ(one.seed_for("a"), same.seed_for("a"));
  EXPECT_NE(one.seed_for("a"), one.seed_for("b"));
  EXPECT_NE(one.seed_for("a"), other.seed_for("a"));
}

TEST(WorldDeathTest, ANodeThatNeverLetsTimePassIsFound) {
  struct Restless {
    using Event = int;
    void receive(Instant, const Received&) {}
    void on_time(Instant) {}
    [[nodiscard]] Instant next_time() const { return Instant{}; }
    std::optional<Path> poll_transmit(Instant, PacketBuffer&) { return std::nullopt; }
    std::optional<int> poll_event() { return std::nullopt; }
  };
  EXPECT_DEATH(
      {
        World world(1);
        Restless node;
        world.host("restless", node, kA, [](int) {});
        world.run_for(1s);
      },
      "steps_now_");
}

}  // namespace
}  // namespace glass::sim
