// ice/relays.h - the addresses that TURN servers lend us, and the way through them.
//
// One client for each socket and server. The agent paces allocations and permissions together with
// its checks. What is sent from a relayed address is wrapped here, what reaches one is unwrapped:
// above this file, a relayed address is an address like any other.
// RFC 8445 §5.1.1.2, §7.2.1; RFC 8656.  Tested by: tests/ice/relays_test.cc
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "stun/message.h"
#include "stun/turn/client.h"

namespace glass::ice {

// Where relayed addresses are to be had. `transport` is that to the server; what the server relays
// is UDP in any case.
struct TurnServer {
  Transport transport = Transport::kUdp;
  Address address;
  std::string username;
  std::string password;
};

// The server lends `relayed`, and has seen the socket `base` as `mapped`.
struct RelayReady {
  Path server;
  Address relayed;
  Address mapped;
};
struct RelayFailed {};  // what went wrong is in reports()
struct RelayPermits {
  Address relayed;
  Address peer;  // by its IP address alone
};
struct RelayRefuses {
  Address relayed;
  Address peer;
};
struct RelayLost {
  Address relayed;
};
using RelayEvent = std::variant<RelayReady, RelayFailed, RelayPermits, RelayRefuses, RelayLost>;

// For people: which server was asked from where, and what came of it.
struct RelayReport {
  Path server;
  std::optional<Address> relayed;
  std::string failure;  // a sentence; empty: none
  bool is_pending = false;
};

class Relays {
 public:
  static constexpr std::size_t kMaxRelays = 32;
  static constexpr std::size_t kMaxPermissions = 128;  // of one relay, waiting ones included

  Relays(Random& random, const Trace& trace) : random_(&random), trace_(trace) {}

  // Queues an allocation for the socket `base`, again if it has failed or was lost; of another
  // address family it is not asked for.
  void ask(const Address& base, const TurnServer& server);
  // The socket is gone, and the relays that were reached from it with it.
  void drop_base(const Address& base);
  // The driver cannot reach the server over this connection (any more).
  void on_unreachable(Instant now, const Path& server);
  void close(Instant now);

  [[nodiscard]] bool has_queued() const;
  void start_next(Instant now);
  // Every allocation has come or has been refused.
  [[nodiscard]] bool is_done() const;

  // RFC 8445 §7.2.1: may a check leave `relayed` for `peer`?
  [[nodiscard]] bool is_permitted(const Address& relayed, const Address& peer) const;
  // The answer is RelayPermits or RelayRefuses; if it is there already, nothing is asked.
  void permit(Instant now, const Address& relayed, const Address& peer);
  // RFC 8656 §12: fewer bytes for each datagram on this way.
  void bind_channel(Instant now, const Address& relayed, const Address& peer);

  // Turns a payload in `out` into what the server relays. `path` itself: not from a relay of ours.
  // nullopt: there is no permission. No allocation.
  std::optional<Path> wrap(Instant now, const Path& path, PacketBuffer& out);
  // Is this the way to a server of ours?
  [[nodiscard]] bool owns(const Path& path) const { return at_server(path) != nullptr; }
  // What the server relays to us; nullopt: it was meant for the client itself. Only if owns().
  std::optional<Received> unwrap(Instant now, const Received& in);

  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const;
  std::optional<Path> poll_transmit(Instant now, PacketBuffer& out);
  std::optional<RelayEvent> poll_event();
  [[nodiscard]] std::vector<RelayReport> reports() const;

 private:
  enum class State : unsigned char { kQueued, kAsked, kReady, kFailed };
  struct Relay {
    Path server;
    State state = State::kQueued;
    TurnServer login;
    Address relayed;
    std::optional<Address> relayed_v6;
    std::string failure;
    std::vector<Address> asked;      // for permission, by IP address
    std::vector<Address> permitted;  // by IP address
    std::unique_ptr<stun::turn::Client> client;

    [[nodiscard]] const Address& address_for(const Address& peer) const {
      return peer.is_v4() || !relayed_v6 ? relayed : *relayed_v6;
    }
  };
  struct Alternate {
    Path from;
    Address address;
    TurnServer login;
  };
  // Of a const list or not.
  template <class List>
  static auto ready_at(List& relays, const Address& relayed) -> decltype(relays.data()) {
    for (auto& relay : relays)
      if (relay.state == State::kReady && (relay.relayed == relayed || relay.relayed_v6 == relayed))
        return &relay;
    return nullptr;
  }
  [[nodiscard]] const Relay* at_server(const Path& path) const;
  [[nodiscard]] Relay* at(const Address& relayed);
  [[nodiscard]] const Relay* at(const Address& relayed) const;
  void hear(Instant now, Relay& relay);
  void on_allocated(Relay& relay, const stun::turn::Allocated& allocated);
  void on_failed(Relay& relay, const stun::turn::AllocationFailed& failed);
  void on_permitted(Relay& relay, const Address& peer);
  void on_refused(Instant now, Relay& relay, const Address& peer);
  void on_lost(Relay& relay, const stun::turn::Lost& lost);
  void follow_alternates();
  void lose(const Relay& relay);

  Random* random_;
  Trace trace_;
  std::vector<Relay> relays_;
  std::vector<Alternate> alternates_;
  std::deque<RelayEvent> events_;
};

}  // namespace glass::ice
