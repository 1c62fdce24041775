// tests/ice/world_test.cc - two agents and a STUN server in a simulated network, many seeds.
#include "sim/world.h"

#include <cstdint>
#include <variant>

#include <gtest/gtest.h>

#include "base/random.h"
#include "ice/agent.h"
#include "stun/binding_server.h"
#include "tests/ice/network.h"
#include "tests/support/rules.h"

namespace glass::ice::test {
namespace {

// Two agents whose candidates travel by signaling, each for 30 ms, while checks are under way.
struct Trickling {
  SeededRandom left_dice;
  SeededRandom right_dice;
  Agent left;
  Agent right;
  stun::BindingServer server{{}, glass::test::test_trace(Layer::kStun)};
  sim::World world;
  sim::HostId left_id{};
  sim::HostId right_id{};

  explicit Trickling(std::uint64_t seed)
      : left_dice(seed),
        right_dice(seed + 1000),
        left(with_server(kLeft, Role::kControlling), left_dice,
             glass::test::test_trace(Layer::kIce, 1)),
        right(with_server(kRight, Role::kControlled), right_dice,
              glass::test::test_trace(Layer::kIce, 2)),
        world(seed) {
    world.host("server", server, kServer, [](const auto&) {});
    left_id =
        world.host("left", left, kA, [this](const Event& event) { tell(event, right, right_id); });
    right_id =
        world.host("right", right, kB, [this](const Event& event) { tell(event, left, left_id); });
    EXPECT_TRUE(left.add_host(world.now(), kA).has_value());
    EXPECT_TRUE(right.add_host(world.now(), kB).has_value());
    left.gather(world.now());
    right.gather(world.now());
    EXPECT_TRUE(left.set_remote(world.now(), kRight).has_value());
    EXPECT_TRUE(right.set_remote(world.now(), kLeft).has_value());
    world.poke(left_id);
    world.poke(right_id);
  }
  static Config with_server(const Credentials& local, Role role) {
    Config config = config_of(local, role);
    config.stun_servers = {kServer};
    return config;
  }
  void tell(const Event& event, Agent& other, const sim::HostId& id) {
    const auto later = world.now() + 30ms;
    if (const auto* found = std::get_if<CandidateFound>(&event))
      world.at(later, [&other, &id, candidate = found->candidate](sim::World& w) {
        EXPECT_TRUE(other.add_remote_candidate(w.now(), candidate).has_value());
        w.poke(id);
      });
    if (std::holds_alternative<GatheringDone>(event))
      world.at(later, [&other, &id](sim::World& w) {
        other.end_of_remote_candidates(w.now());
        w.poke(id);
      });
  }
  bool connect() {
    return world.run_until(
        [this] { return left.state() == State::kCompleted && right.state() == State::kCompleted; },
        30s);
  }
};

TEST(World, TricklingAgentsConnectWhateverTheSeed) {
  for (std::uint64_t seed = 1; seed <= 64; ++seed) {
    Trickling t(seed);
    sim::Impairment bad;
    bad.delay = 20ms;
    bad.jitter = 40ms;
    bad.loss = sim::percent(20);
    t.world.link(t.left_id, t.right_id, bad);

    EXPECT_TRUE(t.connect());
  }
}

TEST(World, AnAgentIsLostAndFailsAfterThirtySeconds) {
  Trickling t(1);
  ASSERT_TRUE(t.connect());

  t.world.remove(t.right_id);
  t.world.run_for(31s);

  EXPECT_EQ(t.left.state(), State::kFailed);
}

}  // namespace
}  // namespace glass::ice::test
