#include "stun/turn/client.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/random.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "stun/attributes.h"
#include "stun/opaque_string.h"
#include "stun/turn/attributes.h"
#include "stun/turn/client_core.h"
#include "stun/turn/index.h"
#include "stun/turn/peers.h"

namespace glass::stun::turn {

Client::Core::Core(const ClientConfig& config, Random& random, const Trace& trace)
    : config_(config),
      random_(random),
      trace_(trace.with(Layer::kTurn)),
      login_(config.username, config.password, trace_),
      machine_("turn client", trace_),
      ids_(HashKey::make(random)),
      path_(config.path),
      asks_dont_fragment_(config.dont_fragment && config.relay == Transport::kUdp) {
  config_.password.clear();  // the login keeps it, and wipes it
  config_.software.resize(fitting(config_.software).size());
}

void Client::Core::allocate(Instant now) {
  if (!machine_.is<NoAllocation>()) return;
  // RFC 8656 §7.4: a server that has refused for now is not asked again before its time.
  if (failed_ && now < failed_->retry_at) {
    trace_.rule(failed_->code == 508 ? "8656:7.4#16"_rule : "8656:7.4#14"_rule,
                Fact{"code", failed_->code});
    return say(*failed_);
  }
  failed_.reset();
  machine_.move(Allocating{});
  send(now, {.ask = Ask::kAllocate, .path = path_});
  settle(now);
}

void Client::Core::permit(Instant now, const Address& peer) {
  // RFC 8656 §10.1: only peers of a family that we have an address of.
  if (machine_.is<Active>() && !has_family_of(peer)) {
    trace_.rule("8656:10.1#3"_rule);
    return say(Refused{peer, 443});
  }
  if (is_permitted(now, peer)) {
    wish_place(peer.with_port(0))->wanted = true;
    say(Permitted{peer});
    return settle(now);
  }
  const auto place = wish_place(peer.with_port(0));
  if (place != wishes_.end() && place->ip == peer.with_port(0)) {
    if (place->waiting.size() < kWaitingMax) place->waiting.push_back(peer);
    place->wanted = true;
  } else if (wishes_.size() < kPeersMax) {
    wishes_.insert(place, Wish{.ip = peer.with_port(0), .waiting = {peer}, .ask_at = now});
  } else {
    return say(Refused{peer, 508});
  }
  settle(now);
}

void Client::Core::bind_channel(Instant now, const Address& peer) {
  if (machine_.is<Active>() && !has_family_of(peer)) {
    trace_.rule("8656:12.1#1"_rule);
    return say(Refused{peer, 443});
  }
  forget_old_channels(now);
  if (Binding* binding = find_binding(peer)) {
    if (!binding->wanted) binding->ask_at = now;
    binding->wanted = true;
    if (has_channel(now, peer)) say(ChannelBound{peer});
    return settle(now);
  }
  const auto number = free_number();
  if (!number) return say(Refused{peer, 508});
  bindings_.push_back(Binding{.number = *number, .peer = peer, .ask_at = now});
  settle(now);
}

void Client::Core::forget(const Address& peer) {
  if (Binding* binding = find_binding(peer)) binding->wanted = false;
  const Address ip = peer.with_port(0);
  const bool channel_needs_it = std::ranges::any_of(
      bindings_, [&](const Binding& b) { return b.wanted && b.peer.same_ip(peer); });
  const auto place = wish_place(ip);
  if (!channel_needs_it && place != wishes_.end() && place->ip == ip) place->wanted = false;
}

void Client::Core::close(Instant now) {
  if (machine_.is<NoAllocation>()) return say(Released{});
  if (machine_.is<Releasing>()) return;
  trace_.rule("8656:8#2"_rule);
  requests_.clear();
  machine_.move(Releasing{});
  wishes_.clear();
  send(now, {.ask = Ask::kRelease, .path = path_});
  settle(now);
}

void Client::Core::move(Instant now, const Path& path) {
  if (!machine_.is<Active>() || is_asking(Ask::kMove)) return;
  if (path == path_) return trace_.rule("8016:3.2.1#1"_rule);
  if (ticket_.empty()) return lose("our address has changed, and the server gave no ticket");
  send(now, {.ask = Ask::kMove, .path = path});
  settle(now);
}

void Client::Core::connect(Instant now, const Address& peer) {
  std::erase_if(pauses_, [&](const Pause& pause) { return now >= pause.until; });
  const auto same = [&](const auto& other) { return other.peer == peer; };
  if (std::ranges::any_of(pauses_, same)) {
    trace_.rule("6062:4.3#8"_rule);
    return say(ConnectionRefused{peer, 447});
  }
  if (std::ranges::any_of(requests_, [&](const Asked& asked) {
        return asked.request.ask == Ask::kConnect && asked.request.peer == peer;
      }))
    return trace_.rule("6062:4.3#10"_rule);
  if (!machine_.is<Active>() || config_.relay != Transport::kTcp || !may_ask())
    return say(ConnectionRefused{peer, 0});
  trace_.rule("6062:4.3#1"_rule);
  trace_.rule("6062:4.3#2"_rule);
  send(now, {.ask = Ask::kConnect, .peer = peer, .path = path_});
  settle(now);
}

void Client::Core::bind_connection(Instant now, std::uint32_t id, const Path& data_path) {
  // RFC 6062 §4.3: a connection of its own, to the same place.
  if (!machine_.is<Active>() || !may_ask() || data_path == path_ ||
      data_path.remote != path_.remote || data_path.transport == Transport::kUdp) {
    trace_.rule("6062:4.3#4"_rule);
    return say(ConnectionNotBound{id, 0});
  }
  trace_.rule("6062:4.3#6"_rule);
  trace_.rule("6062:4.3#7"_rule);
  send(now, {.ask = Ask::kConnectionBind, .connection = id, .path = data_path});
  settle(now);
}

void Client::Core::on_unreachable(Instant now, const Path& path) {
  const bool is_connection = path.transport != Transport::kUdp;
  std::vector<Request> unanswered;
  for (const Asked& asked : requests_)
    if (asked.request.path == path) unanswered.push_back(asked.request);
  std::erase_if(requests_, [&](const Asked& asked) { return asked.request.path == path; });
  for (const Request& request : unanswered) on_no_answer(now, request);
  if (is_connection && path == path_ && machine_.is<Active>())
    lose("the connection to the server has closed");
  settle(now);
}

std::optional<Address> Client::Core::relayed(bool v4) const {
  return v4 ? relayed_v4_ : relayed_v6_;
}

bool Client::Core::has_family_of(const Address& peer) const {
  return relayed(peer.is_v4()).has_value();
}

bool Client::Core::is_permitted(Instant now, const Address& peer) const {
  const Wish* wish = find_wish(peer);
  return wish != nullptr && now < wish->expires;
}

bool Client::Core::has_channel(Instant now, const Address& peer) const {
  const Binding* binding = find_binding(peer);
  return binding != nullptr && binding->active && now < binding->expires;
}

bool Client::Core::is_asking(Ask ask) const {
  return std::ranges::any_of(requests_,
                             [&](const Asked& asked) { return asked.request.ask == ask; });
}

std::vector<Client::Core::Wish>::iterator Client::Core::wish_place(const Address& ip) {
  return std::ranges::lower_bound(wishes_, ip, {}, &Wish::ip);
}

const Client::Core::Wish* Client::Core::find_wish(const Address& peer) const {
  const Address ip = peer.with_port(0);
  const auto found = std::ranges::lower_bound(wishes_, ip, {}, &Wish::ip);
  return found != wishes_.end() && found->ip == ip ? &*found : nullptr;
}

const Client::Core::Binding* Client::Core::find_binding(const Address& peer) const {
  const auto found = std::ranges::find(bindings_, peer, &Binding::peer);
  return found != bindings_.end() ? &*found : nullptr;
}

Client::Core::Binding* Client::Core::find_binding(const Address& peer) {
  const auto found = std::ranges::find(bindings_, peer, &Binding::peer);
  return found != bindings_.end() ? &*found : nullptr;
}

const Client::Core::Binding* Client::Core::find_number(std::uint16_t number) const {
  const auto found = std::ranges::find(bindings_, number, &Binding::number);
  return found != bindings_.end() ? &*found : nullptr;
}

std::optional<std::uint16_t> Client::Core::free_number() const {
  if (bindings_.size() >= kPeersMax) return std::nullopt;
  std::uint16_t number = kChannelMin;
  while (find_number(number) != nullptr) ++number;
  return number;
}

// RFC 8656 §12: number and peer stay together until five minutes after the server has forgotten.
void Client::Core::forget_old_channels(Instant now) {
  std::erase_if(bindings_, [&](const Binding& binding) {
    if (binding.asking || binding.wanted || now < binding.expires) return false;
    trace_.rule("8656:12#3"_rule, Fact{"channel", binding.number});
    return now >= binding.expires + kChannelCoolDown;
  });
}

void Client::Core::clear_allocation() {
  requests_.clear();
  wishes_.clear();
  bindings_.clear();
  relayed_v4_.reset();
  relayed_v6_.reset();
  expires_ = refresh_at_ = kNever;
  ticket_.clear();
}

void Client::Core::lose(std::string_view why) {
  if (!machine_.is<Active>()) return;
  clear_allocation();
  machine_.move(NoAllocation{});
  say(Lost{std::string(why)});
}

void Client::Core::say(Event event) {
  if (events_.size() < kEventsMax) events_.push_back(std::move(event));
}

void Client::Core::on_time(Instant now) {
  std::vector<Request> unanswered;
  for (Asked& asked : requests_) {
    asked.transaction.on_time(now);
    if (!asked.transaction.in_progress()) unanswered.push_back(asked.request);
  }
  std::erase_if(requests_, [](const Asked& asked) { return !asked.transaction.in_progress(); });
  for (const Request& request : unanswered) on_no_answer(now, request);
  if (machine_.is<Active>() && now >= expires_) lose("the allocation has run out");
  settle(now);
}

// After anything that may have changed what there is to ask.
void Client::Core::settle(Instant now) {
  if (machine_.is<Active>()) ask_what_is_due(now);
  wake_ = next_wake();
}

void Client::Core::ask_what_is_due(Instant now) {
  if (now >= refresh_at_ && !is_asking(Ask::kRefresh) && may_ask()) {
    trace_.rule("8656:8#1"_rule);
    send(now, {.ask = Ask::kRefresh, .path = path_});
  }
  ask_for_peers(now);
}

void Client::Core::ask_for_peers(Instant now) {
  for (Binding& binding : bindings_) {
    if (!binding.wanted || binding.asking || now < binding.ask_at || !may_ask()) continue;
    binding.asking = true;
    binding.expires = now + kChannelLifetime;  // from now on the server may have bound it
    send(now,
         {.ask = Ask::kChannel, .peer = binding.peer, .channel = binding.number, .path = path_});
  }
  std::erase_if(wishes_, [&](const Wish& wish) {
    return !wish.wanted && !wish.asking && now >= wish.expires;
  });
  for (Wish& wish : wishes_) {
    if (!wish.wanted || wish.asking || now < wish.ask_at || !may_ask()) continue;
    wish.asking = true;
    trace_.rule("8656:10.1#1"_rule);
    send(now, {.ask = Ask::kPermission, .peer = wish.ip, .path = path_});
  }
}

Instant Client::Core::next_wake() const {
  Instant next = kNever;
  for (const Asked& asked : requests_) next = std::min(next, asked.transaction.next_time());
  if (!machine_.is<Active>()) return next;
  next = std::min(next, expires_);
  if (!may_ask()) return next;
  if (!is_asking(Ask::kRefresh)) next = std::min(next, refresh_at_);
  for (const Wish& wish : wishes_)
    if (wish.wanted && !wish.asking) next = std::min(next, wish.ask_at);
  for (const Binding& binding : bindings_)
    if (binding.wanted && !binding.asking) next = std::min(next, binding.ask_at);
  return next;
}

std::optional<Path> Client::Core::poll_transmit(Instant now, PacketBuffer& out) {
  for (Asked& asked : requests_) {
    if (const auto path = asked.transaction.poll_transmit(now, out)) {
      wake_ = next_wake();
      return path;
    }
  }
  return std::nullopt;
}

std::optional<Client::Event> Client::Core::poll_event() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

// The public face.
Client::Client(const ClientConfig& config, Random& random, const Trace& trace)
    : core_(std::make_unique<Core>(config, random, trace)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

void Client::allocate(Instant now) { core_->allocate(now); }
void Client::permit(Instant now, const Address& peer) { core_->permit(now, peer); }
void Client::bind_channel(Instant now, const Address& peer) { core_->bind_channel(now, peer); }
void Client::forget(const Address& peer) { core_->forget(peer); }
void Client::close(Instant now) { core_->close(now); }
void Client::move(Instant now, const Path& path) { core_->move(now, path); }
void Client::connect(Instant now, const Address& peer) { core_->connect(now, peer); }
void Client::bind_connection(Instant now, std::uint32_t id, const Path& data_path) {
  core_->bind_connection(now, id, data_path);
}
void Client::on_unreachable(Instant now, const Path& path) { core_->on_unreachable(now, path); }
bool Client::is_allocated() const { return core_->is_allocated(); }
std::optional<Address> Client::relayed(bool v4) const { return core_->relayed(v4); }
const Path& Client::path() const { return core_->path(); }
bool Client::is_permitted(Instant now, const Address& peer) const {
  return core_->is_permitted(now, peer);
}
bool Client::has_channel(Instant now, const Address& peer) const {
  return core_->has_channel(now, peer);
}
std::optional<Path> Client::wrap(Instant now, const Address& peer, PacketBuffer& out) {
  return core_->wrap(now, peer, out);
}
std::optional<Relayed> Client::unwrap(Instant now, const Received& in) {
  return core_->unwrap(now, in);
}
void Client::receive(Instant now, const Received& in) { core_->receive(now, in); }
void Client::on_time(Instant now) { core_->on_time(now); }
Instant Client::next_time() const { return core_->next_time(); }
std::optional<Path> Client::poll_transmit(Instant now, PacketBuffer& out) {
  return core_->poll_transmit(now, out);
}
std::optional<Client::Event> Client::poll_event() { return core_->poll_event(); }

}  // namespace glass::stun::turn
