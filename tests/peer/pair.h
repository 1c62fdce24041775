// tests/peer/pair.h - two peers in a simulated world, with signaling that takes its time.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "crypto/certificate.h"
#include "peer/peer.h"
#include "sim/world.h"
#include "tests/support/rules.h"

namespace glass::peer::test {

using namespace std::chrono_literals;

inline const crypto::Identity& identity(int which) {
  static const std::array<crypto::Identity, 2> kIdentities{
      crypto::Identity::make("alice", 1'700'000'000), crypto::Identity::make("bob", 1'700'000'000)};
  return kIdentities.at(static_cast<std::size_t>(which));
}

// One end: the peer, and what its application saw.
struct End {
  End(const Config& config, std::uint64_t seed)
      : random(seed), peer(config, random, glass::test::test_sink()) {}

  SeededRandom random;
  Peer peer;
  sim::HostId host;
  std::vector<std::pair<State, Instant>> states;
  std::vector<std::string> failures;
  std::vector<std::string> opened;  // labels of incoming channels
  std::vector<sctp::ChannelId> channels;
  std::vector<std::string> messages;
  std::size_t closed_channels = 0;
  std::size_t low_water = 0;
  std::size_t received_bytes = 0;
};

struct PairOptions {
  std::uint64_t seed = 1;
  sim::Impairment link{};
  Duration signaling_delay = 10ms;
  bool trickle = true;
  Config alice{};
  Config bob{};
};

class Pair {
 public:
  explicit Pair(const PairOptions& options = {})
      : options_(options),
        world(options.seed, glass::test::test_sink()),
        alice(with(options.alice, 0), options.seed * 2 + 1),
        bob(with(options.bob, 1), options.seed * 2 + 2) {
    add(alice, "alice", alice_address, bob);
    add(bob, "bob", bob_address, alice);
    world.link(alice.host, bob.host, options.link);
  }

  // Alice offers, Bob answers; both by way of the signaling delay.
  void negotiate() {
    const auto offer = alice.peer.create_offer(world.now());
    ASSERT_TRUE(offer) << to_text(offer.error());
    carry(*offer);
    world.poke(alice.host);
  }
  [[nodiscard]] bool run_until_connected(Duration limit = 30s) {
    return world.run_until(
        [&] {
          return alice.peer.state() == State::kConnected && bob.peer.state() == State::kConnected;
        },
        limit);
  }
  // A connected pair with a channel that both know.
  sctp::ChannelId connected_channel(const sctp::ChannelConfig& config = {.label = "data"}) {
    const auto channel = alice.peer.open(world.now(), config);
    EXPECT_TRUE(channel);
    negotiate();
    EXPECT_TRUE(world.run_until([&] { return !bob.channels.empty(); }, 30s));
    return *channel;
  }
  void carry(const std::string& offer) {
    world.at(world.now() + options_.signaling_delay, [this, offer](sim::World&) {
      const auto set = bob.peer.set_remote(world.now(), sdp::Type::kOffer, offer);
      ASSERT_TRUE(set) << to_text(set.error());
      const auto answer = bob.peer.create_answer(world.now());
      ASSERT_TRUE(answer) << to_text(answer.error());
      world.poke(bob.host);
      world.at(world.now() + options_.signaling_delay, [this, answer = *answer](sim::World&) {
        const auto back = alice.peer.set_remote(world.now(), sdp::Type::kAnswer, answer);
        ASSERT_TRUE(back) << to_text(back.error());
        world.poke(alice.host);
      });
    });
  }

 private:
  Config with(Config config, int which) {
    config.identity = &identity(which);
    config.node = static_cast<std::uint16_t>(which + 1);
    return config;
  }
  void add(End& end, std::string_view name, const Address& address, End& other) {
    end.host = world.host(name, end.peer, address, [this, &end, &other](Peer::Event& event) {
      on_event(end, other, event);
    });
    EXPECT_TRUE(end.peer.add_host(world.now(), address));
  }
  void on_event(End& end, End& other, Peer::Event& event) {
    if (const auto* found = std::get_if<LocalCandidate>(&event);
        found != nullptr && options_.trickle)
      world.at(world.now() + options_.signaling_delay,
               [this, &other, line = found->line](sim::World&) {
                 (void)other.peer.add_remote_candidate(world.now(), line);
                 world.poke(other.host);
               });
    if (std::holds_alternative<GatheringDone>(event) && options_.trickle)
      world.at(world.now() + options_.signaling_delay, [this, &other](sim::World&) {
        (void)other.peer.add_remote_candidate(world.now(), "");
        world.poke(other.host);
      });
    if (const auto* change = std::get_if<StateChanged>(&event))
      end.states.emplace_back(change->to, world.now());
    if (const auto* failed = std::get_if<Failed>(&event))
      end.failures.push_back(to_text(failed->error));
    if (const auto* opened = std::get_if<sctp::ChannelOpened>(&event)) {
      end.channels.push_back(opened->id);
      if (opened->incoming) end.opened.push_back(opened->config.label);
    }
    if (const auto* message = std::get_if<sctp::ChannelMessage>(&event)) {
      end.received_bytes += message->bytes.size();
      end.messages.emplace_back(as_text(message->bytes));
    }
    if (std::holds_alternative<sctp::ChannelClosed>(event)) ++end.closed_channels;
    if (std::holds_alternative<sctp::BufferedAmountLow>(event)) ++end.low_water;
  }

  PairOptions options_;

 public:
  const Address alice_address = *parse_address("192.0.2.1:50001");
  const Address bob_address = *parse_address("198.51.100.2:50002");
  sim::World world;
  End alice;
  End bob;
};

}  // namespace glass::peer::test
