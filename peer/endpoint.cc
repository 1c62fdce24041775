#include "peer/endpoint.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "peer/demux.h"
#include "peer/peer.h"
#include "stun/message.h"

namespace glass::peer {

std::optional<PeerId> Endpoint::add(const Config& config, Random& random) {
  if (peers_.size() == kMaxPeers) return std::nullopt;
  const PeerId id(++last_id_);
  peers_.emplace(id, std::make_unique<Peer>(config, random, trace_.sink()));
  return id;
}

Peer* Endpoint::find(PeerId id) {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : found->second.get();
}

void Endpoint::remove(PeerId id) {
  std::erase_if(paths_, [id](const auto& entry) { return entry.second == id; });
  peers_.erase(id);
}

Peer* Endpoint::by_path(const Path& path) {
  const auto known = paths_.find(path);
  return known == paths_.end() ? nullptr : find(known->second);
}

Peer* Endpoint::by_relay(const Path& path) {
  const auto found = std::ranges::find_if(
      peers_, [&](const auto& entry) { return entry.second->ice().is_relay(path); });
  return found == peers_.end() ? nullptr : found->second.get();
}

Peer* Endpoint::by_user_name(Bytes datagram) {
  const auto message = stun::MessageView::parse(datagram);
  if (!message) return nullptr;
  const auto attribute = message->find(stun::AttributeType::kUsername);
  if (!attribute) return nullptr;
  const std::string_view name = as_text(attribute->value);
  const std::string_view fragment = name.substr(0, name.find(':'));
  const auto found = std::ranges::find_if(
      peers_, [fragment](const auto& entry) { return entry.second->local_ufrag() == fragment; });
  return found == peers_.end() ? nullptr : found->second.get();
}

Peer* Endpoint::by_transaction(Bytes datagram) {
  const auto header = stun::parse_header(datagram);
  if (!header) return nullptr;
  const auto found = std::ranges::find_if(
      peers_, [&](const auto& entry) { return entry.second->ice().awaits(header->transaction); });
  return found == peers_.end() ? nullptr : found->second.get();
}

void Endpoint::learn(const Path& path, const Peer& peer) {
  if (paths_.size() == kMaxPaths || !peer.knows(path)) return;
  for (const auto& [id, candidate] : peers_)
    if (candidate.get() == &peer) paths_.insert_or_assign(path, id);
}

void Endpoint::receive(Instant now, const Received& in) {
  if (Peer* peer = by_path(in.path)) return peer->receive(now, in);
  // What a TURN server says is for the peer that has asked it from this socket.
  if (Peer* peer = by_relay(in.path)) return peer->receive(now, in);
  if (classify(in.bytes) != Kind::kStun) {
    // Before its path is known, data can only be told apart by there being nobody else.
    if (peers_.size() == 1) return peers_.begin()->second->receive(now, in);
    return trace_.drop("8445:12.2#1"_rule, "data from an address that no peer knows", in.bytes);
  }
  if (Peer* peer = by_user_name(in.bytes)) {
    peer->receive(now, in);
    return learn(in.path, *peer);
  }
  // Responses carry no user name: whoever asked knows the transaction.
  if (Peer* peer = by_transaction(in.bytes)) {
    peer->receive(now, in);
    return learn(in.path, *peer);
  }
  trace_.drop("8445:7.2.5#0"_rule, "STUN that belongs to no peer", in.bytes);
}

void Endpoint::on_time(Instant now) {
  for (const auto& [id, peer] : peers_)
    if (peer->next_time() <= now) peer->on_time(now);
}

Instant Endpoint::next_time() const {
  Instant earliest = kNever;
  for (const auto& [id, peer] : peers_) earliest = std::min(earliest, peer->next_time());
  return earliest;
}

std::optional<Path> Endpoint::poll_transmit(Instant now, PacketBuffer& out) {
  auto next = peers_.upper_bound(turn_);
  for (std::size_t i = 0; i < peers_.size(); ++i, ++next) {
    if (next == peers_.end()) next = peers_.begin();
    if (auto path = next->second->poll_transmit(now, out)) {
      turn_ = next->first;
      return path;
    }
  }
  return std::nullopt;
}

std::optional<Endpoint::Event> Endpoint::poll_event() {
  for (const auto& [id, peer] : peers_)
    if (auto event = peer->poll_event()) return Event{.peer = id, .event = *std::move(event)};
  return std::nullopt;
}

}  // namespace glass::peer
