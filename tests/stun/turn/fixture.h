// tests/stun/turn/fixture.h - a TURN server with its users, its ports and its peers, in memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/random.h"
#include "base/time.h"
#include "base/writer.h"
#include "stun/attributes.h"
#include "stun/credentials.h"
#include "stun/long_term.h"
#include "stun/message.h"
#include "stun/turn/attributes.h"
#include "stun/turn/client.h"
#include "stun/turn/relay_ports.h"
#include "stun/turn/server.h"
#include "tests/support/rules.h"

namespace glass::stun::turn::test {

using namespace std::chrono_literals;

inline const Address kServer = Address::v4(0xC0000201, 3478);  // 192.0.2.1
inline const Address kRelayV4 = Address::v4(0xC0000201, 0);
inline const Address kRelayV6 = *parse_address("[2001:db8:1::1]:0");
inline const Address kPeer = *parse_address("203.0.113.9:7000");
inline const Address kPeerV6 = *parse_address("[2001:db8:9::9]:7000");
inline const Path kClient{Transport::kUdp, kServer, *parse_address("198.51.100.7:5000")};
inline const Path kOtherClient{Transport::kUdp, kServer, *parse_address("198.51.100.8:5001")};
inline const Path kTcpClient{Transport::kTcp, kServer, *parse_address("198.51.100.7:6000")};

inline Path seen_from_client(const Path& server_side) {
  return {server_side.transport, server_side.remote, server_side.local};
}

class Ports final : public RelayPorts {
 public:
  bool open(Transport transport, const Address& address) override {
    if (refused.contains(address.port) || refuse_all) return false;
    return is_open.emplace(address, transport).second;
  }
  void close(Transport, const Address& address) override { is_open.erase(address); }

  std::map<Address, Transport> is_open;
  std::set<std::uint16_t> refused;
  bool refuse_all = false;
};

struct Sent {
  Path path;
  ByteVector bytes;
  bool dont_fragment = false;
};

inline ServerConfig server_config() {
  ServerConfig config;
  config.realm = "glass.example";
  config.listening = {kServer};
  config.relay_v4 = kRelayV4;
  config.relay_v6 = kRelayV6;
  return config;
}

// The server alone; requests are built by hand and authenticated as a client would.
class ServerFixture {
 public:
  using Fill = std::function<void(MessageBuilder&)>;

  explicit ServerFixture(const ServerConfig& config = server_config())
      : server(config, ports, credentials, random, glass::test::test_trace(Layer::kTurn)) {
    credentials.add("alice", "wonderland");
    credentials.add("bob", "builder");
  }

  void receive(const Path& path, Bytes bytes) {
    ByteVector copy(bytes.begin(), bytes.end());
    server.receive(now, {path, copy});
  }
  std::vector<Sent> poll() {
    std::vector<Sent> all;
    PacketBuffer out;
    for (out.clear(); const auto path = server.poll_transmit(now, out); out.clear())
      all.push_back({
          *path, {out.bytes().begin(), out.bytes().end()},
           server.is_dont_fragment()
      });
    return all;
  }
  std::vector<Server::Event> events() {
    std::vector<Server::Event> all;
    while (auto event = server.poll_event()) all.push_back(std::move(*event));
    return all;
  }
  void wait(Duration duration) {
    now += duration;
    server.on_time(now);
  }

  // The answer to a request, after as many challenges as it takes.
  ByteVector ask(Method method, const Fill& fill = {}, const Path& path = kClient,
                 const std::string& user = "alice") {
    for (int round = 0; round < 4; ++round) {
      ByteVector request = build(method, fill, path, user);
      last_request = request;
      receive(path, request);
      const auto sent = poll();
      if (sent.size() != 1 || sent[0].path != path) return {};
      const auto answer = MessageView::parse(sent[0].bytes);
      if (!answer) return {};
      const auto error = get<ErrorCode>(*answer);
      if (!error || login(path, user).on_error(*answer, true) != LongTermClient::Next::kRetry)
        return sent[0].bytes;
    }
    return {};
  }
  // The code of the answer; 0: success.
  unsigned code(Method method, const Fill& fill = {}, const Path& path = kClient,
                const std::string& user = "alice") {
    const ByteVector answer = ask(method, fill, path, user);
    if (answer.empty()) return 999;
    const auto message = MessageView::parse(answer);
    const auto error = get<ErrorCode>(*message);
    return error ? error->code : 0;
  }
  ByteVector build(Method method, const Fill& fill, const Path& path, const std::string& user) {
    ByteVector request;
    MessageBuilder builder(Writer(request), Class::kRequest, method, TransactionId::make(random));
    if (fill) fill(builder);
    (void)login(path, user).protect(builder);
    return request;
  }
  LongTermClient& login(const Path& path, const std::string& user) {
    auto& entry = logins[{path, user}];
    if (!entry)
      entry = std::make_unique<LongTermClient>(user, user == "alice" ? "wonderland" : "builder",
                                               Trace{});
    return *entry;
  }

  // An IPv4 allocation for UDP. Its relayed address.
  Address allocate(const Path& path = kClient, const std::string& user = "alice",
                   const Fill& more = {}) {
    const ByteVector answer = ask(
        Method::kAllocate,
        [&](MessageBuilder& builder) {
          builder.add(RequestedTransport{kProtocolUdp});
          if (more) more(builder);
        },
        path, user);
    const auto message = MessageView::parse(answer);
    if (!message) return {};
    const auto relayed = get<XorRelayedAddress>(*message);
    return relayed ? relayed->address : Address{};
  }
  unsigned permit(const Address& peer, const Path& path = kClient) {
    return code(
        Method::kCreatePermission,
        [&](MessageBuilder& builder) { builder.add(XorPeerAddress{peer}); }, path);
  }
  unsigned bind(std::uint16_t number, const Address& peer, const Path& path = kClient) {
    return code(
        Method::kChannelBind,
        [&](MessageBuilder& builder) {
          builder.add(ChannelNumber{number}).add(XorPeerAddress{peer});
        },
        path);
  }
  // What a datagram from a peer to the relayed address makes the server send.
  std::vector<Sent> from_peer(const Address& relayed, Bytes bytes, const Address& peer = kPeer) {
    receive({Transport::kUdp, relayed, peer}, bytes);
    return poll();
  }
  std::vector<Sent> from_client(Bytes bytes, const Path& path = kClient) {
    receive(path, bytes);
    return poll();
  }

  Instant now{};
  SeededRandom random{1};
  Ports ports;
  StaticCredentials credentials;
  Server server;
  ByteVector last_request;
  std::map<std::pair<Path, std::string>, std::unique_ptr<LongTermClient>> logins;
};

inline ByteVector channel_data(std::uint16_t channel, Bytes data) {
  ByteVector out;
  Writer(out).u16(channel).u16(static_cast<std::uint16_t>(data.size())).bytes(data);
  return out;
}
inline ByteVector send_indication(const Address& peer, Bytes data, bool dont_fragment = false) {
  ByteVector out;
  MessageBuilder builder(Writer(out), Class::kIndication, Method::kSend, TransactionId{{7}});
  builder.add(XorPeerAddress{peer});
  if (dont_fragment) builder.add(DontFragment{});
  builder.add(Data{data});
  return out;
}

// A client and a server with nothing between them. What the server sends to peers, and what nobody
// has asked for, is kept.
class PairFixture {
 public:
  explicit PairFixture(ClientConfig config = client_config(),
                       const ServerConfig& server = server_config())
      : side(server),
        client(config, random, glass::test::test_trace(Layer::kTurn)),
        server_path(seen_from_client(config.path)) {}

  static ClientConfig client_config() {
    ClientConfig config;
    config.path = seen_from_client(kClient);
    config.username = "alice";
    config.password = "wonderland";
    return config;
  }

  // Everything that can happen without time passing.
  void settle() {
    PacketBuffer out;
    for (int round = 0; round < 100; ++round) {
      bool idle = true;
      while (auto event = client.poll_event()) client_events.push_back(std::move(*event));
      for (out.clear(); const auto path = client.poll_transmit(side.now, out); out.clear()) {
        idle = false;
        sent.push_back({
            *path, {out.bytes().begin(), out.bytes().end()}
        });
        if (!server_is_deaf) side.receive(seen_from_client(*path), out.bytes());
      }
      for (Sent& datagram : side.poll()) {
        idle = false;
        if (datagram.path.local == kServer) {
          to_client(std::move(datagram));
        } else {
          to_peers.push_back(std::move(datagram));
        }
      }
      for (auto& event : side.events()) server_events.push_back(std::move(event));
      if (idle) return;
    }
    ADD_FAILURE() << "it does not come to rest";
  }
  void to_client(Sent datagram) {
    const Received in{seen_from_client(datagram.path), datagram.bytes};
    if (const auto data = client.unwrap(side.now, in)) {
      received.push_back({
          data->peer, {data->bytes.begin(), data->bytes.end()}
      });
    } else {
      client.receive(side.now, in);
    }
  }
  // Runs both until `until`, timer by timer.
  void run_until(Instant until) {
    settle();
    for (;;) {
      const Instant next = std::min(client.next_time(), side.server.next_time());
      if (next > until) break;
      side.now = std::max(side.now, next);
      client.on_time(side.now);
      side.server.on_time(side.now);
      settle();
    }
    side.now = until;
  }
  void allocate() {
    client.allocate(side.now);
    settle();
  }
  // The last event of this kind; null: there was none.
  template <class E>
  const E* last() const {
    const E* found = nullptr;
    for (const auto& event : client_events)
      if (const E* one = std::get_if<E>(&event)) found = one;
    return found;
  }
  template <class E>
  std::size_t count() const {
    std::size_t n = 0;
    for (const auto& event : client_events) n += std::holds_alternative<E>(event) ? 1 : 0;
    return n;
  }
  // How many requests of this method the client has sent.
  std::size_t requests(Method method) const {
    std::size_t n = 0;
    for (const Sent& datagram : sent) {
      const auto header = parse_header(datagram.bytes);
      n += header && header->cls == Class::kRequest && header->method == method ? 1 : 0;
    }
    return n;
  }
  // Sends through the relay; false: the client would not.
  bool send(const Address& peer, std::string_view text) {
    PacketBuffer out;
    out.assign(as_bytes(text));
    const auto path = client.wrap(side.now, peer, out);
    if (!path) return false;
    sent.push_back({
        *path, {out.bytes().begin(), out.bytes().end()}
    });
    side.receive(seen_from_client(*path), out.bytes());
    settle();
    return true;
  }
  void peer_sends(const Address& peer, std::string_view text) {
    const ByteVector bytes(as_bytes(text).begin(), as_bytes(text).end());
    side.receive({Transport::kUdp, *client.relayed(peer.is_v4()), peer}, bytes);
    settle();
  }

  ServerFixture side;
  SeededRandom random{2};
  Client client;
  Path server_path;
  bool server_is_deaf = false;
  std::vector<Sent> sent;
  std::vector<Sent> to_peers;
  std::vector<std::pair<Address, ByteVector>> received;
  std::vector<Client::Event> client_events;
  std::vector<Server::Event> server_events;
};

}  // namespace glass::stun::turn::test
