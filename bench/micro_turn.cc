// What the sans-IO cores of STUN and TURN cost, without sockets: parse and integrity check of a
// Binding request, and one packet through the relay in each direction.
#include <benchmark/benchmark.h>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/random.h"
#include "base/time.h"
#include "base/writer.h"
#include "stun/attributes.h"
#include "stun/credentials.h"
#include "stun/integrity.h"
#include "stun/message.h"
#include "stun/turn/client.h"
#include "stun/turn/relay_ports.h"
#include "stun/turn/server.h"

namespace {

using namespace glass;
using namespace glass::stun;
using namespace glass::stun::turn;

constexpr int kClients = 1000;
constexpr std::size_t kPayload = 1200;
const Address kServer = Address::v4(0xC0000201, 3478);
const Address kPeer = Address::v4(0xCB007109, 7000);

struct Relay {
  Path client;
  Address relayed;
};

class TurnBench {
 public:
  TurnBench() {
    credentials_.add("user", "password");
    for (int i = 0; i < kClients; ++i) add_client(i);
  }
  bool up(int i, MutableBytes packet) {
    return server_.forward(now_, {of(i).client, packet}).has_value();
  }
  bool down(int i, MutableBytes packet) {
    return server_.forward(now_, {from_peer(i), packet}).has_value();
  }
  bool copied_up(int i, MutableBytes packet) {
    server_.receive(now_, {of(i).client, packet});
    out_.clear();
    return server_.poll_transmit(now_, out_).has_value();
  }
  bool copied_down(int i, MutableBytes packet) {
    server_.receive(now_, {from_peer(i), packet});
    out_.clear();
    return server_.poll_transmit(now_, out_).has_value();
  }

 private:
  const Relay& of(int i) const { return relays_[static_cast<std::size_t>(i % kClients)]; }
  Path from_peer(int i) const { return {Transport::kUdp, of(i).relayed, kPeer}; }
  void add_client(int i) {
    const Path path{Transport::kUdp, kServer,
                    Address::v4(0xC6336400U + static_cast<std::uint32_t>(i / 250),
                                static_cast<std::uint16_t>(5000 + i))};
    ClientConfig config;
    config.path = {Transport::kUdp, path.remote, path.local};
    config.username = "user";
    config.password = "password";
    Client client(config, random_, {});
    client.bind_channel(now_, kPeer);
    client.allocate(now_);
    PacketBuffer out;
    for (int round = 0; round < 8; ++round) {
      for (out.clear(); client.poll_transmit(now_, out); out.clear())
        server_.receive(now_, {path, out.bytes()});
      for (out.clear(); server_.poll_transmit(now_, out); out.clear())
        client.receive(now_, {config.path, out.bytes()});
    }
    relays_.push_back({path, *client.relayed()});
  }
  static ServerConfig config() {
    ServerConfig config;
    config.listening = {kServer};
    config.relay_v4 = kServer;
    config.allocations_per_user = kClients;
    return config;
  }

  Instant now_{};
  SeededRandom random_{1};
  AnyPort ports_;
  StaticCredentials credentials_;
  Server server_{config(), ports_, credentials_, random_, Trace{}};
  std::vector<Relay> relays_;
  PacketBuffer out_;
};

void parse_and_check_binding_request(benchmark::State& state) {
  SeededRandom random(1);
  const ByteVector key = short_term_key("a password of some length");
  ByteVector request;
  MessageBuilder(Writer(request), Class::kRequest, Method::kBinding, TransactionId::make(random))
      .add(Username{"abcd:efgh"})
      .add(Priority{1})
      .add(IceControlling{2})
      .add_integrity(key)
      .add_fingerprint();
  for (auto _ : state) {
    const auto message = MessageView::parse(request);
    if (!message || check_fingerprint(*message) != Verdict::kValid ||
        check_integrity(*message, key) != Verdict::kValid)
      return state.SkipWithError("the request does not hold up");
  }
}
BENCHMARK(parse_and_check_binding_request);

using Way = bool (TurnBench::*)(int, MutableBytes);

void relay(benchmark::State& state, Way way, ByteVector packet) {
  TurnBench bench;
  int i = 0;
  for (auto _ : state)
    if (!(bench.*way)(i++, packet)) return state.SkipWithError("a packet got lost");
}
ByteVector channel_data() {
  ByteVector packet(kPayload + 4);
  packet[0] = 0x40;
  packet[2] = kPayload >> 8;
  packet[3] = kPayload & 0xFF;
  return packet;
}
BENCHMARK_CAPTURE(relay, to_peer_in_place, &TurnBench::up, channel_data());
BENCHMARK_CAPTURE(relay, to_client_in_place, &TurnBench::down, ByteVector(kPayload));
BENCHMARK_CAPTURE(relay, to_peer_copied, &TurnBench::copied_up, channel_data());
BENCHMARK_CAPTURE(relay, to_client_copied, &TurnBench::copied_down, ByteVector(kPayload));

}  // namespace
