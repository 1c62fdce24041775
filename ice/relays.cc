// ice/relays.cc - one TURN client for each socket and server.
#include "ice/relays.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/node.h"
#include "base/overloaded.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/time.h"
#include "base/trace.h"
#include "stun/turn/client.h"

namespace glass::ice {

namespace {

bool has_ip(const std::vector<Address>& list, const Address& address) {
  return std::ranges::any_of(list, [&](const Address& a) { return a.same_ip(address); });
}

}  // namespace

void Relays::ask(const Address& base, const TurnServer& server) {
  const Path path{server.transport, base, server.address};
  if (base.is_v4() != server.address.is_v4()) return;
  const auto known = std::ranges::find(relays_, path, &Relay::server);
  if (known != relays_.end()) {
    // What has failed or was lost may work now.
    if (known->state != State::kFailed) return;
    known->state = State::kQueued;
    known->failure.clear();
    return;
  }
  if (relays_.size() >= kMaxRelays) return;
  Relay relay;
  relay.server = path;
  relay.login = server;
  stun::turn::ClientConfig config;
  config.path = path;
  config.username = server.username;
  config.password = server.password;
  // RFC 8421 §3: who has IPv6 only may still meet peers that have IPv4 only.
  config.dual = !base.is_v4();
  relay.client = std::make_unique<stun::turn::Client>(config, *random_, trace_.with(Layer::kTurn));
  relays_.push_back(std::move(relay));
}

void Relays::drop_base(const Address& base) {
  for (const Relay& relay : relays_)
    if (relay.server.local == base) lose(relay);
  std::erase_if(relays_, [&](const Relay& relay) { return relay.server.local == base; });
}

void Relays::on_unreachable(Instant now, const Path& server) {
  for (Relay& relay : relays_) {
    if (relay.server != server) continue;
    relay.client->on_unreachable(now, server);
    hear(now, relay);
  }
}

void Relays::lose(const Relay& relay) {
  if (relay.state != State::kReady) return;
  events_.emplace_back(RelayLost{relay.relayed});
  if (relay.relayed_v6) events_.emplace_back(RelayLost{*relay.relayed_v6});
}

void Relays::close(Instant now) {
  for (Relay& relay : relays_)
    if (relay.state != State::kQueued) relay.client->close(now);
  std::erase_if(relays_, [](const Relay& relay) { return relay.state == State::kQueued; });
}

bool Relays::has_queued() const {
  return std::ranges::any_of(relays_, [](const Relay& r) { return r.state == State::kQueued; });
}

void Relays::start_next(Instant now) {
  const auto found = std::ranges::find(relays_, State::kQueued, &Relay::state);
  if (found == relays_.end()) return;
  trace_.rule("8445:5.1.1.2#1"_rule, Fact{"base", to_text(found->server.local)},
              Fact{"server", to_text(found->server.remote)});
  found->state = State::kAsked;
  found->client->allocate(now);
}

bool Relays::is_done() const {
  return std::ranges::none_of(relays_, [](const Relay& relay) {
    return relay.state == State::kQueued || relay.state == State::kAsked;
  });
}

// ---- Permissions.

bool Relays::is_permitted(const Address& relayed, const Address& peer) const {
  const Relay* relay = at(relayed);
  return relay != nullptr && has_ip(relay->permitted, peer);
}

void Relays::permit(Instant now, const Address& relayed, const Address& peer) {
  Relay* relay = at(relayed);
  if (relay == nullptr || has_ip(relay->asked, peer)) return;
  if (relay->asked.size() >= kMaxPermissions) {
    events_.emplace_back(RelayRefuses{relayed, peer});
    return;
  }
  trace_.rule("8445:7.2.1#1"_rule, Fact{"relayed", to_text(relayed)}, Fact{"peer", ip_text(peer)});
  relay->asked.push_back(peer);
  relay->client->permit(now, peer);
}

void Relays::bind_channel(Instant now, const Address& relayed, const Address& peer) {
  if (Relay* relay = at(relayed)) relay->client->bind_channel(now, peer);
}

// ---- The data path.

std::optional<Path> Relays::wrap(Instant now, const Path& path, PacketBuffer& out) {
  Relay* relay = path.transport == Transport::kUdp ? at(path.local) : nullptr;
  if (relay == nullptr) return path;
  return relay->client->wrap(now, path.remote, out);
}

std::optional<Received> Relays::unwrap(Instant now, const Received& in) {
  const auto found = std::ranges::find(relays_, in.path, &Relay::server);
  CHECK(found != relays_.end());
  Relay& relay = *found;
  if (relay.state == State::kReady) {
    if (const auto relayed = relay.client->unwrap(now, in))
      return Received{
          {Transport::kUdp, relay.address_for(relayed->peer), relayed->peer},
          relayed->bytes
      };
  }
  if (relay.state == State::kAsked || relay.state == State::kReady) relay.client->receive(now, in);
  hear(now, relay);
  follow_alternates();
  return std::nullopt;
}

// ---- Time and events.

// What the client has found out becomes what the agent has to know.
void Relays::hear(Instant now, Relay& relay) {
  namespace turn = stun::turn;
  while (const auto event = relay.client->poll_event()) {
    std::visit(
        Overloaded{[&](const turn::Allocated& allocated) { on_allocated(relay, allocated); },
                   [&](const turn::AllocationFailed& failed) { on_failed(relay, failed); },
                   [&](const turn::Permitted& permitted) { on_permitted(relay, permitted.peer); },
                   [&](const turn::Refused& refused) { on_refused(now, relay, refused.peer); },
                   [&](const turn::Lost& lost) { on_lost(relay, lost); },
                   [](const auto&) {}},  // nothing that changes what may be sent where
        *event);
  }
}

void Relays::on_allocated(Relay& relay, const stun::turn::Allocated& allocated) {
  relay.state = State::kReady;
  relay.relayed = allocated.relayed;
  relay.relayed_v6 = allocated.relayed_v6;
  relay.failure.clear();
  events_.emplace_back(RelayReady{relay.server, allocated.relayed, allocated.mapped});
  if (relay.relayed_v6)
    events_.emplace_back(RelayReady{relay.server, *relay.relayed_v6, allocated.mapped});
}

void Relays::on_failed(Relay& relay, const stun::turn::AllocationFailed& failed) {
  relay.state = State::kFailed;
  relay.failure = failed.code == 0 ? failed.text : decimal(failed.code) + " " + failed.text;
  events_.emplace_back(RelayFailed{});
  if (failed.alternate) alternates_.push_back({relay.server, *failed.alternate, relay.login});
}

void Relays::on_permitted(Relay& relay, const Address& peer) {
  if (!has_ip(relay.permitted, peer)) relay.permitted.push_back(peer);
  events_.emplace_back(RelayPermits{relay.address_for(peer), peer});
}

void Relays::on_refused(Instant now, Relay& relay, const Address& peer) {
  // Without a channel, data still goes as indications.
  if (relay.client->is_permitted(now, peer)) return;
  const auto is_it = [&](const Address& known) { return known.same_ip(peer); };
  std::erase_if(relay.permitted, is_it);
  std::erase_if(relay.asked, is_it);
  events_.emplace_back(RelayRefuses{relay.address_for(peer), peer});
}

void Relays::on_lost(Relay& relay, const stun::turn::Lost& lost) {
  lose(relay);
  relay.state = State::kFailed;
  relay.failure = lost.why;
  relay.asked.clear();
  relay.permitted.clear();
}

// RFC 8489 §10: the server has named another one, whose socket and login are the same.
void Relays::follow_alternates() {
  for (Alternate& alternate : std::exchange(alternates_, {})) {
    alternate.login.address = alternate.address;
    // Two servers that name each other would be asked for ever.
    if (!owns({alternate.from.transport, alternate.from.local, alternate.address}))
      ask(alternate.from.local, alternate.login);
  }
}

void Relays::on_time(Instant now) {
  for (Relay& relay : relays_) {
    if (relay.client->next_time() <= now) relay.client->on_time(now);
    hear(now, relay);
  }
  follow_alternates();
}

Instant Relays::next_time() const {
  Instant next = kNever;
  for (const Relay& relay : relays_) next = std::min(next, relay.client->next_time());
  return next;
}

std::optional<Path> Relays::poll_transmit(Instant now, PacketBuffer& out) {
  for (Relay& relay : relays_)
    if (auto path = relay.client->poll_transmit(now, out)) return path;
  return std::nullopt;
}

std::optional<RelayEvent> Relays::poll_event() {
  if (events_.empty()) return std::nullopt;
  const RelayEvent next = events_.front();
  events_.pop_front();
  return next;
}

std::vector<RelayReport> Relays::reports() const {
  std::vector<RelayReport> out;
  for (const Relay& relay : relays_) {
    RelayReport report{.server = relay.server, .failure = relay.failure};
    if (relay.state == State::kReady) report.relayed = relay.relayed;
    report.is_pending = relay.state == State::kQueued || relay.state == State::kAsked;
    out.push_back(std::move(report));
  }
  return out;
}

const Relays::Relay* Relays::at_server(const Path& path) const {
  const auto found = std::ranges::find(relays_, path, &Relay::server);
  return found == relays_.end() ? nullptr : &*found;
}

Relays::Relay* Relays::at(const Address& relayed) { return ready_at(relays_, relayed); }

const Relays::Relay* Relays::at(const Address& relayed) const { return ready_at(relays_, relayed); }

}  // namespace glass::ice
