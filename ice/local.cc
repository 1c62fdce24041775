// ice/local.cc - our candidates: sockets, how they look from outside, and what TURN servers lend.
//
// RFC 8445 §5.1 (gathering), RFC 6544 §4 (TCP), RFC 8828 §5.2 (what to keep to ourselves).
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/address.h"
#include "base/bytes.h"
#include "base/overloaded.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/time.h"
#include "base/trace.h"
#include "ice/agent.h"
#include "ice/candidate.h"
#include "ice/checklist.h"
#include "ice/events.h"
#include "ice/gathering.h"
#include "ice/relays.h"
#include "ice/timing.h"

namespace glass::ice {

namespace {

// RFC 8445 §5.1.1.1: IPv4-compatible (::a.b.c.d) and site-local (fec0::/10) addresses are history.
bool is_deprecated(const Address& address) {
  if (address.is_v4()) return false;
  const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
  if (std::all_of(address.ip.begin(), address.ip.begin() + 12, is_zero))
    return !address.is_loopback();
  return address.ip[0] == 0xfe && (address.ip[1] & 0xc0) == 0xc0;
}

// What stands for an address that is nobody's business (RFC 8839 §5.1: port 9).
Address hidden_like(const Address& address) {
  return address.is_v4() ? Address::v4(0, kActivePort) : Address{}.with_port(kActivePort);
}

// "1f4d...-....local": a random UUID of version 4.
std::string make_mdns_name(Random& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  std::string text = hex(bytes);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, "-");
  return text + ".local";
}

}  // namespace

std::string_view to_text(Policy policy) {
  switch (policy) {
    case Policy::kAll: return "all";
    case Policy::kRelay: return "relay";
    case Policy::kNoHost: return "no-host";
  }
  return "";
}

// ---- Sockets.

Result<void, AgentError> Agent::add_host(Instant now, const Address& local, Transport transport) {
  if (state_ == State::kClosed) return std::unexpected(AgentError::kClosed);
  if (bases_.size() >= config_.limits.hosts) return std::unexpected(AgentError::kTooManyCandidates);
  const bool is_udp = transport == Transport::kUdp;
  if (base_at(transport, local) != nullptr || transport == Transport::kTls || local.port == 0 ||
      local.is_unspecified() || local.is_multicast())
    return std::unexpected(AgentError::kUnusableAddress);
  if (local.is_loopback() && !config_.allow_loopback) {
    trace_.rule("8445:5.1.1.1#4"_rule, Fact{"address", glass::to_text(local)});
    return std::unexpected(AgentError::kUnusableAddress);
  }
  if (is_deprecated(local)) {
    trace_.rule("8445:5.1.1.1#5"_rule, Fact{"address", glass::to_text(local)});
    return std::unexpected(AgentError::kUnusableAddress);
  }
  // RFC 8838 §13: after our end-of-candidates indication there are no more, until a restart.
  if (gathering_state_ == GatheringState::kDone)
    trace_.rule("8838:13#6"_rule, Fact{"address", glass::to_text(local)});
  add_base(now, {.transport = transport,
                 .address = local,
                 .tcp_type = is_udp ? TcpType::kNone : TcpType::kPassive});
  const Address opener = local.with_port(kActivePort);
  // RFC 6544 §4.1: from where we have a socket, connections may be opened as well.
  if (is_udp && config_.opens_tcp && !config_.is_lite &&
      base_at(Transport::kTcp, opener) == nullptr) {
    trace_.rule("6544:4.5#1"_rule, Fact{"address", glass::to_text(opener)});
    add_base(now, {.transport = Transport::kTcp, .address = opener, .tcp_type = TcpType::kActive});
  }
  schedule(now);
  return {};
}

void Agent::add_base(Instant now, Base base) {
  // RFC 8445 §5.1.2.1: unique among the candidates of one type. The two families take turns, so
  // that a broken one delays no more than every other check (RFC 8421 §4).
  const auto same_family = [&](const Base& b) {
    return b.address.is_v4() == base.address.is_v4() && b.tcp_type == base.tcp_type;
  };
  const auto same_kind = [&](const Base& b) { return b.tcp_type == base.tcp_type; };
  const auto before = static_cast<std::uint16_t>(std::ranges::count_if(bases_, same_family));
  const auto first = std::ranges::find_if(bases_, same_kind);
  const bool is_first_family = first == bases_.end() || same_family(*first);
  const std::uint16_t most = base.transport == Transport::kUdp ? 65535 : kMaxOtherPreference;
  base.preference = static_cast<std::uint16_t>(most - 2 * before - (is_first_family ? 0 : 1));
  trace_.rule("8445:5.1.2.1#5"_rule, Fact{"address", glass::to_text(base.address)},
              Fact{"preference", base.preference});
  if (base.transport != Transport::kUdp)
    trace_.rule("6544:4.2#10"_rule, Fact{"address", glass::to_text(base.address)},
                Fact{"other_pref", base.preference});
  bases_.push_back(std::move(base));
  if (gathering_state_ == GatheringState::kGathering) announce_host(now, bases_.back());
}

const Agent::Base* Agent::base_at(Transport transport, const Address& address) const {
  const auto found = std::ranges::find_if(bases_, [&](const Base& base) {
    return base.transport == transport && base.address == address;
  });
  return found == bases_.end() ? nullptr : &*found;
}

void Agent::remove_host(Instant now, const Address& local) {
  if (state_ == State::kClosed) return;
  trace_.rule("8445:9#0"_rule, Fact{"gone", glass::to_text(local)});
  relays_.drop_base(local);
  gathering_.drop_base(local);
  drop_base(now, {Transport::kUdp, local, {}}, PairFailure::kAddressGone);
  drop_base(now, {Transport::kTcp, local, {}}, PairFailure::kAddressGone);
  const auto same_ip = [&](const Base& base) {
    return base.type == CandidateType::kHost && base.tcp_type != TcpType::kActive &&
           base.address.same_ip(local);
  };
  // The last socket of an address takes along the connections that were opened from there.
  if (std::ranges::none_of(bases_, same_ip))
    drop_base(now, {Transport::kTcp, local.with_port(kActivePort), {}}, PairFailure::kAddressGone);
  hear_relays(now);
  finish_gathering(now);
  schedule(now);
}

// The base at path.local is no more; path.remote does not matter.
void Agent::drop_base(Instant now, const Path& path, PairFailure why) {
  const auto removed = std::erase_if(bases_, [&](const Base& base) {
    return base.transport == path.transport && base.address == path.local;
  });
  if (removed == 0) return;
  std::erase_if(local_candidates_, [&](const Local& local) {
    return local.candidate.transport == path.transport && local.base == path.local;
  });
  if (before_ && before_->path && before_->path->local == path.local) before_.reset();
  give_up_pairs(now, why, [&](const Pair& pair) {
    return pair.local.transport == path.transport && pair.local.address == path.local;
  });
}

// ---- Gathering.

void Agent::gather(Instant now) {
  if (state_ == State::kClosed || gathering_state_ != GatheringState::kNew) return;
  gathering_state_ = GatheringState::kGathering;
  // Relayed addresses of before a restart are candidates again; their bases stand behind the hosts.
  for (std::size_t i = 0; i < bases_.size(); ++i) announce_host(now, bases_[i]);
  schedule(now);
  finish_gathering(now);
}

// RFC 8828 §5.2: may the peer hear of candidates of this type?
bool Agent::is_published(CandidateType type) const {
  switch (config_.policy) {
    case Policy::kAll: return true;
    case Policy::kRelay: return type == CandidateType::kRelayed;
    case Policy::kNoHost: return type != CandidateType::kHost;
  }
  return false;
}

void Agent::announce_host(Instant /*now*/, Base& base) {
  base.is_announced = true;
  trace_.rule("8445:5.1.1.1#1"_rule, Fact{"address", glass::to_text(base.address)});
  const bool hides_name = config_.hides_addresses && base.type == CandidateType::kHost;
  if (hides_name && is_published(base.type)) publish_name(base);
  announce(base.type, base.address, base, base.server);
  if (base.type == CandidateType::kHost && base.transport == Transport::kUdp) ask_servers(base);
}

void Agent::ask_servers(const Base& host) {
  // RFC 8445 §5.2: a lite agent has host candidates and no others.
  if (config_.is_lite) return;
  const std::size_t servers = std::min(config_.stun_servers.size(), config_.limits.stun_servers);
  for (std::size_t i = 0; i < servers && config_.policy != Policy::kRelay; ++i)
    gathering_.ask(host.address, config_.stun_servers[i]);
  const std::size_t relays = std::min(config_.turn_servers.size(), config_.limits.turn_servers);
  for (std::size_t i = 0; i < relays; ++i) relays_.ask(host.address, config_.turn_servers[i]);
}

// All sockets of one address share a name.
void Agent::publish_name(Base& host) {
  const auto known = std::ranges::find_if(bases_, [&](const Base& base) {
    return !base.name.empty() && base.address.same_ip(host.address);
  });
  const bool is_new = known == bases_.end();
  host.name = is_new ? make_mdns_name(*random_) : known->name;
  if (is_new) events_.emplace_back(NamePublished{host.name, host.address});
}

void Agent::announce(CandidateType type, const Address& address, const Base& base,
                     const Address& server) {
  if (!is_published(type)) {
    trace_.rule("8828:5.2#0"_rule, Fact{"policy", to_text(config_.policy)},
                Fact{"type", to_text(type)});
    return;
  }
  Base ranked = base;
  if (type == CandidateType::kServerReflexive) {
    // Several servers may give several candidates of one base: each has a preference of its own.
    const auto found = std::ranges::find(config_.stun_servers, server);
    const auto index = static_cast<std::size_t>(found - config_.stun_servers.begin());
    ranked.preference =
        static_cast<std::uint16_t>(base.preference - 2 * config_.limits.hosts * index);
  }
  Candidate candidate;
  candidate.foundation = foundations_.of(type, base.address, server, base.obtained_by());
  candidate.transport = base.transport;
  candidate.tcp_type = base.tcp_type;
  candidate.priority = ranked.priority(type);
  candidate.address = address;
  candidate.type = type;
  if (type == CandidateType::kHost) candidate.host_name = base.name;
  if (type == CandidateType::kServerReflexive) candidate.related = base.address;
  if (type == CandidateType::kRelayed) candidate.related = base.related;
  // RFC 8828 §5.2: what may not be a candidate is not told beside one either.
  const bool is_secret = config_.policy != Policy::kAll || config_.hides_addresses;
  if (candidate.related && is_secret) candidate.related = hidden_like(*candidate.related);
  trace_.rule("8445:5.1.2.1#0"_rule, Fact{"candidate", write_candidate(candidate)},
              Fact{"type", to_text(type)}, Fact{"address", glass::to_text(address)});
  local_candidates_.push_back({candidate, base.address});
  // RFC 8838 §10: the peer hears of it first, then it is paired.
  trace_.rule("8838:10#1"_rule);
  events_.emplace_back(CandidateFound{candidate});
  pair_with_all_remotes(local_candidates_.back());
}

void Agent::on_reflection(Instant /*now*/, const Reflection& reflection) {
  const Base* host = base_at(Transport::kUdp, reflection.base);
  if (host == nullptr || gathering_state_ != GatheringState::kGathering) return;
  const bool is_redundant = std::ranges::any_of(local_candidates_, [&](const Local& known) {
    return known.candidate.address == reflection.mapped && known.base == reflection.base;
  });
  if (is_redundant) {
    trace_.rule("8445:5.1.3#1"_rule, Fact{"address", glass::to_text(reflection.mapped)});
    return;
  }
  announce(CandidateType::kServerReflexive, reflection.mapped, *host, reflection.server);
}

void Agent::finish_gathering(Instant now) {
  if (gathering_state_ != GatheringState::kGathering || !gathering_.is_done() || !relays_.is_done())
    return;
  gathering_state_ = GatheringState::kDone;
  trace_.rule("8838:13#2"_rule, Fact{"candidates", local_candidates_.size()});
  events_.emplace_back(GatheringDone{});
  if (gathering_.has_answers() && !nominated_)
    timers_.set(AgentTimer::kKeepalive, now + config_.timing.keepalive);
  update_failed(now);
}

// ---- What TURN servers lend.

void Agent::hear_relays(Instant now) {
  while (const auto event = relays_.poll_event()) {
    std::visit(Overloaded{[&](const RelayReady& ready) { on_relay_ready(now, ready); },
                          [](const RelayFailed&) {},
                          [&](const RelayPermits& permits) { on_permitted(permits); },
                          [&](const RelayRefuses& refuses) {
                            give_up_pairs(now, PairFailure::kNoPermission, [&](const Pair& pair) {
                              return pair.is_relayed() && pair.local.address == refuses.relayed &&
                                     pair.remote.address.same_ip(refuses.peer);
                            });
                          },
                          [&](const RelayLost& lost) {
                            drop_base(now, {Transport::kUdp, lost.relayed, {}},
                                      PairFailure::kRelayLost);
                          }},
               *event);
  }
  finish_gathering(now);
}

void Agent::on_relay_ready(Instant now, const RelayReady& ready) {
  if (base_at(Transport::kUdp, ready.relayed) != nullptr) {
    trace_.rule("8445:5.1.1.2#9"_rule, Fact{"address", glass::to_text(ready.relayed)});
    return;
  }
  const Base* host = base_at(Transport::kUdp, ready.server.local);
  if (host == nullptr) return;
  // RFC 8445 §5.1.2.2: servers in the order of the configuration, a preference for each.
  const auto found = std::ranges::find_if(config_.turn_servers, [&](const TurnServer& server) {
    return server.address == ready.server.remote && server.transport == ready.server.transport;
  });
  const auto index = static_cast<std::size_t>(found - config_.turn_servers.begin());
  trace_.rule("8445:5.1.2.2#3"_rule, Fact{"server", glass::to_text(ready.server.remote)});
  Base base{.address = ready.relayed, .type = CandidateType::kRelayed};
  base.preference = static_cast<std::uint16_t>(host->preference - 2 * config_.limits.hosts * index);
  base.related = ready.mapped;
  base.server = ready.server.remote;
  base.server_transport = ready.server.transport;
  bases_.push_back(std::move(base));
  if (gathering_state_ != GatheringState::kGathering) return;
  // RFC 8445 §5.1.1.2: the server tells both addresses at once.
  if (ready.server.transport == Transport::kUdp)
    on_reflection(now, {ready.server.local, ready.server.remote, ready.mapped});
  announce_host(now, bases_.back());
}

// RFC 8445 §7.2.1: the checks that have waited for it may leave now.
void Agent::on_permitted(const RelayPermits& permits) {
  for (Pair& pair : checklist_.pairs()) {
    if (!pair.is_blocked || pair.local.address != permits.relayed ||
        !pair.remote.address.same_ip(permits.peer))
      continue;
    pair.is_blocked = false;
    trace_.rule("8445:7.2.1#2"_rule, Fact{"pair", to_text(pair)});
    trace_.rule("8445:7.2.1#4"_rule, Fact{"peer", ip_text(permits.peer)});
    checklist_.trigger(pair);
  }
}

}  // namespace glass::ice
