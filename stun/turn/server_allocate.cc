// Allocate on a TURN server: RFC 8656 §7.2, RFC 6062 §5.1, RFC 8016 §3.1.2.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "stun/attributes.h"
#include "stun/message.h"
#include "stun/names.h"
#include "stun/turn/allocation.h"
#include "stun/turn/attributes.h"
#include "stun/turn/peer_policy.h"
#include "stun/turn/server.h"
#include "stun/turn/server_core.h"

namespace glass::stun::turn {
namespace {

constexpr std::uint16_t kWellKnownEnd = 1024;  // RFC 8656 §7.2: ports below are never lent

// RFC 8656 §18.6, §18.11: four bytes, the first of them the family. nullopt: another size.
std::optional<std::uint8_t> family_in(const Attribute& attribute) {
  if (attribute.value.size() != 4) return std::nullopt;
  return attribute.value[0];
}

}  // namespace

void Server::Core::on_allocate(const Asking& asking) {
  // Steps as RFC 8656 §7.2 numbers them; the first, who asks, is behind us.
  // 2. The 5-tuple must be free; the same request once more is answered as before.
  if (const auto slot = by_client_.find(asking.in.path)) {
    const Allocation& there = slots_[*slot];
    if (there.made_by != asking.message.transaction() || there.user != asking.user.user)
      return refuse(asking, 437, "8656:7.2#0"_rule, "the 5-tuple is in use");
    trace_.rule("8656:7.2#0"_rule, Fact{"retransmission", 1});
    return answer_allocate(asking, there);
  }
  if (is_tunneled(asking.in.path.remote))
    return refuse(asking, 403, "8656:21.4#2"_rule, "a tunneled address");
  AllocateWish wish;
  // 3. and 4. REQUESTED-TRANSPORT, DONT-FRAGMENT.  5. RESERVATION-TOKEN.  6. to 9. Families.
  if (!read_transport(asking, wish) || !read_token(asking, wish) || !read_families(asking, wish) ||
      !read_extras(asking, wish))
    return;
  // 10. Quota.
  if (!is_within_limits(asking, wish.ports == PortWish::kPair ? 2 : 1)) return;
  // 11. Another server.
  if (config_.alternate) {
    trace_.rule("8489:14.8#6"_rule);
    return refuse(asking, 300, "8656:7.2#9"_rule, "another server is to help");
  }

  Allocation made{.is_open = true, .client = asking.in.path, .transport = wish.transport};
  made.user = asking.user.user;
  made.made_by = asking.message.transaction();
  if (!open_relays(wish, made, asking.now))
    return refuse(asking, 508, "8656:7.2#0"_rule, "no relayed address to be had");
  const Instant expires = asking.now + lifetime_of(wish.lifetime);
  const std::uint32_t slot = free_slot();
  for (auto& relay : made.relays) {
    if (!relay) continue;
    relay->expires = expires;
    by_relay_.insert(relay->address, slot);
  }
  made.account = &account_of(made.user, asking.now);
  ++made.account->allocations;
  made.buckets = {Bucket(asking.now, config_.bytes_per_second),
                  Bucket(asking.now, config_.bytes_per_second)};
  if (wish.ticket) {
    made.ticket = make_ticket();
    std::array<std::uint8_t, Ticket::kIdSize> id{};
    copy_bytes(Bytes(made.ticket->bytes).first(id.size()), id);
    by_ticket_.emplace(id, slot);
  }
  slots_[slot] = std::move(made);
  ++open_;
  by_client_.insert(asking.in.path, slot);
  reschedule(slot);
  const Allocation& allocation = slots_[slot];
  say(AllocationMade{allocation.user, allocation.client, allocation.first_address()});
  answer_allocate(asking, allocation);
}

bool Server::Core::read_transport(const Asking& asking, AllocateWish& wish) {
  const auto requested = get<RequestedTransport>(asking.message);
  if (!requested) {
    refuse(asking, 400, "8656:7.2#0"_rule, "no REQUESTED-TRANSPORT, or a malformed one");
    return false;
  }
  if (requested->protocol == kProtocolUdp) {
    if (!config_.udp) {
      refuse(asking, 403, "6062:5.1#3"_rule, "UDP allocations are forbidden");
      return false;
    }
    trace_.rule("6062:5.1#2"_rule);
    if (!asking.message.has(AttributeType::kDontFragment) || config_.dont_fragment) return true;
    UnknownAttributes unknown;
    unknown.insert(AttributeType::kDontFragment);
    trace_.rule("8656:3.7#3"_rule);
    refuse_unknown(asking, unknown);
    return false;
  }
  if (requested->protocol != kProtocolTcp || !config_.tcp) {
    refuse(asking, 442, "6062:5.1#1"_rule, "a transport that is not supported");
    return false;
  }
  if (asking.in.path.transport == Transport::kUdp) {
    refuse(asking, 400, "6062:5.1#4"_rule, "a TCP allocation over UDP");
    return false;
  }
  if (asking.message.has(AttributeType::kDontFragment) ||
      asking.message.has(AttributeType::kEvenPort) ||
      asking.message.has(AttributeType::kReservationToken)) {
    refuse(asking, 400, "6062:5.1#5"_rule, "attributes that are about UDP");
    return false;
  }
  wish.transport = Transport::kTcp;
  return true;
}

bool Server::Core::read_token(const Asking& asking, AllocateWish& wish) {
  const MessageView& message = asking.message;
  if (!message.has(AttributeType::kReservationToken)) return true;
  const auto token = get<ReservationToken>(message);
  if (!token || message.has(AttributeType::kEvenPort) ||
      message.has(AttributeType::kRequestedAddressFamily) ||
      message.has(AttributeType::kAdditionalAddressFamily)) {
    refuse(asking, 400, "8656:7.2#0"_rule, "a RESERVATION-TOKEN that is malformed or not alone");
    return false;
  }
  if (!reservations_.contains(token->value)) {
    refuse(asking, 508, "8656:7.2#0"_rule, "nothing is reserved under this token");
    return false;
  }
  wish.token = token->value;
  return true;
}

bool Server::Core::read_families(const Asking& asking, AllocateWish& wish) {
  const auto requested = asking.message.find(AttributeType::kRequestedAddressFamily);
  const auto additional = asking.message.find(AttributeType::kAdditionalAddressFamily);
  if (requested && additional) {
    refuse(asking, 400, "8656:7.2#0"_rule, "two attributes about the family");
    return false;
  }
  const auto family = requested ? family_in(*requested) : kFamilyV4;
  if (!family || (additional && family_in(*additional) != kFamilyV6)) {
    refuse(asking, 400, "8656:7.2#0"_rule, "a malformed family, or IPv4 as the additional one");
    return false;
  }
  if (wish.token) return true;
  wish.v4 = *family == kFamilyV4;
  wish.v6 = *family == kFamilyV6 || additional.has_value();
  const bool has_v4 = config_.relay_v4.has_value();
  const bool has_v6 = config_.relay_v6.has_value();
  if (additional ? (has_v4 || has_v6) : (wish.v4 ? has_v4 : wish.v6 && has_v6)) {
    if (!requested && wish.v4) trace_.rule("8656:7.2#6"_rule);
    return true;
  }
  refuse(asking, 440, requested ? "8656:7.2#4"_rule : "8656:7.2#5"_rule,
         "no address of this family");
  return false;
}

bool Server::Core::read_extras(const Asking& asking, AllocateWish& wish) {
  const MessageView& message = asking.message;
  if (message.has(AttributeType::kEvenPort)) {
    const auto even = get<EvenPort>(message);
    if (!even || (even->reserve_next && message.has(AttributeType::kAdditionalAddressFamily))) {
      refuse(asking, 400, "8656:7.2#0"_rule, "EVEN-PORT is malformed, or two and two addresses");
      return false;
    }
    wish.ports = even->reserve_next ? PortWish::kPair : PortWish::kEven;
  }
  if (message.has(AttributeType::kLifetime)) {
    const auto lifetime = get<Lifetime>(message);
    if (!lifetime) {
      refuse(asking, 400, "8656:7.2#0"_rule, "a malformed LIFETIME");
      return false;
    }
    wish.lifetime = lifetime->value;
  }
  const auto ticket = get<MobilityTicket>(message);
  if (!ticket) return true;
  if (!ticket->bytes.empty()) {
    refuse(asking, 400, "8016:3.1.2#0"_rule, "a ticket where one is asked for");
    return false;
  }
  if (!config_.mobility) {
    refuse(asking, 405, "8016:3.1.2#0"_rule, "mobility is forbidden");
    return false;
  }
  wish.ticket = true;
  return true;
}

bool Server::Core::is_within_limits(const Asking& asking, std::size_t wanted) {
  const auto account = users_.find(asking.user.user);
  const std::size_t mine = account == users_.end() ? 0 : account->second.allocations;
  if (mine + wanted > config_.allocations_per_user) {
    trace_.rule("8656:7.2#8"_rule);
    refuse(asking, 486, "8656:7.2#7"_rule, "this user has as many as are allowed");
    return false;
  }
  if (open_ + reservations_.size() + wanted <= config_.allocations_max) return true;
  refuse(asking, 508, "8656:5#12"_rule, "the server has as many as are allowed");
  return false;
}

bool Server::Core::open_relays(const AllocateWish& wish, Allocation& made, Instant now) {
  if (wish.token) {
    const auto address = redeem(*wish.token);
    if (!address) return false;
    made.relay(address->is_v4()) = Relay{.address = *address};
    return true;
  }
  if (wish.v4 && wish.v6) return open_both(wish, made);
  const auto& ip = wish.v4 ? config_.relay_v4 : config_.relay_v6;
  const auto address = open_port(wish.transport, *ip, wish.ports);
  if (!address) return false;
  made.relay(wish.v4) = Relay{.address = *address};
  if (wish.ports == PortWish::kPair)
    made.token =
        reserve(now, address->with_port(static_cast<std::uint16_t>(address->port + 1)), made.user);
  return true;
}

// RFC 8656 §7.2 step 9: one of each family, or one and the reason why there is no other.
bool Server::Core::open_both(const AllocateWish& wish, Allocation& made) {
  for (const bool v4 : {true, false}) {
    const auto& ip = v4 ? config_.relay_v4 : config_.relay_v6;
    const auto address = ip ? open_port(wish.transport, *ip, wish.ports) : std::nullopt;
    if (address) {
      made.relay(v4) = Relay{.address = *address};
    } else {
      made.second_code = ip ? 508 : 440;
    }
  }
  return made.relays[0] || made.relays[1];
}

// RFC 6056 §3.3.1: from a random port on, the first that is free.
std::optional<Address> Server::Core::open_port(Transport transport, const Address& ip,
                                               PortWish wish) {
  const std::uint32_t low = std::max(config_.port_min, kWellKnownEnd);
  const std::uint32_t high = std::max<std::uint32_t>(config_.port_max, low);
  const std::uint32_t count = high - low + 1;
  trace_.rule("8656:7.2#11"_rule, Fact{"from", low}, Fact{"to", high});
  trace_.rule("8656:7.2#12"_rule);
  trace_.rule("8656:7.2#13"_rule);
  const std::uint32_t start = random_.below(count);
  for (std::uint32_t tried = 0; tried < std::min(count, 2 * kPortTries); ++tried) {
    const std::uint32_t port = low + (start + tried) % count;
    if (wish != PortWish::kAny && port % 2 != 0) continue;
    const Address address = ip.with_port(static_cast<std::uint16_t>(port));
    if (by_relay_.contains(address) || !may_open(address)) continue;
    if (wish != PortWish::kPair) {
      if (ports_.open(transport, address)) return address;
      continue;
    }
    const Address second = ip.with_port(static_cast<std::uint16_t>(port + 1));
    if (port + 1 > high || by_relay_.contains(second) || !may_open(second)) continue;
    if (!ports_.open(transport, address)) continue;
    if (ports_.open(transport, second)) return address;
    ports_.close(transport, address);
  }
  return std::nullopt;
}

// Reserved and listening ports are taken, even where the driver's sockets would not mind.
bool Server::Core::may_open(const Address& address) const {
  if (std::ranges::find(config_.listening, address) != config_.listening.end()) return false;
  return std::ranges::none_of(reservations_,
                              [&](const auto& entry) { return entry.second.address == address; });
}

std::optional<std::uint64_t> Server::Core::reserve(Instant now, const Address& address,
                                                   const std::string& user) {
  if (reservations_.size() >= kReservationsMax) {
    ports_.close(Transport::kUdp, address);
    return std::nullopt;
  }
  std::uint64_t token = random_.u64();
  while (reservations_.contains(token)) token = random_.u64();
  trace_.rule("8656:7.2#10"_rule);
  ++account_of(user, now).allocations;
  const auto due = due_.set(now + kReservationTime, {Job::kReservation, token});
  reservations_.emplace(token, Reservation{.address = address, .user = user, .due = due});
  return token;
}

// The address goes to an allocation; who reserved it does not pay for it any more.
std::optional<Address> Server::Core::redeem(std::uint64_t token) {
  const auto found = reservations_.find(token);
  if (found == reservations_.end()) return std::nullopt;
  const Address address = found->second.address;
  due_.drop(found->second.due);
  release_account(found->second.user);
  reservations_.erase(found);
  return address;
}

void Server::Core::end_reservation(std::uint64_t token) {
  const auto address = redeem(token);
  if (address) ports_.close(Transport::kUdp, *address);
}

std::uint32_t Server::Core::free_slot() {
  if (free_slots_.empty()) {
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

User& Server::Core::account_of(const std::string& user, Instant now) {
  const auto [entry, is_new] = users_.try_emplace(user);
  if (is_new)
    entry->second.buckets = {Bucket(now, config_.bytes_per_second_of_user),
                             Bucket(now, config_.bytes_per_second_of_user)};
  return entry->second;
}

void Server::Core::release_account(const std::string& user) {
  const auto entry = users_.find(user);
  if (entry != users_.end() && --entry->second.allocations == 0) users_.erase(entry);
}

Duration Server::Core::lifetime_of(std::optional<std::uint32_t> asked) const {
  if (!asked) return config_.default_lifetime;
  trace_.rule("8656:7.2#14"_rule);
  const auto granted = std::min(std::chrono::seconds(*asked), config_.max_lifetime);
  return std::max(granted, config_.default_lifetime);
}

void Server::Core::answer_allocate(const Asking& asking, const Allocation& allocation) {
  Answer answer = begin_answer(Class::kSuccess, Method::kAllocate, asking.message.transaction());
  trace_.rule("8656:6#1"_rule);
  Instant expires = kNever;
  for (const auto& relay : allocation.relays) {
    if (!relay) continue;
    answer.builder.add(XorRelayedAddress{relay->address});
    expires = std::min(expires, relay->expires);
  }
  const auto left = std::chrono::floor<std::chrono::seconds>(expires - asking.now);
  answer.builder.add(Lifetime{static_cast<std::uint32_t>(left.count())});
  if (allocation.token) answer.builder.add(ReservationToken{*allocation.token});
  answer.builder.add(XorMappedAddress{asking.in.path.remote});
  if (allocation.second_code != 0) {
    const bool v4_is_missing = !allocation.relays[0].has_value();
    answer.builder.add(AddressErrorCode{.family = v4_is_missing ? kFamilyV4 : kFamilyV6,
                                        .code = allocation.second_code,
                                        .reason = reason_phrase(allocation.second_code)});
  }
  if (allocation.ticket) answer.builder.add(MobilityTicket{allocation.ticket->bytes});
  finish_answer(asking.in.path, answer, &asking.user);
}

}  // namespace glass::stun::turn
