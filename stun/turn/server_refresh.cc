// Refresh on a TURN server, and the end of allocations: RFC 8656 §8.2, RFC 8016 §3.2.2.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/rule.h"
#include "base/time.h"
#include "crypto/equal.h"
#include "stun/attributes.h"
#include "stun/message.h"
#include "stun/turn/allocation.h"
#include "stun/turn/attributes.h"
#include "stun/turn/server.h"
#include "stun/turn/server_core.h"

namespace glass::stun::turn {
namespace {

using TicketId = std::array<std::uint8_t, Ticket::kIdSize>;

TicketId id_of(Bytes ticket) {
  TicketId id{};
  copy_bytes(ticket.first(id.size()), id);
  return id;
}

}  // namespace

void Server::Core::on_refresh(const Asking& asking) {
  const auto ticket = get<MobilityTicket>(asking.message);
  Allocation* allocation =
      ticket ? moved_allocation(asking, ticket->bytes) : own_allocation(asking);
  if (allocation == nullptr) return;
  RefreshWish wish;
  if (!read_refresh(asking, *allocation, wish)) return;
  // RFC 8016 §3.2.2: what was found by its ticket is the same allocation at a new place.
  const std::uint32_t slot = *by_client_.find(allocation->client);
  if (!by_client_.contains(asking.in.path)) move(*allocation, slot, asking.in.path, asking.now);
  refresh(asking, slot, wish);
}

bool Server::Core::read_refresh(const Asking& asking, const Allocation& allocation,
                                RefreshWish& wish) {
  if (asking.message.has(AttributeType::kRequestedAddressFamily)) {
    const auto family = get<RequestedAddressFamily>(asking.message);
    if (!family || !allocation.relay(family->family == kFamilyV4)) {
      refuse(asking, 443, "8656:8.2#1"_rule, "no address of this family");
      return false;
    }
    wish.families = {family->family == kFamilyV4, family->family == kFamilyV6};
  }
  if (!asking.message.has(AttributeType::kLifetime)) return true;
  const auto lifetime = get<Lifetime>(asking.message);
  if (!lifetime) {
    refuse(asking, 400, "8656:8.2#0"_rule, "a malformed LIFETIME");
    return false;
  }
  wish.lifetime = lifetime->value;
  return true;
}

void Server::Core::refresh(const Asking& asking, std::uint32_t slot, const RefreshWish& wish) {
  Allocation& allocation = slots_[slot];
  const bool ends = wish.lifetime == 0U;
  const Duration desired = ends ? Duration{} : lifetime_of(wish.lifetime);
  trace_.rule("8656:8.2#0"_rule);
  for (std::size_t i = 0; i < wish.families.size(); ++i)
    if (wish.families[i] && allocation.relays[i])
      allocation.relays[i]->expires = asking.now + desired;

  Answer answer = begin_answer(Class::kSuccess, Method::kRefresh, asking.message.transaction());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(desired);
  answer.builder.add(Lifetime{static_cast<std::uint32_t>(seconds.count())});
  if (allocation.ticket && asking.message.has(AttributeType::kMobilityTicket)) {
    trace_.rule("8016:3.2.2#4"_rule);
    answer.builder.add(MobilityTicket{allocation.ticket->bytes});
  }
  finish_answer(asking.in.path, answer, &asking.user);
  if (!ends) return reschedule(slot);
  if (wish.families[0]) end_relay(slot, true, "deleted by the client");
  if (wish.families[1]) end_relay(slot, false, "deleted by the client");
}

// RFC 8016 §3.2.2: the ticket names the allocation, not the 5-tuple. Null: answered.
Allocation* Server::Core::moved_allocation(const Asking& asking, Bytes ticket) {
  const auto refused = [&](unsigned code, Rule rule, std::string_view why) -> Allocation* {
    refuse(asking, code, rule, why);
    return nullptr;
  };
  if (!config_.mobility) return refused(405, "8016:3.2.2#0"_rule, "mobility is forbidden");
  if (!is_ours(ticket)) return refused(400, "8016:3.2.2#2"_rule, "an invalid ticket");
  const auto entry = by_ticket_.find(id_of(ticket));
  if (entry == by_ticket_.end())
    return refused(437, "8016:3.2.2#1"_rule, "the allocation of this ticket is gone");
  Allocation& allocation = slots_[entry->second];
  if (allocation.user != asking.user.user)
    return refused(441, "8016:3.2.2#3"_rule, "another user made the allocation");
  const bool is_current = allocation.ticket && equal(allocation.ticket->bytes, ticket);
  const bool is_at_home = asking.in.path == allocation.client;
  if (!is_current) {
    // The answer to the move was lost: it is the old ticket, at the new place, for a while.
    if (!is_at_home || asking.now >= allocation.old_ticket_until)
      return refused(400, "8016:3.2.2#6"_rule, "a ticket that has been used");
    return &allocation;
  }
  if (is_at_home) return refused(400, "8016:3.2.1#1"_rule, "a ticket without a move");
  if (by_client_.contains(asking.in.path) && asking.in.path != allocation.old_client)
    return refused(437, "8656:7.2#0"_rule, "another allocation is at the new 5-tuple");
  trace_.rule("8016:5#3"_rule);
  // Back to where it came from, before the new place was used: the old 5-tuple is free again.
  if (allocation.old_client && asking.in.path == *allocation.old_client) leave_old_path(allocation);
  return &allocation;
}

void Server::Core::move(Allocation& allocation, std::uint32_t slot, const Path& client,
                        Instant now) {
  if (allocation.old_client) leave_old_path(allocation);
  allocation.old_client = allocation.client;
  allocation.client = client;
  by_client_.insert(client, slot);
  if (allocation.old_ticket) by_ticket_.erase(id_of(allocation.old_ticket->bytes));
  allocation.old_ticket = allocation.ticket;
  allocation.old_ticket_until = now + kOldTicketTime;
  allocation.ticket = make_ticket();
  by_ticket_.emplace(id_of(allocation.ticket->bytes), slot);
}

Ticket Server::Core::make_ticket() {
  trace_.rule("8016:5#1"_rule);
  trace_.rule("8016:5#2"_rule);
  Ticket ticket;
  random_.fill(MutableBytes(ticket.bytes).first(Ticket::kIdSize));
  ticket_signer_.update(Bytes(ticket.bytes).first(Ticket::kIdSize));
  ticket_signer_.finish(MutableBytes(ticket.bytes).last(Ticket::kProofSize));
  return ticket;
}

bool Server::Core::is_ours(Bytes ticket) {
  if (ticket.size() != Ticket::kIdSize + Ticket::kProofSize) return false;
  std::array<std::uint8_t, Ticket::kProofSize> proof{};
  ticket_signer_.update(ticket.first(Ticket::kIdSize));
  ticket_signer_.finish(proof);
  return crypto::equal_secret(proof, ticket.last(Ticket::kProofSize));
}

// Sets the timer to the earlier of the two families' ends.
void Server::Core::reschedule(std::uint32_t slot) {
  Allocation& allocation = slots_[slot];
  due_.drop(allocation.due);
  Instant next = kNever;
  for (const auto& relay : allocation.relays)
    if (relay) next = std::min(next, relay->expires);
  allocation.due = due_.set(next, {Job::kAllocation, slot});
}

void Server::Core::on_allocation_due(Instant now, std::uint32_t slot) {
  for (const bool v4 : {true, false}) {
    const auto& relay = slots_[slot].relay(v4);
    if (relay && now >= relay->expires) end_relay(slot, v4, "expired");
  }
}

// RFC 8656 §8.1: the other family, its permissions and its channels stay.
void Server::Core::end_relay(std::uint32_t slot, bool v4, std::string_view why) {
  Allocation& allocation = slots_[slot];
  if (!allocation.is_open || !allocation.relay(v4)) return;
  if (!allocation.relay(!v4)) return end_allocation(slot, why);
  trace_.rule("8656:8.1#2"_rule);
  const Address address = std::exchange(allocation.relay(v4), std::nullopt)->address;
  by_relay_.erase(address);
  ports_.close(allocation.transport, address);
  allocation.peers.forget_family(v4);
  reschedule(slot);
}

void Server::Core::end_allocation(std::uint32_t slot, std::string_view why) {
  trace_.rule("8656:6#0"_rule, Fact{"ended", why});
  Allocation& allocation = slots_[slot];
  end_connections_of(slot);
  by_client_.erase(allocation.client);
  if (allocation.old_client) by_client_.erase(*allocation.old_client);
  if (allocation.ticket) by_ticket_.erase(id_of(allocation.ticket->bytes));
  if (allocation.old_ticket) by_ticket_.erase(id_of(allocation.old_ticket->bytes));
  due_.drop(allocation.due);
  say(AllocationEnded{allocation.user, allocation.client, allocation.first_address(), why});
  for (const auto& relay : allocation.relays) {
    if (!relay) continue;
    by_relay_.erase(relay->address);
    ports_.close(allocation.transport, relay->address);
  }
  release_account(allocation.user);
  slots_[slot] = Allocation{};
  free_slots_.push_back(slot);
  --open_;
}

}  // namespace glass::stun::turn
