// fuzz: uses stun crypto
//
// A TURN server, a client of it and a stranger; the input is a program of what happens to them.
// Whatever comes: ports that are open belong to allocations or reservations, nothing is relayed to
// forbidden addresses, and everything ends when its time has come.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/node.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "stun/attributes.h"
#include "stun/credentials.h"
#include "stun/long_term.h"
#include "stun/message.h"
#include "stun/turn/attributes.h"
#include "stun/turn/client.h"
#include "stun/turn/relay_ports.h"
#include "stun/turn/server.h"

namespace {

using namespace glass;
using namespace glass::stun;
using namespace glass::stun::turn;

constexpr int kStepsMax = 400;
constexpr std::size_t kAllocationsMax = 20;
const Address kServer = Address::v4(0xC0000201, 3478);

class Ports final : public RelayPorts {
 public:
  bool open(Transport, const Address& address) override { return is_open.insert(address).second; }
  void close(Transport, const Address& address) override { CHECK(is_open.erase(address) == 1); }
  std::set<Address> is_open;
};

ServerConfig server_config() {
  ServerConfig config;
  config.listening = {kServer};
  config.relay_v4 = kServer;
  config.relay_v6 = parse_ip("2001:db8:1::1");
  config.allocations_max = kAllocationsMax;
  config.allocations_per_user = 8;
  config.bytes_per_second = 100'000;
  config.dont_fragment = true;
  config.tcp = true;
  return config;
}

ClientConfig client_config(Reader& program) {
  const std::uint8_t wishes = program.u8("wishes");
  ClientConfig config;
  config.path = {(wishes & 1) != 0 ? Transport::kTcp : Transport::kUdp,
                 Address::v4(0xC6336407, 5000), kServer};
  config.username = "alice";
  config.password = "wonderland";
  config.relay = (wishes & 3) == 3 ? Transport::kTcp : Transport::kUdp;
  config.dual = (wishes & 4) != 0;
  config.reserve_next = (wishes & 8) != 0;
  config.mobility = (wishes & 16) != 0;
  config.dont_fragment = (wishes & 32) != 0;
  config.v6 = (wishes & 64) != 0;
  return config;
}

class World {
 public:
  explicit World(Reader& program)
      : program_(program), client_(client_config(program), random_, {}) {
    credentials_.add("alice", "wonderland");
    credentials_.add("bob", "builder");
    client_.allocate(now_);
  }

  void run() {
    for (int step = 0; step < kStepsMax && program_.left() > 0; ++step) {
      now_ += std::chrono::milliseconds(1);
      act();
      settle();
    }
    settle();  // what was asked for at the very end
    // Nobody refreshes any more: it all runs out.
    now_ += std::chrono::hours(2);
    server_.on_time(now_);
    settle();
    CHECK(server_.allocations() == 0);
    CHECK(ports_.is_open.empty());
    CHECK(server_.next_time() == kNever);
  }

 private:
  void act() {
    switch (program_.u8("what") % 14) {
      case 0: client_.permit(now_, peer()); break;
      case 1: client_.bind_channel(now_, peer()); break;
      case 2: client_sends(); break;
      case 3: peer_sends(); break;
      case 4: to_server(stranger(), taken()); break;
      case 5: to_client(client_.path(), taken()); break;
      case 6: wait(std::chrono::seconds(program_.u8("wait"))); break;
      case 7: wait_for_timer(); break;
      case 8: ask(); break;
      case 9: client_.close(now_); break;
      case 10: client_.allocate(now_); break;
      case 11: move(); break;
      case 12: driver(); break;
      case 13: client_.connect(now_, peer()); break;
    }
  }
  Address peer() {
    const std::uint8_t which = program_.u8("peer");
    if (which == 255) return kServer;
    if (which == 254) return Address::v4(0x7F000001, 80);
    if (which >= 200) return parse_ip("2001:db8:9::9")->with_port(which);
    return Address::v4(0xCB007100U + which / 16, static_cast<std::uint16_t>(7000 + which % 16));
  }
  Path stranger() {
    const std::uint8_t which = program_.u8("path");
    return {which % 2 == 0 ? Transport::kUdp : Transport::kTcp, kServer,
            Address::v4(0xC6336407, static_cast<std::uint16_t>(5000 + which / 2 % 32))};
  }
  ByteVector taken() {
    const std::size_t size = std::min<std::size_t>(program_.u8("size"), program_.left());
    const Bytes bytes = program_.bytes(size, "datagram");
    return {bytes.begin(), bytes.end()};
  }
  Address some_relay() {
    if (ports_.is_open.empty()) return kServer;
    auto at = ports_.is_open.begin();
    std::advance(at, program_.u8("relay") % ports_.is_open.size());
    return *at;
  }
  void client_sends() {
    PacketBuffer out;
    out.assign(taken());
    const auto path = client_.wrap(now_, peer(), out);
    if (path) to_server({path->transport, path->remote, path->local}, out.bytes());
  }
  void peer_sends() {
    const Path path{Transport::kUdp, some_relay(), peer()};
    to_server(path, taken());
  }
  // A request that proves its user, with attributes out of the program.
  void ask() {
    const Path path = stranger();
    const std::uint8_t what = program_.u8("method");
    const auto method = static_cast<Method>(what % 16);
    const std::string_view user = what >= 128 ? "bob" : "alice";
    LongTermClient login(user, user == "bob" ? "builder" : "wonderland", {});
    const std::uint8_t count = program_.u8("attributes") % 6;
    const Bytes attributes = program_.rest();
    std::size_t used = 0;
    for (int round = 0; round < 2; ++round) {
      ByteVector request;
      MessageBuilder builder(Writer(request), Class::kRequest, method,
                             TransactionId::make(random_));
      Reader reader(attributes);
      for (std::uint8_t i = 0; i < count; ++i) add_attribute(builder, reader);
      used = reader.at();
      (void)login.protect(builder);
      to_server(path, request);
      PacketBuffer out;
      for (out.clear(); const auto to = server_.poll_transmit(now_, out); out.clear()) {
        check_sent(*to);
        const auto answer = MessageView::parse(out.bytes());
        if (answer && answer->cls() == Class::kError && *to == path)
          (void)login.on_error(*answer, round > 0);
      }
    }
    program_.skip(used, "attributes");
  }
  void add_attribute(MessageBuilder& builder, Reader& reader) {
    const std::uint8_t which = reader.u8("type");
    const std::uint32_t value = reader.u8("value");
    switch (which % 14) {
      case 0: builder.add(RequestedTransport{value % 2 == 0 ? kProtocolUdp : kProtocolTcp}); break;
      case 1: builder.add(Lifetime{value * 20}); break;
      case 2: builder.add(EvenPort{value % 2 == 0}); break;
      case 3: builder.add(DontFragment{}); break;
      case 4: builder.add(XorPeerAddress{Address::v4(0xCB007100U + value / 16, 7000)}); break;
      case 5: builder.add(ChannelNumber{static_cast<std::uint16_t>(0x4000 + value)}); break;
      case 6: builder.add(RequestedAddressFamily{static_cast<std::uint8_t>(value)}); break;
      case 7: builder.add(AdditionalAddressFamily{static_cast<std::uint8_t>(value)}); break;
      case 8: builder.add(ReservationToken{token_}); break;
      case 9: builder.add(MobilityTicket{Bytes(ticket_).first(value % 2 * ticket_.size())}); break;
      case 10: builder.add(ConnectionId{connection_}); break;
      case 11: builder.add(XorPeerAddress{parse_ip("2001:db8:9::9")->with_port(7000)}); break;
      case 12: builder.attribute(static_cast<AttributeType>(value), ticket_); break;
      case 13: builder.attribute(static_cast<AttributeType>(0x8000 + value), {}); break;
    }
  }
  void move() {
    Path path = client_.path();
    path.local.port = static_cast<std::uint16_t>(5000 + program_.u8("port") % 32);
    client_.move(now_, path);
  }
  void driver() {
    switch (program_.u8("driver") % 6) {
      case 0: server_.on_peer_connected(now_, connection_); break;
      case 1: server_.on_peer_failed(now_, connection_); break;
      case 2:
        if (const auto id = server_.on_peer_accepted(now_, some_relay(), peer())) connection_ = *id;
        break;
      case 3: server_.on_peer_closed(now_, connection_); break;
      case 4: server_.on_closed(now_, stranger()); break;
      case 5: {
        const Address relayed = some_relay();
        const Address to = peer();
        server_.on_icmp(now_, {relayed, to, program_.u8("type"), program_.u8("code"), 1280});
        break;
      }
    }
  }
  void wait(Duration duration) {
    now_ += duration;
    client_.on_time(now_);
    server_.on_time(now_);
  }
  void wait_for_timer() {
    const Instant next = std::min(client_.next_time(), server_.next_time());
    if (next == kNever) return;
    now_ = std::max(now_, next);
    wait({});
  }
  void to_server(const Path& path, Bytes bytes) {
    ByteVector copy(bytes.begin(), bytes.end());
    server_.receive(now_, {path, copy});
  }
  void to_client(const Path& path, Bytes bytes) {
    ByteVector copy(bytes.begin(), bytes.end());
    if (const auto data = client_.unwrap(now_, {path, copy})) {
      CHECK(data->bytes.size() <= copy.size());
    } else {
      client_.receive(now_, {path, copy});
    }
  }
  // Nothing leaves but along what is open, and never to places that are nobody's peer.
  void check_sent(const Path& path) {
    if (path.local == kServer) return;
    CHECK(ports_.is_open.contains(path.local));
    CHECK(!path.remote.is_loopback() && path.remote != kServer);
  }
  void settle() {
    PacketBuffer out;
    for (int round = 0; round < 50; ++round) {
      bool idle = true;
      while (const auto event = client_.poll_event()) on_client_event(*event);
      for (out.clear(); const auto path = client_.poll_transmit(now_, out); out.clear()) {
        idle = false;
        to_server({path->transport, path->remote, path->local}, out.bytes());
      }
      for (out.clear(); const auto path = server_.poll_transmit(now_, out); out.clear()) {
        idle = false;
        check_sent(*path);
        if (path->local == kServer)
          to_client({path->transport, path->remote, kServer}, out.bytes());
      }
      while (const auto event = server_.poll_event())
        if (const auto* wanted = std::get_if<ConnectToPeer>(&*event)) connection_ = wanted->id;
      CHECK(server_.allocations() <= kAllocationsMax);
      CHECK(ports_.is_open.size() <= 2 * kAllocationsMax + Server::kReservationsMax);
      if (idle) return;
    }
  }
  void on_client_event(const Client::Event& event) {
    if (const auto* made = std::get_if<Allocated>(&event))
      if (made->token) token_ = *made->token;
  }

  Reader& program_;
  Instant now_{};
  SeededRandom random_{1};
  Ports ports_;
  StaticCredentials credentials_;
  Server server_{server_config(), ports_, credentials_, random_, Trace{}};
  Client client_;
  std::uint64_t token_ = 0;
  std::uint32_t connection_ = 0;
  ByteVector ticket_ = ByteVector(32, 7);
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader program(Bytes(data, size));
  World(program).run();
  return 0;
}
