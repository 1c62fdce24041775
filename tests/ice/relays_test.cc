// tests/ice/relays_test.cc - agents whose way leads through a TURN server, in a simulated network.
#include "ice/relays.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "ice/agent.h"
#include "sim/world.h"
#include "stun/credentials.h"
#include "stun/turn/relay_ports.h"
#include "stun/turn/server.h"
#include "tests/ice/network.h"
#include "tests/support/rules.h"

namespace glass::ice::test {
namespace {

const Address kTurn = at("203.0.113.3:3478");
const Address kRelayIp = at("203.0.113.4:0");

// One agent with all that it said. Datagrams between the two go through `world`.
struct Side {
  SeededRandom dice;
  Agent agent;
  sim::HostId host{};
  std::vector<Candidate> candidates;
  bool is_gathered = false;

  Side(Config config, std::uint64_t seed, std::uint16_t node)
      : dice(seed), agent(std::move(config), dice, glass::test::test_trace(Layer::kIce, node)) {}
};

// A and B cannot reach each other, but both reach the TURN server.
struct Relayed {
  stun::StaticCredentials users;
  stun::turn::AnyPort ports;
  SeededRandom dice{99};
  std::optional<stun::turn::Server> server;
  sim::World world;
  sim::HostId server_host{};
  Side left;
  Side right;
  std::string payload;  // what has arrived on the right besides STUN

  explicit Relayed(Transport transport = Transport::kUdp, bool both = true, std::uint64_t seed = 1,
                   const std::string& password = "secret")
      : world(seed),
        left(config_for(kLeft, Role::kControlling, transport, true, password), seed, 1),
        right(config_for(kRight, Role::kControlled, transport, both, password), seed + 9, 2) {
    EXPECT_TRUE(users.add("user", "secret"));
    stun::turn::ServerConfig config;
    config.listening = {kTurn};
    config.relay_v4 = kRelayIp;
    server.emplace(config, ports, users, dice, glass::test::test_trace(Layer::kTurn, 3));
    const std::array<Address, 2> addresses{kTurn, kRelayIp};
    server_host = world.host("turn", *server, addresses, [](const auto&) {});
    join(left, kA, right);
    join(right, kB, left);
    world.link(left.host, right.host, {.loss = sim::percent(100)});
  }
  static Config config_for(const Credentials& local, Role role, Transport transport, bool with_turn,
                           const std::string& password) {
    Config config = config_of(local, role);
    if (with_turn)
      config.turn_servers = {
          {transport, kTurn, "user", password}
      };
    return config;
  }
  void join(Side& side, const Address& address, Side& other) {
    side.host = world.host(&side == &left ? "left" : "right", side.agent, address,
                           [this, &side, &other](const Event& event) { tell(side, other, event); });
    EXPECT_TRUE(side.agent.add_host(world.now(), address).has_value());
  }
  void tell(Side& side, Side& other, const Event& event) {
    if (const auto* found = std::get_if<CandidateFound>(&event)) {
      side.candidates.push_back(found->candidate);
      EXPECT_TRUE(other.agent.add_remote_candidate(world.now(), found->candidate).has_value());
    }
    if (std::holds_alternative<GatheringDone>(event)) {
      side.is_gathered = true;
      other.agent.end_of_remote_candidates(world.now());
    }
    world.poke(other.host);
  }
  bool connect(Duration limit = 30s) {
    left.agent.gather(world.now());
    right.agent.gather(world.now());
    EXPECT_TRUE(left.agent.set_remote(world.now(), kRight).has_value());
    EXPECT_TRUE(right.agent.set_remote(world.now(), kLeft).has_value());
    world.poke(left.host);
    world.poke(right.host);
    return world.run_until(
        [&] {
          return left.agent.state() == State::kCompleted &&
                 right.agent.state() == State::kCompleted;
        },
        limit);
  }
  const Candidate* relayed_of(const Side& side) {
    const auto found =
        std::ranges::find(side.candidates, CandidateType::kRelayed, &Candidate::type);
    return found == side.candidates.end() ? nullptr : &*found;
  }
};

TEST(Relays, TwoAgentsMeetAtTheServer) {
  Relayed t;

  ASSERT_TRUE(t.connect());

  const Candidate* mine = t.relayed_of(t.left);
  ASSERT_NE(mine, nullptr);
  EXPECT_TRUE(mine->address.same_ip(kRelayIp));
  EXPECT_EQ(mine->related, kA);
  EXPECT_EQ(mine->priority >> 24, 0U);
  const Path left = *t.left.agent.selected();
  EXPECT_TRUE(left.local.same_ip(kRelayIp) || left.remote.same_ip(kRelayIp));
  EXPECT_RULE("8445:5.1.2.2#3");
  EXPECT_RULE("8445:7.2.1#1");
  EXPECT_RULE("8445:7.2.1#2");
  EXPECT_RULE("8445:7.2.1#4");
}

TEST(Relays, OneOfTwoIsEnough) {
  Relayed t(Transport::kUdp, false);

  ASSERT_TRUE(t.connect());

  EXPECT_TRUE(t.left.agent.selected()->local.same_ip(kRelayIp));
  EXPECT_EQ(t.left.agent.selected()->remote, kB);
  EXPECT_EQ(t.right.agent.selected()->local, kB);
}

TEST(Relays, TheServerIsReachedOverTcpAndTlsToo) {
  for (const Transport transport : {Transport::kTcp, Transport::kTls}) {
    Relayed t(transport);

    EXPECT_TRUE(t.connect()) << to_text(transport);
  }
}

TEST(Relays, ConnectWhateverTheSeed) {
  for (std::uint64_t seed = 1; seed <= 64; ++seed) {
    Relayed t(Transport::kUdp, seed % 2 == 0, seed);
    sim::Impairment bad{.delay = 30ms, .jitter = 20ms, .loss = sim::percent(20)};
    t.world.link(t.left.host, t.server_host, bad);

    EXPECT_TRUE(t.connect()) << seed;
  }
}

TEST(Relays, DataIsWrappedAndUnwrappedInPlace) {
  Relayed t(Transport::kUdp, false);
  ASSERT_TRUE(t.connect());
  t.world.run_for(1s);  // the channel is bound
  PacketBuffer out;
  out.clear();
  copy_bytes(as_bytes("hello"), out.append(5));

  const auto way = t.left.agent.wrap(t.world.now(), *t.left.agent.selected(), out);

  ASSERT_TRUE(way.has_value());
  EXPECT_EQ(*way, (Path{Transport::kUdp, kA, kTurn}));
  EXPECT_EQ(out.size(), 4U + 5U);  // a channel's head
  out.clear();
  copy_bytes(as_bytes("hello"), out.append(5));
  EXPECT_EQ(t.right.agent.wrap(t.world.now(), *t.right.agent.selected(), out),
            t.right.agent.selected());
  EXPECT_EQ(out.size(), 5U);
}

TEST(Relays, AWrongPasswordIsNamed) {
  Relayed t(Transport::kUdp, true, 1, "wrong");

  EXPECT_FALSE(t.connect(60s));

  EXPECT_EQ(t.left.agent.state(), State::kFailed);
  const auto fates = t.left.agent.fates();
  EXPECT_TRUE(std::ranges::any_of(fates, [](const Fate& fate) {
    return fate.subject == "TURN server 203.0.113.3:3478 over udp" &&
           fate.sentence.starts_with("gives no address: 401");
  }));
}

TEST(Relays, APathIsFoundAgainWhenTheServerComesBackAfterARestart) {
  Relayed t;
  ASSERT_TRUE(t.connect());

  t.left.agent.on_unreachable(t.world.now(), {Transport::kUdp, kA, kTurn});
  t.world.poke(t.left.host);
  t.world.run_for(1s);

  // The right one still has its relay, and the left one answers there.
  EXPECT_TRUE(t.world.run_until(
      [&] {
        return t.left.agent.state() == State::kCompleted &&
               t.right.agent.state() == State::kCompleted;
      },
      30s));
}

TEST(Relays, AnAddressThatIsASocketOfOursIsNoCandidateTwice) {
  Relayed t;
  stun::turn::ServerConfig config;
  config.listening = {kTurn};
  config.relay_v4 = kA;
  const Address other = kA.with_port(2000);
  config.port_min = config.port_max = other.port;
  t.server.emplace(config, t.ports, t.users, t.dice, glass::test::test_trace(Layer::kTurn, 3));

  EXPECT_TRUE(t.left.agent.add_host(t.world.now(), other).has_value());
  t.left.agent.gather(t.world.now());
  t.world.poke(t.left.host);
  t.world.run_for(2s);

  for (const Candidate& candidate : t.left.candidates)
    EXPECT_EQ(candidate.type, CandidateType::kHost) << write_candidate(candidate);
  EXPECT_RULE("8445:5.1.1.2#9");
}

TEST(Relays, OnlyRelayedCandidatesAreToldWhereNothingElseMayBe) {
  Relayed t;
  Config config =
      Relayed::config_for(credentials("only"), Role::kControlling, Transport::kUdp, true, "secret");
  config.policy = Policy::kRelay;
  Side only(config, 5, 4);
  const Address address = at("192.0.2.200:4000");
  only.host = t.world.host("only", only.agent, address, [&](const Event& event) {
    if (const auto* found = std::get_if<CandidateFound>(&event))
      only.candidates.push_back(found->candidate);
  });
  EXPECT_TRUE(only.agent.add_host(t.world.now(), address).has_value());

  only.agent.gather(t.world.now());
  t.world.poke(only.host);
  t.world.run_for(2s);

  ASSERT_EQ(only.candidates.size(), 1U);
  EXPECT_EQ(only.candidates[0].type, CandidateType::kRelayed);
  EXPECT_EQ(only.candidates[0].related, at("0.0.0.0:9"));
}

}  // namespace
}  // namespace glass::ice::test
