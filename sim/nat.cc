#include "sim/nat.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/check.h"
#include "base/time.h"
#include "base/trace.h"
#include "sim/firewall.h"
#include "sim/router.h"

namespace glass::sim {
namespace {

using enum Router::Verdict::Onward;

constexpr std::uint16_t kFirstUnprivileged = 1024;  // RFC 4787 §4.2.1
// As long as a reader needs to tell one kind of filter from the other.
constexpr std::array<std::string_view, 3> kFiltered{
    "", "filtered: nothing was sent to that address (address-dependent)",
    "filtered: nothing was sent to that address and port (address- and port-dependent)"};

template <class T>
bool contains(const std::vector<T>& all, const T& one) {
  return std::ranges::find(all, one) != all.end();
}

}  // namespace

std::string_view to_text(PortAssignment ports) {
  constexpr std::array<std::string_view, 4> kNames{"preservation", "overloading", "sequential",
                                                   "random"};
  return kNames.at(std::to_underlying(ports));
}

std::string_view to_text(Hairpinning hairpinning) {
  constexpr std::array<std::string_view, 3> kNames{"none", "internal source", "external source"};
  return kNames.at(std::to_underlying(hairpinning));
}

std::string short_text(const NatBehaviour& behaviour) {
  return std::string(short_text(behaviour.mapping)) + '/' +
         std::string(short_text(behaviour.filtering));
}

std::optional<NatBehaviour> parse_nat(std::string_view text) {
  using enum Dependence;
  struct Known {
    std::string_view name;
    Dependence mapping;
    Dependence filtering;
    PortAssignment ports;
  };
  constexpr std::array kKnown{
      Known{"full-cone",            kNone,           kNone,           PortAssignment::kPreservation},
      Known{"restricted-cone",      kNone,           kAddress,        PortAssignment::kPreservation},
      Known{"port-restricted-cone", kNone,           kAddressAndPort, PortAssignment::kPreservation},
      Known{"symmetric",            kAddressAndPort, kAddressAndPort, PortAssignment::kRandom      },
      // Masquerading: ports are kept as long as no other host talks to the same remote end.
      Known{"linux",                kAddressAndPort, kAddressAndPort, PortAssignment::kOverloading },
  };
  const auto* const known = std::ranges::find(kKnown, text, &Known::name);
  if (known != kKnown.end())
    return NatBehaviour{
        .mapping = known->mapping, .filtering = known->filtering, .ports = known->ports};
  for (const Dependence mapping : {kNone, kAddress, kAddressAndPort}) {
    for (const Dependence filtering : {kNone, kAddress, kAddressAndPort}) {
      const NatBehaviour candidate{
          .mapping = mapping,
          .filtering = filtering,
          .ports = mapping == kNone ? PortAssignment::kPreservation : PortAssignment::kRandom};
      if (short_text(candidate) == text) return candidate;
    }
  }
  return std::nullopt;
}

Nat::Nat(const Behaviour& behaviour, std::span<const Address> outside, std::uint64_t seed,
         const Trace& trace)
    : behaviour_(behaviour), dice_(seed), trace_(trace) {
  CHECK(behaviour.first_port > 0 && behaviour.first_port <= behaviour.last_port);
  renumber(outside);
}

bool Nat::Permit::same(const Permit& other) const {
  return mapping == other.mapping && transport == other.transport && inside == other.inside &&
         remote == other.remote;
}

// --- Forwarding ---

Router::Verdict Nat::forward(Instant now, Side from, Header& header) {
  if (!header.source.is_v4() || !header.target.is_v4())
    return refuse("4787:2#0"_rule, "this NAT translates IPv4 only");
  expire(now);
  return from == Side::kInside ? outward(now, header) : inward(now, header);
}

Router::Verdict Nat::outward(Instant now, Header& header) {
  Verdict verdict = behaviour_.traffic.judge(header);
  if (verdict.onward == kDrop) return verdict;
  const bool turns_back = is_ours(header.target);
  if (turns_back && behaviour_.hairpinning == Hairpinning::kNone)
    return refuse("4787:6#1"_rule, "this NAT does no hairpinning");
  if (Mapping* const known = find(header)) {
    refresh_by_outbound(now, *known);
  } else if (const auto refused = make(now, header)) {
    return *refused;
  }
  const Mapping& mapping = *find(header);
  admit(now, mapping, header.target);
  const Address sender = std::exchange(header.source, mapping.outside);
  return turns_back ? turn_back(now, header, sender) : verdict;
}

// RFC 4787 §6. The filter of the receiver sees the outside address of the sender in either form.
Router::Verdict Nat::turn_back(Instant now, Header& header, const Address& sender) {
  trace_.rule("4787:6#1"_rule);
  Verdict verdict = inward(now, header);
  if (verdict.onward == kDrop) return verdict;
  if (behaviour_.hairpinning == Hairpinning::kExternalSource) {
    trace_.rule("4787:6#2"_rule);
  } else {
    header.source = sender;
  }
  return verdict;
}

Router::Verdict Nat::inward(Instant now, Header& header) {
  // With overloaded ports, several mappings share an outside endpoint. The filter tells them apart.
  Mapping* found = nullptr;
  bool is_known = false;
  for (Mapping& mapping : mappings_) {
    if (mapping.transport != header.transport || mapping.outside != header.target) continue;
    is_known = true;
    if (admits(now, mapping, header.source)) found = &mapping;
  }
  if (!is_known) return refuse("4787:4.1#0"_rule, "no mapping has that port");
  if (found == nullptr)
    return refuse("4787:5#0"_rule, kFiltered.at(std::to_underlying(behaviour_.filtering)));
  if (behaviour_.refreshed_by_inbound) {
    trace_.rule("4787:4.3#6"_rule);
    found->used = now;
  }
  header.target = found->inside;
  return {kInside, {}, {}};
}

// --- Mappings ---

Nat::Mapping* Nat::find(const Header& header) {
  const Address remote = relevant_part(header.target, behaviour_.mapping);
  const auto known = std::ranges::find_if(mappings_, [&](const Mapping& mapping) {
    return mapping.transport == header.transport && mapping.inside == header.source &&
           mapping.remote == remote;
  });
  return known == mappings_.end() ? nullptr : &*known;
}

// A verdict: it is not to be.
std::optional<Router::Verdict> Nat::make(Instant now, const Header& header) {
  if (mappings_.size() >= behaviour_.max_mappings)
    return refuse("4787:4.1#0"_rule, "the table of mappings is full");
  const Address& address = pick_address(header.source);
  const std::uint16_t port = pick_port(header.transport, header.source, address);
  if (port == 0) return refuse("4787:4.2.1#0"_rule, "no port is left");
  mappings_.push_back({++last_id_, header.transport, header.source,
                       relevant_part(header.target, behaviour_.mapping), address.with_port(port),
                       now});
  const Mapping& made = mappings_.back();
  if (behaviour_.mapping == Dependence::kNone)
    trace_.rule("4787:4.1#1"_rule);  // whoever it is for, it will be this one
  if (trace_.is_on())
    trace_.rule("4787:4.1#0"_rule, Fact{"transport", to_text(made.transport)},
                Fact{"inside", to_text(made.inside)}, Fact{"outside", to_text(made.outside)},
                Fact{"remote", behaviour_.mapping == Dependence::kNone ? std::string("any")
                                                                       : to_text(made.remote)});
  return std::nullopt;
}

Duration Nat::lifetime(Transport transport) const {
  return transport == Transport::kUdp ? behaviour_.lifetime : behaviour_.tcp_lifetime;
}

void Nat::refresh_by_outbound(Instant now, Mapping& mapping) {
  if (!behaviour_.refreshed_by_outbound) return;
  // Said only where it matters: the mapping was on its way to the end.
  if (now - mapping.used >= lifetime(mapping.transport) / 2) trace_.rule("4787:4.3#5"_rule);
  mapping.used = now;
}

void Nat::expire(Instant now) {
  const auto is_over = [&](const auto& what) {
    return what.used + lifetime(what.transport) <= now;
  };
  for (const Mapping& mapping : mappings_) {
    if (!is_over(mapping)) continue;
    if (trace_.is_on())
      trace_.rule("4787:4.3#0"_rule, Fact{"inside", to_text(mapping.inside)},
                  Fact{"expired", to_text(mapping.outside)});
    std::erase_if(permits_, [&](const Permit& permit) { return permit.mapping == mapping.id; });
  }
  std::erase_if(mappings_, is_over);
  std::erase_if(permits_, is_over);
}

std::vector<Nat::Entry> Nat::table(Instant now) const {
  std::vector<Entry> out;
  for (const Mapping& mapping : mappings_) {
    const Duration life = lifetime(mapping.transport);
    if (mapping.used + life <= now) continue;
    Entry& entry = out.emplace_back(mapping.transport, mapping.inside, mapping.outside,
                                    mapping.remote, std::vector<Address>{}, mapping.used + life);
    for (const Permit& permit : permits_) {
      const Permit wanted = permit_for(mapping, permit.remote);
      if (permit.same(wanted) && permit.used + life > now) entry.admitted.push_back(permit.remote);
    }
  }
  return out;
}

// --- Filters ---

Nat::Permit Nat::permit_for(const Mapping& mapping, const Address& remote) const {
  const bool is_shared = behaviour_.filter_scope == FilterScope::kEndpoint;
  return {is_shared ? 0 : mapping.id,
          mapping.transport,
          mapping.inside,
          relevant_part(remote, behaviour_.filtering),
          {}};
}

void Nat::admit(Instant now, const Mapping& mapping, const Address& remote) {
  if (behaviour_.filtering == Dependence::kNone) return;
  Permit wanted = permit_for(mapping, remote);
  wanted.used = now;
  const auto known =
      std::ranges::find_if(permits_, [&](const Permit& permit) { return permit.same(wanted); });
  if (known != permits_.end()) {
    known->used = now;
    return;
  }
  if (permits_.size() == kMaxPermits) permits_.erase(permits_.begin());
  permits_.push_back(wanted);
  if (trace_.is_on())
    trace_.rule("4787:5#0"_rule, Fact{"inside", to_text(mapping.inside)},
                Fact{"outside", to_text(mapping.outside)}, Fact{"admits", to_text(wanted.remote)});
}

// Permits that have run out are gone: expire() came before.
bool Nat::admits(Instant now, const Mapping& mapping, const Address& remote) {
  if (behaviour_.filtering == Dependence::kNone) {
    trace_.rule("4787:5#1"_rule);
    return true;
  }
  const Permit wanted = permit_for(mapping, remote);
  const auto known =
      std::ranges::find_if(permits_, [&](const Permit& permit) { return permit.same(wanted); });
  if (known == permits_.end()) return false;
  if (behaviour_.refreshed_by_inbound) known->used = now;
  if (behaviour_.filtering == Dependence::kAddress) trace_.rule("4787:5#2"_rule);
  return true;
}

// --- Addresses and ports ---

bool Nat::is_ours(const Address& address) const {
  return std::ranges::any_of(outside_, [&](const Address& own) { return own.same_ip(address); });
}

const Address& Nat::pick_address(const Address& inside) {
  if (outside_.size() == 1) return outside_.front();
  const auto count = static_cast<std::uint32_t>(outside_.size());
  if (behaviour_.pooling == Pooling::kArbitrary) return outside_[dice_.below(count)];
  const auto [pair, is_new] = pairs_.try_emplace(inside.with_port(0), pairs_.size() % count);
  if (!is_new) trace_.rule("4787:4.1#2"_rule);
  return outside_[pair->second];
}

bool Nat::is_free(const Port& port) const {
  const auto is_taken = [&](const Mapping& mapping) {
    return mapping.transport == port.first && mapping.outside == port.second;
  };
  return std::ranges::none_of(mappings_, is_taken) && !contains(spoilt_, port);
}

// RFC 4787 §4.2.3: RTP and RTCP of old had ports side by side. Zero: there is no neighbour.
std::uint16_t Nat::neighbour_port(Transport transport, const Address& inside,
                                  const Address& outside) const {
  if (!behaviour_.contiguity) return 0;
  for (const Mapping& mapping : mappings_) {
    if (mapping.transport != transport || !mapping.inside.same_ip(inside) ||
        !mapping.outside.same_ip(outside))
      continue;
    const int step = inside.port - mapping.inside.port;
    // An even port and the odd one after it are a pair.
    const bool is_pair = step == 1 ? inside.port % 2 == 1 : step == -1 && inside.port % 2 == 0;
    const auto port = static_cast<std::uint16_t>(mapping.outside.port + step);
    if (is_pair && is_free({transport, outside.with_port(port)})) return port;
  }
  return 0;
}

// Zero: none is left.
std::uint16_t Nat::pick_port(Transport transport, const Address& inside, const Address& outside) {
  if (const std::uint16_t port = neighbour_port(transport, inside, outside); port != 0) {
    trace_.rule("4787:4.2.3#0"_rule);
    return port;
  }
  const bool is_privileged = inside.port < kFirstUnprivileged;
  const std::uint16_t first = is_privileged ? 1 : behaviour_.first_port;
  const std::uint16_t last = is_privileged ? kFirstUnprivileged - 1 : behaviour_.last_port;
  const auto range = static_cast<std::uint32_t>(last - first + 1);
  const auto at = [&](const Address& port) { return Port{transport, port}; };

  const bool keeps = behaviour_.ports == PortAssignment::kPreservation ||
                     behaviour_.ports == PortAssignment::kOverloading;
  const bool fits = inside.port >= first && inside.port <= last;
  const Port same = at(outside.with_port(inside.port));
  if (behaviour_.ports == PortAssignment::kOverloading && fits && !contains(spoilt_, same))
    return inside.port;
  if (keeps && fits && is_free(same)) return inside.port;
  if (behaviour_.ports == PortAssignment::kPreservation)
    trace_.rule("4787:4.2.1#1"_rule);  // taken: it is not given out twice

  std::uint32_t start = inside.port >= first ? inside.port - first + 1U : 0;
  if (behaviour_.ports == PortAssignment::kRandom) start = dice_.below(range);
  if (behaviour_.ports == PortAssignment::kSequential && !is_privileged)
    start = last_port_ < first ? 0 : last_port_ - first + 1U;
  for (std::uint32_t i = 0; i < range; ++i) {
    const auto port = static_cast<std::uint16_t>(first + (start + i) % range);
    if (behaviour_.parity && (port - inside.port) % 2 != 0) continue;
    if (!is_free(at(outside.with_port(port)))) continue;
    if (behaviour_.parity) trace_.rule("4787:4.2.2#1"_rule);
    trace_.rule(is_privileged ? "4787:4.2.1#2"_rule : "4787:4.2.1#3"_rule);
    if (!is_privileged) last_port_ = port;
    return port;
  }
  return 0;
}

// --- What befalls a NAT ---

void Nat::reboot() {
  mappings_.clear();
  permits_.clear();
  pairs_.clear();
  spoilt_.clear();
  last_port_ = 0;
}

void Nat::rebind() {
  spoilt_.clear();
  for (const Mapping& mapping : mappings_) spoilt_.emplace_back(mapping.transport, mapping.outside);
  mappings_.clear();
  permits_.clear();
}

void Nat::renumber(std::span<const Address> outside) {
  CHECK(!outside.empty());
  reboot();
  outside_.clear();
  for (const Address& address : outside) outside_.push_back(address.with_port(0));
}

}  // namespace glass::sim
