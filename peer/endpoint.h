// peer/endpoint.h - many peers on the same sockets: each datagram finds its own.
//
// By the path it came on, once a peer has used that path; before that by the user name of its
// check, whose first half is the fragment that we gave to one peer (RFC 8445 §7.2.2); an answer by
// the transaction that it answers. Peers on one socket cannot use the same TURN server from there:
// a server has one allocation for each socket (RFC 8656 §3). Tested by: endpoint_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/random.h"
#include "base/strong.h"
#include "base/time.h"
#include "base/trace.h"
#include "peer/peer.h"

namespace glass::peer {

using PeerId = Strong<struct PeerIdTag, std::uint32_t>;

// A Node.
class Endpoint {
 public:
  static constexpr std::size_t kMaxPeers = 256;
  static constexpr std::size_t kMaxPaths = 4096;

  struct Event {
    PeerId peer;
    Peer::Event event;
  };

  explicit Endpoint(const Trace& trace) : trace_(trace) {}

  // nullopt: kMaxPeers are there already.
  std::optional<PeerId> add(const Config& config, Random& random);
  // Null: no such peer (any more).
  [[nodiscard]] Peer* find(PeerId id);
  void remove(PeerId id);
  [[nodiscard]] std::size_t size() const { return peers_.size(); }

  void receive(Instant now, const Received& in);
  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const;
  // Peers take turns, one datagram each.
  std::optional<Path> poll_transmit(Instant now, PacketBuffer& out);
  std::optional<Event> poll_event();

 private:
  [[nodiscard]] Peer* by_path(const Path& path);
  [[nodiscard]] Peer* by_relay(const Path& path);
  [[nodiscard]] Peer* by_user_name(Bytes datagram);
  [[nodiscard]] Peer* by_transaction(Bytes datagram);
  void learn(const Path& path, const Peer& peer);

  Trace trace_;
  std::map<PeerId, std::unique_ptr<Peer>> peers_;
  std::map<Path, PeerId> paths_;
  std::uint32_t last_id_ = 0;
  PeerId turn_;  // who spoke last
};

static_assert(Node<Endpoint>);

}  // namespace glass::peer
