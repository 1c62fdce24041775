// stun/turn/client.h - a client of one TURN server: gets a relayed address and keeps it.
//
//   client.allocate(now);          -> Allocated{relayed, mapped, ...} or AllocationFailed
//   client.permit(now, peer);      -> Permitted{peer} or Refused{peer, code}
//   if (auto path = client.wrap(now, peer, packet)) send(*path, packet.bytes());
//   if (auto data = client.unwrap(now, in)) use(data->peer, data->bytes); else client.receive(...)
//
// Allocation, permissions and channels are refreshed until close(). Knows one server and one path
// to it; which server to try next is for the caller to say.
// RFC 8656 (client), RFC 6062 §4 (TCP to the peers), RFC 8016 §3 (a client that moves).
// Tested by: tests/stun/turn/client_test.cc
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "stun/transaction.h"

namespace glass::stun::turn {

struct ClientConfig {
  Path path{};  // our address and the server's, UDP, TCP or TLS
  std::string username{};
  std::string password{};
  TransactionConfig transaction{};
  std::string software{};  // RFC 8656 §5: SOFTWARE; nothing unless told to

  Transport relay = Transport::kUdp;  // kTcp: RFC 6062, over a TCP or TLS path only
  bool v6 = false;                    // REQUESTED-ADDRESS-FAMILY: IPv6 in place of IPv4
  bool dual = false;                  // ADDITIONAL-ADDRESS-FAMILY: both; `v6` does not count then
  bool even_port = false;             // EVEN-PORT
  bool reserve_next = false;          // EVEN-PORT with the R bit: the next port is kept as well
  std::optional<std::uint64_t> reservation{};      // RESERVATION-TOKEN of an earlier Allocated
  bool dont_fragment = false;                      // DONT-FRAGMENT in all that goes to peers
  bool mobility = false;                           // RFC 8016: a ticket, so that move() works
  std::optional<std::chrono::seconds> lifetime{};  // to ask for; nullopt: the server's default
};

// Events of a Client.
struct Allocated {
  Address relayed;                       // the IPv4 one where there are two
  Address mapped;                        // ours as the server sees it
  std::chrono::seconds lifetime{};       // granted; refreshed by itself
  std::optional<Address> relayed_v6{};   // the second one of a dual allocation
  unsigned second_code = 0;              // why a dual allocation has one address only (440, 508)
  std::optional<std::uint64_t> token{};  // of the reserved next port
};
struct AllocationFailed {
  unsigned code = 0;  // of the error response; 0: none came, or one that cannot be used
  std::string text;   // the reason, for people
  std::optional<Address> alternate{};  // 300: the server to try instead
  // Not before then is allocate() worth another try with this server (RFC 8656 §7.4); kNever: not
  // with this configuration.
  Instant retry_at{};
};
struct Permitted {
  Address peer;
};
// No permission (or channel) for this peer; code 0: the server did not answer.
struct Refused {
  Address peer;
  unsigned code = 0;
};
struct ChannelBound {
  Address peer;
};
// The allocation is gone without our doing. allocate() may make a new one.
struct Lost {
  std::string why;
};
// close() is complete.
struct Released {};
// RFC 8016: the server knows us at the new path; data goes there from now on.
struct Moved {
  Path path;
};
// RFC 8656 §11.6: a router or the peer itself reported an error about what was sent to `peer`.
struct PeerError {
  Address peer;  // port 0: not known
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
  std::uint32_t data = 0;  // the MTU where the type is about that
};
// RFC 6062: a connection to or from a peer waits at the server. The caller opens a new connection
// to the server and calls bind_connection().
struct ConnectionOffered {
  std::uint32_t id = 0;
  Address peer;
};
// RFC 6062 §4.3: no connection to the peer; 447 may be tried again after ten seconds.
struct ConnectionRefused {
  Address peer;
  unsigned code = 0;
};
// RFC 6062 §4.5: all bytes on this path are the peer's and ours from now on, without framing.
struct ConnectionBound {
  std::uint32_t id = 0;
  Path path;
};
struct ConnectionNotBound {
  std::uint32_t id = 0;
  unsigned code = 0;
};

// What a peer sent through the relay. A view into what was received.
struct Relayed {
  Address peer;
  MutableBytes bytes;
};

class Client {
 public:
  using Event = std::variant<Allocated, AllocationFailed, Permitted, Refused, ChannelBound, Lost,
                             Released, Moved, PeerError, ConnectionOffered, ConnectionRefused,
                             ConnectionBound, ConnectionNotBound>;

  static constexpr std::size_t kPeersMax = 256;    // permissions and channels, each
  static constexpr std::size_t kRequestsMax = 64;  // that are on their way at a time
  static constexpr std::size_t kEventsMax = 1024;  // that wait to be polled

  Client(const ClientConfig& config, Random& random, const Trace& trace);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  // Asks for a relayed address; Allocated or AllocationFailed answers. Nothing happens while there
  // is one or one is being asked for.
  void allocate(Instant now);
  // Wishes for a peer may come at any time: they wait for the allocation. A peer that is permitted
  // already is answered at once.
  void permit(Instant now, const Address& peer);
  void bind_channel(Instant now, const Address& peer);
  // The peer is not refreshed any more; permission and channel run out.
  void forget(const Address& peer);
  // RFC 8656 §8: gives the allocation back; Released answers.
  void close(Instant now);
  // RFC 8016 §3.2: our address has changed, or will soon. Needs ClientConfig::mobility and a server
  // that gave a ticket; otherwise Lost is the answer.
  void move(Instant now, const Path& path);
  // RFC 6062 §4.3: asks the server to connect to the peer.
  void connect(Instant now, const Address& peer);
  // RFC 6062 §4.3, §4.4: `data_path` is a new connection to the server, made for this offer.
  void bind_connection(Instant now, std::uint32_t id, const Path& data_path);
  // The network or the driver says that the server cannot be reached on this path.
  void on_unreachable(Instant now, const Path& path);

  [[nodiscard]] bool is_allocated() const;
  // Of either family; nullopt: none.
  [[nodiscard]] std::optional<Address> relayed(bool v4 = true) const;
  [[nodiscard]] const Path& path() const;
  [[nodiscard]] bool is_permitted(Instant now, const Address& peer) const;
  [[nodiscard]] bool has_channel(Instant now, const Address& peer) const;

  // Turns the payload in `out` into what the server relays to `peer`: ChannelData where a channel
  // is bound, else a Send indication. Returns where to send it. nullopt: there is no permission for
  // that peer, or the payload leaves no room; `out` is as it was. Allocates nothing.
  std::optional<Path> wrap(Instant now, const Address& peer, PacketBuffer& out);
  // The data of a peer inside what came from the server; nullopt: anything else, which belongs to
  // receive(). Allocates nothing.
  std::optional<Relayed> unwrap(Instant now, const Received& in);

  void receive(Instant now, const Received& in);
  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const;
  std::optional<Path> poll_transmit(Instant now, PacketBuffer& out);
  std::optional<Event> poll_event();

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace glass::stun::turn
