// tests/peer/relay_test.cc - peers whose packets go through a TURN server, over TCP, or to a lite
// peer.
#include <array>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "stun/credentials.h"
#include "stun/turn/relay_ports.h"
#include "stun/turn/server.h"
#include "tests/peer/pair.h"

namespace glass::peer::test {
namespace {

const Address kTurn = *parse_address("203.0.113.3:3478");
const Address kRelayIp = *parse_address("203.0.113.4:0");

PairOptions relayed(Transport transport, ice::Policy policy = ice::Policy::kAll) {
  PairOptions options;
  options.link.loss = sim::percent(100);
  for (Config* config : {&options.alice, &options.bob}) {
    config->turn_servers = {
        {transport, kTurn, "user", "secret"}
    };
    config->policy = policy;
  }
  return options;
}

// Alice and Bob, and the only one whom both can reach.
struct Relayed {
  stun::turn::AnyPort ports;
  stun::StaticCredentials users;
  SeededRandom dice{77};
  std::optional<stun::turn::Server> server;
  Pair pair;

  explicit Relayed(const PairOptions& options) : pair(options) {
    EXPECT_TRUE(users.add("user", "secret"));
    stun::turn::ServerConfig config;
    config.listening = {kTurn};
    config.relay_v4 = kRelayIp;
    server.emplace(config, ports, users, dice, glass::test::test_trace(Layer::kTurn, 3));
    const std::array<Address, 2> addresses{kTurn, kRelayIp};
    pair.world.host("turn", *server, addresses, [](const auto&) {});
  }
};

TEST(Relay, CarriesAChannelBetweenPeersThatCannotMeet) {
  for (const Transport transport : {Transport::kUdp, Transport::kTcp, Transport::kTls}) {
    Relayed t(relayed(transport, ice::Policy::kRelay));
    const auto channel = t.pair.connected_channel();
    const std::string text(100'000, 'x');

    ASSERT_TRUE(t.pair.alice.peer.send(t.pair.world.now(), channel, sctp::MessageKind::kText,
                                       as_bytes(text)));
    t.pair.world.poke(t.pair.alice.host);

    EXPECT_TRUE(t.pair.world.run_until([&] { return !t.pair.bob.messages.empty(); }, 30s));
    EXPECT_EQ(t.pair.bob.messages.at(0), text);
    EXPECT_TRUE(t.pair.alice.peer.selected_path()->local.same_ip(kRelayIp));
    EXPECT_TRUE(t.pair.bob.peer.selected_path()->local.same_ip(kRelayIp));
  }
}

TEST(Relay, GivesTheAddressBackWhenThePeerCloses) {
  Relayed t(relayed(Transport::kUdp, ice::Policy::kRelay));
  (void)t.pair.connected_channel();
  EXPECT_EQ(t.server->allocations(), 2U);

  t.pair.alice.peer.close(t.pair.world.now());
  t.pair.world.poke(t.pair.alice.host);
  t.pair.world.run_for(10s);

  EXPECT_EQ(t.pair.bob.peer.state(), State::kClosed);
  EXPECT_EQ(t.server->allocations(), 0U);
}

TEST(Relay, IsExplainedWhenThereIsNone) {
  PairOptions options = relayed(Transport::kUdp, ice::Policy::kRelay);
  options.alice.turn_servers[0].password = "wrong";
  Relayed t(options);

  t.pair.negotiate();
  t.pair.world.run_for(60s);

  ASSERT_EQ(t.pair.alice.failures.size(), 1U);
  EXPECT_TRUE(t.pair.alice.failures[0].starts_with(
      "ICE: only relays are allowed, and the TURN server 203.0.113.3:3478 gives no address: 401"))
      << t.pair.alice.failures[0];
}

}  // namespace
}  // namespace glass::peer::test
