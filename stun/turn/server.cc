#include "stun/turn/server.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/random.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "crypto/hash.h"
#include "crypto/secret.h"
#include "stun/attributes.h"
#include "stun/authenticator.h"
#include "stun/credentials.h"
#include "stun/integrity.h"
#include "stun/message.h"
#include "stun/names.h"
#include "stun/opaque_string.h"
#include "stun/turn/attributes.h"
#include "stun/turn/index.h"
#include "stun/turn/peer_policy.h"
#include "stun/turn/relay_ports.h"
#include "stun/turn/server_core.h"

namespace glass::stun::turn {
namespace {

constexpr std::size_t kSecretSize = 32;
constexpr std::size_t kBlockSize = PacketBuffer::kCapacity - PacketBuffer::kHeadroom;
constexpr std::size_t kBlocksPerSegment = 32;

crypto::Secret secret_of(Random& random) {
  crypto::Secret secret(kSecretSize);
  random.fill(secret.bytes());
  return secret;
}

ServerConfig within_limits(ServerConfig config) {
  config.software.resize(fitting(config.software).size());
  if (config.port_min > config.port_max) std::swap(config.port_min, config.port_max);
  config.channel_max = std::clamp(config.channel_max, kChannelMin, kChannelMaxRfc5766);
  config.max_lifetime = std::max(config.max_lifetime, config.default_lifetime);
  return config;
}

bool is_turn_method(Method method) {
  return method == Method::kAllocate || method == Method::kRefresh ||
         method == Method::kCreatePermission || method == Method::kChannelBind ||
         method == Method::kConnect || method == Method::kConnectionBind;
}

}  // namespace

Server::Core::Core(const ServerConfig& config, RelayPorts& ports, Credentials& credentials,
                   Random& random, const Trace& trace)
    : config_(within_limits(config)),
      ports_(ports),
      random_(random),
      trace_(trace.with(Layer::kTurn)),
      hash_key_(HashKey::make(random)),
      authenticator_({.realm = config.realm}, secret_of(random).bytes(), credentials, trace_),
      binding_({.software = config_.software, .alternates = config_.discovery}, trace),
      ids_(HashKey::make(random)),
      ticket_signer_(crypto::HashKind::kSha256, secret_of(random).bytes()),
      by_client_(hash_key_),
      by_relay_(hash_key_),
      by_data_path_(hash_key_),
      blocks_(kBlockSize, kBlocksPerSegment) {}

void Server::Core::receive(Instant now, const Received& in) {
  if (now >= due_.next()) on_time(now);
  if (const auto hop = forward(now, in)) return send_hop(*hop);
  if (!is_from_client(in.path)) {
    const auto slot = by_relay_.find(in.path.local);
    if (slot) return explain_peer_data(now, slots_[*slot], in);
  }
  if (in.bytes.empty())
    return trace_.drop("8656:12#1"_rule, "an empty datagram from a client", in.bytes);
  if (in.bytes[0] <= 3) return receive_stun(now, in);
  if (is_channel_data(in.bytes)) return explain_channel_data(now, in);
  trace_.drop("8656:12#1"_rule, "neither STUN nor ChannelData", in.bytes);
}

void Server::Core::receive_stun(Instant now, const Received& in) {
  const auto message = MessageView::parse(in.bytes);
  if (!message) {
    if (message.error() == ParseError::kAttributeOverrun) return answer_malformed(in);
    return trace_.drop(rule_of(message.error()), to_text(message.error()), in.bytes);
  }
  if (message->method() == Method::kBinding) return binding_.receive(now, in);
  if (check_fingerprint(*message) == Verdict::kWrong)
    return trace_.drop("8489:7#0"_rule, "wrong fingerprint", in.bytes);
  if (message->is(Class::kIndication, Method::kSend)) return explain_send(now, in, *message);
  if (message->cls() != Class::kRequest || !is_turn_method(message->method()))
    return trace_.drop("8489:6.3#0"_rule, "a message that is not for TURN servers", in.bytes);
  on_request(now, in, *message);
}

// The header is that of a request, the attributes behind it cannot be told apart.
void Server::Core::answer_malformed(const Received& in) {
  const auto header = parse_header(in.bytes);
  if (!header || header->cls != Class::kRequest)
    return trace_.drop("8489:14#3"_rule, to_text(ParseError::kAttributeOverrun), in.bytes);
  trace_.rule("8489:14#3"_rule, Fact{"answer", 400});
  Answer answer = begin_answer(Class::kError, header->method, header->transaction);
  answer.builder.add(ErrorCode{400, reason_phrase(400)});
  finish_answer(in.path, answer, nullptr);
}

// RFC 8656 §7.2 step 1 and the same for every other request: who asks? Then, and not before, what
// they ask for is looked at (RFC 8489 §6.3).
void Server::Core::on_request(Instant now, const Received& in, const MessageView& message) {
  trace_.rule("8656:7.2#2"_rule);
  trace_.rule("8656:7.2#3"_rule);
  const auto user = authenticator_.check(now, in.path, message);
  if (!user) {
    trace_.rule("8656:5#1"_rule, Fact{"answer", user.error().code});
    if (user.error().is_challenge) trace_.rule("8656:5#4"_rule);
    Answer answer = begin_answer(Class::kError, message.method(), message.transaction());
    authenticator_.refuse(now, in.path, user.error(), answer.builder);
    return finish_answer(in.path, answer, nullptr);
  }
  const Asking asking{.now = now, .in = in, .message = message, .user = *user};
  const auto unknown = unknown_required(message, kTurnAttributes);
  if (!unknown.empty()) return refuse_unknown(asking, unknown);
  dispatch(asking);
}

void Server::Core::dispatch(const Asking& asking) {
  switch (asking.message.method()) {
    case Method::kAllocate: return on_allocate(asking);
    case Method::kRefresh: return on_refresh(asking);
    case Method::kCreatePermission: return on_create_permission(asking);
    case Method::kChannelBind: return on_channel_bind(asking);
    case Method::kConnect: return on_connect(asking);
    case Method::kConnectionBind: return on_connection_bind(asking);
    default: return;
  }
}

Allocation* Server::Core::own_allocation(const Asking& asking) {
  const auto slot = by_client_.find(asking.in.path);
  if (!slot) {
    refuse(asking, 437, "8656:5#6"_rule, "no allocation on this 5-tuple");
    return nullptr;
  }
  Allocation& allocation = slots_[*slot];
  if (allocation.user != asking.user.user) {
    refuse(asking, 441, "8656:5#5"_rule, "another user made the allocation");
    return nullptr;
  }
  return &allocation;
}

Server::Core::Answer Server::Core::begin_answer(Class cls, Method method, const TransactionId& id) {
  scratch_.clear();
  return {scratch_, MessageBuilder(Writer(scratch_), cls, method, id)};
}

void Server::Core::finish_answer(const Path& path, Answer& answer, const Accepted* user,
                                 std::optional<std::uint32_t> joins) {
  if (!config_.software.empty()) {
    trace_.rule("8656:5#9"_rule);
    answer.builder.add(Software{config_.software});
  }
  if (user != nullptr) user->protect(answer.builder);
  push(path, answer.packet.bytes(), false, joins);
}

void Server::Core::refuse(const Asking& asking, unsigned code, Rule rule, std::string_view why) {
  trace_.rule(rule, Fact{"answer", code}, Fact{"why", why});
  Answer answer =
      begin_answer(Class::kError, asking.message.method(), asking.message.transaction());
  answer.builder.add(ErrorCode{code, reason_phrase(code)});
  if (code == 300 && config_.alternate) answer.builder.add(AlternateServer{*config_.alternate});
  finish_answer(asking.in.path, answer, &asking.user);
}

void Server::Core::refuse_unknown(const Asking& asking, const UnknownAttributes& unknown) {
  trace_.rule("8489:6.3.1#0"_rule, Fact{"unknown", unknown.count});
  Answer answer =
      begin_answer(Class::kError, asking.message.method(), asking.message.transaction());
  answer.builder.add(ErrorCode{420, reason_phrase(420)}).add(unknown);
  finish_answer(asking.in.path, answer, &asking.user);
}

void Server::Core::succeed(const Asking& asking) {
  Answer answer =
      begin_answer(Class::kSuccess, asking.message.method(), asking.message.transaction());
  finish_answer(asking.in.path, answer, &asking.user);
}

void Server::Core::push(const Path& path, Bytes datagram, bool dont_fragment,
                        std::optional<std::uint32_t> joins) {
  if (waiting_.size() >= kPendingMax || datagram.size() > blocks_.block_size())
    return trace_.drop(Rule{}, "too much waits to be sent", datagram);
  waiting_.push_back({.path = path,
                      .block = blocks_.store(datagram),
                      .dont_fragment = dont_fragment,
                      .joins = joins});
}

std::optional<Path> Server::Core::poll_transmit(Instant now, PacketBuffer& out) {
  last_dont_fragment_ = false;
  if (waiting_.empty()) return binding_.poll_transmit(now, out);
  const Waiting next = waiting_.front();
  waiting_.pop_front();
  out.assign(blocks_.bytes(next.block));
  blocks_.release(next.block);
  last_dont_fragment_ = next.dont_fragment;
  if (next.joins) say(JoinConnections{*next.joins, next.path});
  return next.path;
}

void Server::Core::say(Event event) {
  if (events_.size() < kEventsMax) events_.push_back(std::move(event));
}

std::optional<Server::Event> Server::Core::poll_event() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void Server::Core::on_time(Instant now) {
  while (const auto due = due_.pop_due(now)) {
    switch (due->job) {
      case Job::kAllocation: on_allocation_due(now, static_cast<std::uint32_t>(due->id)); break;
      case Job::kReservation: end_reservation(due->id); break;
      case Job::kConnection: on_connection_due(static_cast<std::uint32_t>(due->id)); break;
    }
  }
}

bool Server::Core::is_own_ip(const Address& address) const {
  const auto same = [&](const Address& own) { return own.same_ip(address); };
  return (config_.relay_v4 && same(*config_.relay_v4)) ||
         (config_.relay_v6 && same(*config_.relay_v6)) ||
         std::ranges::any_of(config_.listening, same);
}

// On our own addresses nothing but the relayed addresses of others is a peer: neither our listening
// ports, where a loop would begin, nor whatever else runs on this machine.
bool Server::Core::may_send_to(const Address& peer) const {
  if (!is_own_ip(peer)) return true;
  if (std::ranges::find(config_.listening, peer) != config_.listening.end()) return false;
  if (by_relay_.contains(peer)) return true;
  return std::ranges::any_of(config_.policy.allow,
                             [&](const Prefix& prefix) { return prefix.contains(peer); });
}

std::optional<std::string_view> Server::Core::refusal_of(const Address& peer,
                                                         bool with_port) const {
  if (is_tunneled(peer)) trace_.rule("8656:21.4#2"_rule);
  if (const auto why = config_.policy.refusal(peer)) return why;
  if (with_port && !may_send_to(peer)) return "an address of the server";
  return std::nullopt;
}

// The public face.
Server::Server(const ServerConfig& config, RelayPorts& ports, Credentials& credentials,
               Random& random, const Trace& trace)
    : core_(std::make_unique<Core>(config, ports, credentials, random, trace)) {}
Server::~Server() = default;
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;

std::optional<Hop> Server::forward(Instant now, const Received& in) {
  return core_->forward(now, in);
}
void Server::receive(Instant now, const Received& in) { core_->receive(now, in); }
void Server::on_time(Instant now) { core_->on_time(now); }
Instant Server::next_time() const { return core_->next_time(); }
std::optional<Path> Server::poll_transmit(Instant now, PacketBuffer& out) {
  return core_->poll_transmit(now, out);
}
bool Server::is_dont_fragment() const { return core_->is_dont_fragment(); }
std::optional<Server::Event> Server::poll_event() { return core_->poll_event(); }
void Server::on_icmp(Instant now, const IcmpError& error) { core_->on_icmp(now, error); }
void Server::on_closed(Instant now, const Path& client) { core_->on_closed(now, client); }
void Server::on_peer_connected(Instant now, std::uint32_t id) { core_->on_peer_connected(now, id); }
void Server::on_peer_failed(Instant now, std::uint32_t id) { core_->on_peer_failed(now, id); }
std::optional<std::uint32_t> Server::on_peer_accepted(Instant now, const Address& relayed,
                                                      const Address& peer) {
  return core_->on_peer_accepted(now, relayed, peer);
}
void Server::on_peer_closed(Instant now, std::uint32_t id) { core_->on_peer_closed(now, id); }
std::size_t Server::allocations() const { return core_->allocations(); }

}  // namespace glass::stun::turn
