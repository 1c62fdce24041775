// TCP allocations on a TURN server: RFC 6062 §5. The bytes themselves never come here: the driver
// joins the two connections when it is told to.
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "crypto/secret.h"
#include "stun/attributes.h"
#include "stun/authenticator.h"
#include "stun/message.h"
#include "stun/names.h"
#include "stun/turn/allocation.h"
#include "stun/turn/attributes.h"
#include "stun/turn/server.h"
#include "stun/turn/server_core.h"

namespace glass::stun::turn {

void Server::Core::on_connect(const Asking& asking) {
  if (!by_client_.contains(asking.in.path)) trace_.rule("6062:5.2#1"_rule);
  const Allocation* allocation = own_allocation(asking);
  if (allocation == nullptr) return;
  const std::uint32_t slot = *by_client_.find(asking.in.path);
  const auto peer = get<XorPeerAddress>(asking.message);
  if (allocation->transport != Transport::kTcp || !peer)
    return refuse(asking, 400, "6062:5.2#4"_rule, "no peer, or no TCP allocation");
  for (const auto& [id, connection] : connections_) {
    if (connection.allocation != slot || connection.peer != peer->address) continue;
    return refuse(asking, 446,
                  connection.stage == Stage::kConnecting ? "6062:5.2#2"_rule : "6062:5.2#3"_rule,
                  "there is a connection to this peer");
  }
  if (!allocation->has_family_of(peer->address))
    return refuse(asking, 443, "8656:10.2#2"_rule, "a peer of another family");
  if (const auto why = refusal_of(peer->address, true))
    return refuse(asking, 403, "6062:5.2#5"_rule, *why);
  if (allocation->connections >= kConnectionsMax)
    return refuse(asking, 508, "6062:5.2#0"_rule, "too many connections");
  trace_.rule("6062:5.2#6"_rule);
  trace_.rule("6062:5.2#8"_rule);
  const std::uint32_t id = new_connection(slot, peer->address, asking.now + kConnectTime);
  Connection& connection = connections_.at(id);
  connection.transaction = asking.message.transaction();
  connection.asked_by = Accepted{.user = asking.user.user,
                                 .key = crypto::Secret(asking.user.key.bytes()),
                                 .integrity = asking.user.integrity};
  say(ConnectToPeer{id, allocation->relay(peer->address.is_v4())->address, peer->address});
}

std::uint32_t Server::Core::new_connection(std::uint32_t slot, const Address& peer, Instant due) {
  // RFC 6062 §5.2: unique among all connections, and not to be guessed.
  trace_.rule("6062:5.2#11"_rule);
  std::uint32_t id = random_.u32();
  while (connections_.contains(id)) id = random_.u32();
  connections_.emplace(
      id,
      Connection{.allocation = slot, .peer = peer, .due = due_.set(due, {Job::kConnection, id})});
  ++slots_[slot].connections;
  return id;
}

void Server::Core::on_peer_connected(Instant now, std::uint32_t id) {
  const auto entry = connections_.find(id);
  if (entry == connections_.end() || entry->second.stage != Stage::kConnecting)
    return say(CloseConnection{id});
  Connection& connection = entry->second;
  const Accepted user = *std::exchange(connection.asked_by, std::nullopt);
  connection.stage = Stage::kWaiting;
  due_.drop(connection.due);
  connection.due = due_.set(now + kBindTime, {Job::kConnection, id});
  trace_.rule("6062:5.2#10"_rule);
  Answer answer = begin_answer(Class::kSuccess, Method::kConnect, connection.transaction);
  answer.builder.add(ConnectionId{id});
  finish_answer(slots_[connection.allocation].client, answer, &user);
}

void Server::Core::on_peer_failed(Instant, std::uint32_t id) {
  const auto entry = connections_.find(id);
  if (entry == connections_.end() || entry->second.stage != Stage::kConnecting) return;
  fail_connect(id, entry->second);
}

void Server::Core::fail_connect(std::uint32_t id, Connection& connection) {
  trace_.rule("6062:5.2#7"_rule);
  const Accepted user = *std::exchange(connection.asked_by, std::nullopt);
  Answer answer = begin_answer(Class::kError, Method::kConnect, connection.transaction);
  answer.builder.add(ErrorCode{447, reason_phrase(447)});
  finish_answer(slots_[connection.allocation].client, answer, &user);
  end_connection(id);
}

std::optional<std::uint32_t> Server::Core::on_peer_accepted(Instant now, const Address& relayed,
                                                            const Address& peer) {
  const auto slot = by_relay_.find(relayed);
  if (!slot || slots_[*slot].transport != Transport::kTcp) return std::nullopt;
  const Allocation& allocation = slots_[*slot];
  if (!allocation.peers.permits(now, peer) || allocation.connections >= kConnectionsMax) {
    trace_.rule("6062:5.3#3"_rule);
    return std::nullopt;
  }
  const std::uint32_t id = new_connection(*slot, peer, now + kBindTime);
  connections_.at(id).stage = Stage::kWaiting;
  trace_.rule("6062:5.3#4"_rule);
  Answer answer = begin_answer(Class::kIndication, Method::kConnectionAttempt, ids_.next());
  answer.builder.add(ConnectionId{id}).add(XorPeerAddress{peer});
  push(slots_[*slot].way_to_client(), answer.packet.bytes());
  return id;
}

void Server::Core::on_connection_bind(const Asking& asking) {
  if (asking.in.path.transport == Transport::kUdp)
    return refuse(asking, 400, "6062:5.4#1"_rule, "a data connection over UDP");
  const auto wanted = get<ConnectionId>(asking.message);
  const auto entry = wanted ? connections_.find(wanted->value) : connections_.end();
  if (entry == connections_.end() || entry->second.stage != Stage::kWaiting ||
      by_client_.contains(asking.in.path) || by_data_path_.contains(asking.in.path))
    return refuse(asking, 400, "6062:5.4#2"_rule, "no such connection waits");
  Connection& connection = entry->second;
  if (slots_[connection.allocation].user != asking.user.user)
    return refuse(asking, 441, "8656:5#5"_rule, "another user made the allocation");
  connection.stage = Stage::kJoined;
  connection.client = asking.in.path;
  due_.drop(connection.due);
  by_data_path_.insert(asking.in.path, entry->first);
  trace_.rule("6062:5.4#3"_rule);
  trace_.rule("6062:5.4#4"_rule);
  Answer answer =
      begin_answer(Class::kSuccess, Method::kConnectionBind, asking.message.transaction());
  finish_answer(asking.in.path, answer, &asking.user, entry->first);
}

void Server::Core::on_connection_due(std::uint32_t id) {
  const auto entry = connections_.find(id);
  if (entry == connections_.end()) return;
  if (entry->second.stage == Stage::kConnecting) return fail_connect(id, entry->second);
  trace_.rule("6062:5.2#12"_rule);
  trace_.rule("6062:5.3#5"_rule);
  end_connection(id);
}

// Both sides close; the driver hears of it even where it knows already.
void Server::Core::end_connection(std::uint32_t id) {
  const auto entry = connections_.find(id);
  if (entry == connections_.end()) return;
  const Connection& connection = entry->second;
  due_.drop(connection.due);
  if (connection.client) by_data_path_.erase(*connection.client);
  --slots_[connection.allocation].connections;
  say(CloseConnection{id, connection.client});
  connections_.erase(entry);
}

void Server::Core::end_connections_of(std::uint32_t slot) {
  if (slots_[slot].connections == 0) return;
  std::vector<std::uint32_t> ended;
  for (const auto& [id, connection] : connections_)
    if (connection.allocation == slot) ended.push_back(id);
  trace_.rule("6062:5.5#1"_rule);
  for (const std::uint32_t id : ended) end_connection(id);
}

void Server::Core::on_peer_closed(Instant, std::uint32_t id) {
  const auto entry = connections_.find(id);
  if (entry == connections_.end()) return;
  trace_.rule("6062:5.5#3"_rule);
  if (entry->second.stage == Stage::kConnecting) return fail_connect(id, entry->second);
  end_connection(id);
}

void Server::Core::on_closed(Instant, const Path& client) {
  if (const auto id = by_data_path_.find(client)) {
    trace_.rule("6062:5.5#2"_rule);
    return end_connection(*id);
  }
  const auto slot = by_client_.find(client);
  if (!slot) return;
  Allocation& allocation = slots_[*slot];
  if (allocation.old_client && *allocation.old_client == client) return leave_old_path(allocation);
  // RFC 8016: whoever has a ticket may come back along another connection before time runs out.
  if (allocation.ticket) return;
  end_allocation(*slot, "the client's connection has closed");
}

}  // namespace glass::stun::turn
