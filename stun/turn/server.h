// stun/turn/server.h - a TURN server as a Node: it lends addresses and relays between their users
// and the peers that they name.
//
//   server.receive(now, in);            anything from a client, a peer or a Binding client
//   while (auto path = server.poll_transmit(now, packet)) send(*path, packet.bytes());
//
// Datagrams for a relayed address come in, and to peers go out, with path.local = that address. On
// the data path a driver that can gather buffers saves the copies:
//
//   if (const auto hop = server.forward(now, in)) send(hop->path, hop->head(), hop->body, ...);
//   else server.receive(now, in);
//
// RFC 8656 (server), RFC 6062 §5 (TCP to the peers), RFC 8016 §3 (clients that move).
// Tested by: tests/stun/turn/server_*_test.cc
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "stun/binding_server.h"
#include "stun/turn/peer_policy.h"
#include "stun/turn/relay_ports.h"

namespace glass::stun {
class Credentials;  // stun/authenticator.h
}

namespace glass::stun::turn {

struct ServerConfig {
  std::string realm{"glass"};
  std::string software{};            // RFC 8656 §5: SOFTWARE; nothing unless told to
  std::vector<Address> listening{};  // where clients find us: never a peer
  // The IP addresses of relayed addresses, their ports do not count. A family without one is not
  // supported (440).
  std::optional<Address> relay_v4{};
  std::optional<Address> relay_v6{};
  std::uint16_t port_min = 49152;  // RFC 8656 §7.2: the dynamic ports
  std::uint16_t port_max = 65535;

  std::chrono::seconds default_lifetime{600};  // RFC 8656 §3.2
  std::chrono::seconds max_lifetime{3600};     // RFC 8656 §7.2: at most an hour
  std::size_t allocations_max = 10'000;        // of all users together: then 508
  std::size_t allocations_per_user = 100;      // reservations count: then 486
  std::uint64_t bytes_per_second = 0;          // of one allocation, each way; 0: no limit
  std::uint64_t bytes_per_second_of_user = 0;  // of all allocations of one user, each way

  bool dont_fragment = false;  // the driver can set DF (see Server::is_dont_fragment)
  bool udp = true;             // UDP allocations
  bool tcp = false;            // TCP allocations (RFC 6062): the driver handles the events below
  bool mobility = true;        // RFC 8016
  // Clients of RFC 5766 bind channels up to 0x7FFF, coturn's test client among them; RFC 8656 §12
  // ends at 0x4FFF.
  std::uint16_t channel_max = 0x4FFF;
  std::optional<Address> alternate{};  // not null: every Allocate is answered 300 with it
  // RFC 5780: pairs of addresses of which all four combinations are listening addresses, too.
  std::vector<AlternateAddresses> discovery{};
  PeerPolicy policy{};
};

// Events of a Server.
struct AllocationMade {
  std::string user;
  Path client;
  Address relayed;
};
struct AllocationEnded {
  std::string user;
  Path client;
  Address relayed;
  std::string_view why;
};
// RFC 6062 §5.2: connect from `local` to `peer`, then tell on_peer_connected() or on_peer_failed().
struct ConnectToPeer {
  std::uint32_t id = 0;
  Address local;
  Address peer;
};
// RFC 6062 §5.4: pass all bytes between the client's connection and the peer's as they are, those
// first that have come from the peer since. Comes after the answer to the client has been polled.
struct JoinConnections {
  std::uint32_t id = 0;
  Path client;
};
// RFC 6062 §5.5: close the peer's connection of this id, and the client's where there is one.
struct CloseConnection {
  std::uint32_t id = 0;
  std::optional<Path> client{};
};

// One datagram on its way through the relay: a head to put before the body, and zeros behind it.
struct Hop {
  static constexpr std::size_t kHeadMax = 48;  // a Data indication from an IPv6 peer

  Path path;
  Bytes body;  // a view into what was received
  std::array<std::uint8_t, kHeadMax> head_bytes{};
  std::uint8_t head_size = 0;
  std::uint8_t padding = 0;    // zero bytes behind the body, at most three
  bool dont_fragment = false;  // RFC 8656 §14: the DF bit

  [[nodiscard]] Bytes head() const { return Bytes(head_bytes).first(head_size); }
  [[nodiscard]] std::size_t size() const { return head_size + body.size() + padding; }
};

class Server {
 public:
  using Event = std::variant<AllocationMade, AllocationEnded, ConnectToPeer, JoinConnections,
                             CloseConnection>;

  static constexpr std::size_t kPendingMax = 1024;       // datagrams that wait to be polled
  static constexpr std::size_t kEventsMax = 16'384;      // events that wait to be polled
  static constexpr std::size_t kReservationsMax = 1024;  // ports kept for somebody to come
  static constexpr std::size_t kConnectionsMax = 64;     // of one TCP allocation

  // `ports` and `credentials` outlive the server.
  Server(const ServerConfig& config, RelayPorts& ports, Credentials& credentials, Random& random,
         const Trace& trace);
  ~Server();
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;

  // The data path: ChannelData and Send indications of clients, datagrams of peers. nullopt: not
  // data, or data that goes nowhere; receive() knows which and says why. Allocates nothing.
  std::optional<Hop> forward(Instant now, const Received& in);

  void receive(Instant now, const Received& in);
  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const;
  std::optional<Path> poll_transmit(Instant now, PacketBuffer& out);
  // Of what poll_transmit() gave last: is the DF bit to be set (RFC 8656 §14)?
  [[nodiscard]] bool is_dont_fragment() const;
  std::optional<Event> poll_event();

  // RFC 8656 §11.5: an ICMP error about a datagram that went from a relayed address to `peer` (port
  // 0: not known). `data`: the MTU, where the type is about that.
  struct IcmpError {
    Address relayed;
    Address peer;
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t data = 0;
  };
  void on_icmp(Instant now, const IcmpError& error);
  // A client's TCP or TLS connection has closed, a control or a data connection.
  void on_closed(Instant now, const Path& client);

  // RFC 6062, in answer to ConnectToPeer.
  void on_peer_connected(Instant now, std::uint32_t id);
  void on_peer_failed(Instant now, std::uint32_t id);
  // RFC 6062 §5.3: the driver has accepted a connection on a relayed address. The id it has from
  // now on; nullopt: to be closed at once.
  std::optional<std::uint32_t> on_peer_accepted(Instant now, const Address& relayed,
                                                const Address& peer);
  // The peer's side of a connection has closed.
  void on_peer_closed(Instant now, std::uint32_t id);

  [[nodiscard]] std::size_t allocations() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace glass::stun::turn
