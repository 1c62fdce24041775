// What a TURN client asks, and what the answers mean: RFC 8656 §7.1, §7.3, §7.4 (Allocate), §8
// (Refresh), §10 (CreatePermission), §12 (ChannelBind); RFC 6062 §4; RFC 8016 §3.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "stun/long_term.h"
#include "stun/message.h"
#include "stun/names.h"
#include "stun/transaction.h"
#include "stun/turn/attributes.h"
#include "stun/turn/client.h"
#include "stun/turn/client_core.h"
#include "stun/turn/peers.h"

namespace glass::stun::turn {
namespace {

constexpr std::size_t kReasonMax = 128;  // characters of a server's reason that are passed on

Method method_of(Ask ask) {
  switch (ask) {
    case Ask::kAllocate: return Method::kAllocate;
    case Ask::kRefresh:
    case Ask::kRelease:
    case Ask::kMove: return Method::kRefresh;
    case Ask::kPermission: return Method::kCreatePermission;
    case Ask::kChannel: return Method::kChannelBind;
    case Ask::kConnect: return Method::kConnect;
    case Ask::kConnectionBind: return Method::kConnectionBind;
  }
  return Method::kRefresh;
}

std::string reason_text(unsigned code, std::string_view reason) {
  if (reason.empty()) reason = reason_phrase(code);
  return printable(reason.substr(0, kReasonMax));
}

}  // namespace

void Client::Core::send(Instant now, const Request& request) {
  ByteVector bytes;
  MessageBuilder builder(Writer(bytes), Class::kRequest, method_of(request.ask),
                         TransactionId::make(random_));
  write(builder, request);
  if (!config_.software.empty()) {
    trace_.rule("8656:5#8"_rule);
    builder.add(Software{config_.software});
  }
  if (login_.is_challenged()) trace_.rule("8656:6#3"_rule);
  auto guard = login_.protect(builder);
  TransactionConfig timing = config_.transaction;
  timing.rto = std::max(timing.rto, rto_.rto(now));
  requests_.push_back({request, Transaction(timing, request.path, bytes, trace_)});
  requests_.back().transaction.set_guard(std::move(guard));
}

void Client::Core::write(MessageBuilder& builder, const Request& request) {
  switch (request.ask) {
    case Ask::kAllocate: return write_allocate(builder);
    case Ask::kRefresh:
      // RFC 8656 §8.1: without a family it is about all that we have.
      trace_.rule("8656:8.1#1"_rule);
      if (config_.lifetime)
        builder.add(Lifetime{static_cast<std::uint32_t>(config_.lifetime->count())});
      return;
    case Ask::kRelease: builder.add(Lifetime{0}); return;
    case Ask::kMove: builder.add(MobilityTicket{ticket_}); return;
    case Ask::kPermission: builder.add(XorPeerAddress{request.peer}); return;
    case Ask::kChannel:
      builder.add(ChannelNumber{request.channel}).add(XorPeerAddress{request.peer});
      return;
    case Ask::kConnect: builder.add(XorPeerAddress{request.peer}); return;
    case Ask::kConnectionBind: builder.add(ConnectionId{request.connection}); return;
  }
}

void Client::Core::write_allocate(MessageBuilder& builder) {
  const bool tcp = config_.relay == Transport::kTcp;
  trace_.rule(tcp ? "6062:4.1#3"_rule : "8656:7.1#4"_rule);
  builder.add(RequestedTransport{tcp ? kProtocolTcp : kProtocolUdp});
  if (config_.lifetime) {
    trace_.rule("8656:7.1#11"_rule);
    builder.add(Lifetime{static_cast<std::uint32_t>(config_.lifetime->count())});
  }
  if (config_.mobility) builder.add(MobilityTicket{});
  if (tcp) {
    trace_.rule("6062:4.1#4"_rule);
    if (config_.v6) builder.add(RequestedAddressFamily{kFamilyV6});
    return;
  }
  if (asks_dont_fragment_) {
    trace_.rule("8656:7.1#12"_rule);
    builder.add(DontFragment{});
  }
  if (config_.reservation) {
    // RFC 8656 §7.1: the token says it all; family and parity are those of the reserved address.
    trace_.rule("8656:7.1#6"_rule);
    trace_.rule("8656:7.1#9"_rule);
    trace_.rule("8656:7.1#14"_rule);
    builder.add(ReservationToken{*config_.reservation});
    return;
  }
  if (config_.dual) {
    trace_.rule("8656:7.1#7"_rule);
    trace_.rule("8656:7.1#8"_rule);
    builder.add(AdditionalAddressFamily{kFamilyV6});
  } else if (config_.v6) {
    trace_.rule("8656:7.1#5"_rule);
    builder.add(RequestedAddressFamily{kFamilyV6});
  }
  if (!config_.even_port && !config_.reserve_next) return;
  if (config_.dual && config_.reserve_next) trace_.rule("8656:7.1#10"_rule);
  builder.add(EvenPort{config_.reserve_next && !config_.dual});
}

void Client::Core::receive(Instant now, const Received& in) {
  if (in.bytes.empty() || in.bytes[0] >= 0x04) return drop_unanswered(in);
  const auto message = MessageView::parse(in.bytes);
  if (!message) return trace_.drop(rule_of(message.error()), to_text(message.error()), in.bytes);
  if (check_fingerprint(*message) == Verdict::kWrong)
    return trace_.drop("8489:7#0"_rule, "wrong fingerprint", in.bytes);
  if (message->cls() == Class::kIndication) {
    if (in.path != path_)
      return trace_.drop("8656:11.4#0"_rule, "an indication on another path", in.bytes);
    on_indication(now, *message);
    return settle(now);
  }
  for (std::size_t at = 0; at < requests_.size(); ++at) {
    if (requests_[at].transaction.id() != message->transaction()) continue;
    if (requests_[at].request.path != in.path) break;
    on_response(now, at, *message);
    return settle(now);
  }
  trace_.drop("8489:6.3#0"_rule, "no response to what was asked", in.bytes);
}

// ChannelData that unwrap() would not have, and what is neither STUN nor ChannelData.
void Client::Core::drop_unanswered(const Received& in) {
  if (in.bytes.empty() || in.bytes[0] < 0x40 || in.bytes[0] > 0x4F)
    return trace_.drop("8656:12#1"_rule, "neither STUN nor ChannelData", in.bytes);
  const auto data = parse_channel_data(in.bytes);
  if (!data) return trace_.drop("8656:12.6#0"_rule, "ChannelData that is cut short", in.bytes);
  const bool is_bound = in.path == path_ && find_number(data->channel) != nullptr;
  if (!is_bound)
    return trace_.drop("8656:12.6#0"_rule, "ChannelData on a channel that is not bound", in.bytes);
  trace_.drop("8656:12.6#1"_rule, "ChannelData from a peer without a permission", in.bytes);
}

void Client::Core::on_indication(Instant now, const MessageView& message) {
  if (!unknown_required(message, kTurnAttributes).empty())
    return trace_.drop("8489:6.3.2#0"_rule, "an unknown comprehension-required attribute",
                       message.bytes());
  const auto peer = get<XorPeerAddress>(message);
  if (message.method() == Method::kConnectionAttempt) {
    const auto id = get<ConnectionId>(message);
    if (!peer || !id || !machine_.is<Active>())
      return trace_.drop("6062:4.4#0"_rule, "a ConnectionAttempt without its attributes",
                         message.bytes());
    trace_.rule("6062:4.4#0"_rule);
    return say(ConnectionOffered{id->value, peer->address});
  }
  if (message.method() != Method::kData)
    return trace_.drop("8489:6.3#0"_rule, "an indication that is not for clients", message.bytes());
  if (!peer)
    return trace_.drop("8656:11.4#0"_rule, "a Data indication without a peer", message.bytes());
  const auto icmp = get<Icmp>(message);
  if (!is_permitted(now, peer->address))
    return trace_.drop(icmp ? "8656:11.6#1"_rule : "8656:11.4#1"_rule,
                       "from a peer without a permission", message.bytes());
  if (!icmp)
    return trace_.drop("8656:11.4#0"_rule, "a Data indication without data", message.bytes());
  trace_.rule("8656:11.6#0"_rule, Fact{"type", icmp->icmp_type}, Fact{"code", icmp->icmp_code});
  say(PeerError{peer->address, icmp->icmp_type, icmp->icmp_code, icmp->error_data});
}

void Client::Core::on_response(Instant now, std::size_t at, const MessageView& message) {
  Transaction& transaction = requests_[at].transaction;
  const auto receipt = transaction.receive(now, message, kTurnAttributes);
  if (receipt == Transaction::Receipt::kNotMine || receipt == Transaction::Receipt::kDiscarded)
    return;
  if (const auto round_trip = transaction.round_trip()) rto_.sample(now, *round_trip);
  const Request request = requests_[at].request;
  const bool was_proved = transaction.is_proved();
  requests_.erase(requests_.begin() + static_cast<std::ptrdiff_t>(at));
  if (receipt == Transaction::Receipt::kFailed) return on_no_answer(now, request);
  if (receipt == Transaction::Receipt::kError) return on_error(now, request, message, was_proved);
  login_.on_success();
  on_success(now, request, message);
}

void Client::Core::on_success(Instant now, const Request& request, const MessageView& message) {
  switch (request.ask) {
    case Ask::kAllocate: return on_allocated(now, message);
    case Ask::kRefresh: return on_refreshed(now, message);
    case Ask::kRelease: return finish_release();
    case Ask::kMove: return on_moved(now, request, message);
    case Ask::kPermission: return on_permitted(now, request.peer);
    case Ask::kChannel: return on_channel_bound(now, request);
    case Ask::kConnect: {
      const auto id = get<ConnectionId>(message);
      if (!id) return say(ConnectionRefused{request.peer, 0});
      trace_.rule("6062:4.3#0"_rule);
      return say(ConnectionOffered{id->value, request.peer});
    }
    case Ask::kConnectionBind: return say(ConnectionBound{request.connection, request.path});
  }
}

void Client::Core::on_error(Instant now, const Request& request, const MessageView& message,
                            bool was_proved) {
  const unsigned code = get<ErrorCode>(message)->code;
  if (login_.on_error(message, was_proved) == LongTermClient::Next::kRetry)
    return send(now, request);
  // RFC 8656 §5: the server knows no allocation of ours.
  if (code == 437 && request.ask != Ask::kAllocate && request.ask != Ask::kRelease)
    return lose("the server has forgotten the allocation");
  switch (request.ask) {
    case Ask::kAllocate: return on_allocate_error(now, message, code, was_proved);
    case Ask::kRefresh: return lose("the server refused to refresh: " + reason_text(code, {}));
    case Ask::kRelease: return finish_release();
    case Ask::kMove: return lose("the server refused our new address: " + reason_text(code, {}));
    case Ask::kPermission: return on_permission_refused(request.peer, code);
    case Ask::kChannel: return on_channel_refused(now, request, code);
    case Ask::kConnect:
      if (code == 447) pauses_.push_back({request.peer, now + kConnectPause});
      return say(ConnectionRefused{request.peer, code});
    case Ask::kConnectionBind: return say(ConnectionNotBound{request.connection, code});
  }
}

void Client::Core::on_no_answer(Instant now, const Request& request) {
  switch (request.ask) {
    case Ask::kAllocate:
      trace_.rule("8656:7.4#1"_rule);
      return fail_allocate(now, {.code = 0, .text = "the server did not answer", .retry_at = now});
    case Ask::kRefresh: return lose("the server does not answer any more");
    case Ask::kRelease: return finish_release();
    case Ask::kMove: return lose("the server does not answer at our new address");
    case Ask::kPermission: return on_permission_refused(request.peer, 0);
    case Ask::kChannel: return on_channel_refused(now, request, 0);
    case Ask::kConnect: return say(ConnectionRefused{request.peer, 0});
    case Ask::kConnectionBind: return say(ConnectionNotBound{request.connection, 0});
  }
}

void Client::Core::on_allocated(Instant now, const MessageView& message) {
  if (!machine_.is<Allocating>()) return;
  Allocated made;
  const auto lifetime = get<Lifetime>(message);
  const auto mapped = get<XorMappedAddress>(message);
  if (!take_addresses(made, message) || !lifetime || !mapped) {
    // RFC 8656 §7.3: what cannot be used is given back, and not asked for again.
    trace_.rule("8656:7.3#2"_rule);
    failed_ = {.code = 0, .text = "the server's answer cannot be used", .retry_at = kNever};
    machine_.move(Releasing{});
    return send(now, {.ask = Ask::kRelease, .path = path_});
  }
  made.mapped = mapped->address;
  made.lifetime = std::chrono::seconds(lifetime->value);
  if (const auto token = get<ReservationToken>(message)) made.token = token->value;
  if (const auto second = get<AddressErrorCode>(message)) {
    trace_.rule(second->code == 508 ? "8656:7.3#4"_rule : "8656:7.3#3"_rule);
    made.second_code = second->code;
  }
  take_ticket(message);
  expires_ = now + made.lifetime;
  refresh_at_ = refresh_time(now, made.lifetime);
  machine_.move(Active{});
  say(made);
  std::vector<Address> strangers;
  for (const Wish& wish : wishes_)
    if (!has_family_of(wish.ip)) strangers.push_back(wish.ip);
  for (const Address& ip : strangers) on_permission_refused(ip, 443);
  std::erase_if(bindings_, [&](const Binding& binding) {
    if (has_family_of(binding.peer)) return false;
    say(Refused{binding.peer, 443});
    return true;
  });
}

// RFC 8656 §7.3: one address of the family that was asked for, or one of each.
bool Client::Core::take_addresses(Allocated& made, const MessageView& message) {
  trace_.rule("8656:7.3#1"_rule);
  std::optional<Address> v4;
  std::optional<Address> v6;
  for (const Attribute& attribute : message.attributes()) {
    if (attribute.is_ignored || attribute.type != AttributeType::kXorRelayedAddress) continue;
    Reader value(attribute.value);
    XorRelayedAddress relayed;
    if (!relayed.read(value, message.transaction()) || !value.ok()) return false;
    auto& mine = relayed.address.is_v4() ? v4 : v6;
    if (!mine) mine = relayed.address;
  }
  if (!v4 && !v6) return false;
  const bool any = config_.dual || config_.reservation;
  if (!any && (config_.v6 ? v4.has_value() : v6.has_value())) return false;
  relayed_v4_ = v4;
  relayed_v6_ = v6;
  made.relayed = v4 ? *v4 : *v6;
  if (v4 && v6) made.relayed_v6 = v6;
  return true;
}

void Client::Core::on_allocate_error(Instant now, const MessageView& message, unsigned code,
                                     bool was_proved) {
  AllocationFailed failed{
      .code = code, .text = reason_text(code, get<ErrorCode>(message)->reason), .retry_at = kNever};
  switch (code) {
    case 300:
      trace_.rule("8656:7.4#2"_rule);
      failed.retry_at = now;
      // RFC 8489 §14.8: what proves nothing may have been sent by anybody.
      trace_.rule("8489:14.8#7"_rule, Fact{"proved", was_proved ? 1U : 0U});
      if (const auto other = get<AlternateServer>(message); was_proved && other)
        failed.alternate = other->address;
      break;
    case 400: trace_.rule("8656:7.4#3"_rule); break;
    case 401:
    case 438: trace_.rule("8656:7.4#5"_rule); break;
    case 403: trace_.rule("8656:7.4#6"_rule); break;
    case 405: trace_.rule("8016:3.1.4#1"_rule); break;
    case 420: {
      const auto unknown = get<UnknownAttributes>(message);
      if (!asks_dont_fragment_ || !unknown || !unknown->contains(AttributeType::kDontFragment))
        break;
      trace_.rule("8656:7.4#7"_rule);
      asks_dont_fragment_ = false;
      return send(now, {.ask = Ask::kAllocate, .path = path_});
    }
    case 437:
      trace_.rule("8656:7.4#10"_rule);
      failed.retry_at = now + kRetryAfterMismatch;
      break;
    case 440: trace_.rule("8656:7.4#11"_rule); break;
    case 441: trace_.rule("8656:7.4#12"_rule); break;
    case 442: trace_.rule("8656:7.4#13"_rule); break;
    case 486:
    case 508: failed.retry_at = now + kRetryAfterQuota; break;
    default:
      trace_.rule("8656:7.4#17"_rule);
      if (code >= 500) failed.retry_at = now + kRetryAfterQuota;
      break;
  }
  fail_allocate(now, std::move(failed));
}

void Client::Core::fail_allocate(Instant, AllocationFailed failed) {
  if (!machine_.is<Allocating>()) return;
  clear_allocation();
  machine_.move(NoAllocation{});
  failed_ = failed;
  say(std::move(failed));
}

void Client::Core::on_refreshed(Instant now, const MessageView& message) {
  const auto lifetime = get<Lifetime>(message);
  if (!lifetime || lifetime->value == 0) return lose("the server ended the allocation");
  expires_ = now + std::chrono::seconds(lifetime->value);
  refresh_at_ = refresh_time(now, std::chrono::seconds(lifetime->value));
}

void Client::Core::on_moved(Instant now, const Request& request, const MessageView& message) {
  trace_.rule("8016:3.2.2#8"_rule);
  take_ticket(message);
  path_ = request.path;
  // What was asked on the old path is asked again on the new one.
  requests_.clear();
  for (Wish& wish : wishes_) wish.asking = false;
  for (Binding& binding : bindings_) binding.asking = false;
  say(Moved{path_});
  on_refreshed(now, message);
}

void Client::Core::take_ticket(const MessageView& message) {
  const auto ticket = get<MobilityTicket>(message);
  if (!config_.mobility || !ticket) return;
  trace_.rule("8016:3.1.3#0"_rule);
  ticket_.assign(ticket->bytes.begin(), ticket->bytes.end());
}

void Client::Core::on_permitted(Instant now, const Address& ip) {
  const auto wish = wish_place(ip);
  if (wish == wishes_.end() || wish->ip != ip) return;
  trace_.rule("8656:10.3#0"_rule);
  wish->asking = false;
  wish->expires = now + kPermissionLifetime;
  wish->ask_at = now + kPermissionLifetime - kRefreshMargin;
  for (const Address& peer : std::exchange(wish->waiting, {})) say(Permitted{peer});
}

void Client::Core::on_permission_refused(const Address& ip, unsigned code) {
  const auto wish = wish_place(ip);
  if (wish == wishes_.end() || wish->ip != ip) return;
  if (wish->waiting.empty()) wish->waiting.push_back(ip);
  for (const Address& peer : wish->waiting) say(Refused{peer, code});
  wishes_.erase(wish);
}

void Client::Core::on_channel_bound(Instant now, const Request& request) {
  Binding* binding = find_binding(request.peer);
  if (binding == nullptr) return;
  trace_.rule("8656:12.3#0"_rule);
  binding->asking = false;
  binding->active = true;
  binding->expires = now + kChannelLifetime;
  binding->ask_at = now + kChannelLifetime - kRefreshMargin;
  // RFC 8656 §12.3: the permission has come with it.
  const Address ip = request.peer.with_port(0);
  auto wish = wish_place(ip);
  if (wish == wishes_.end() || wish->ip != ip) {
    if (wishes_.size() >= kPeersMax) return say(Refused{request.peer, 508});
    wish = wishes_.insert(wish, Wish{.ip = ip});
  }
  wish->expires = now + kPermissionLifetime;
  wish->ask_at = now + kPermissionLifetime - kRefreshMargin;
  for (const Address& peer : std::exchange(wish->waiting, {})) say(Permitted{peer});
  if (!std::exchange(binding->told, true)) say(ChannelBound{request.peer});
}

void Client::Core::on_channel_refused(Instant now, const Request& request, unsigned code) {
  Binding* binding = find_binding(request.peer);
  if (binding == nullptr) return;
  if (code == 400) {
    // RFC 8656 §12.3: the two sides do not agree on what is bound to what; nothing helps but a new
    // allocation.
    trace_.rule("8656:12.3#1"_rule);
    close(now);
    lost_why_ = "client and server disagree about the channels";
    return;
  }
  binding->asking = false;
  binding->wanted = false;
  binding->active = false;
  if (code != 0) binding->expires = now;  // the server said that it is not bound
  say(Refused{request.peer, code});
}

void Client::Core::finish_release() {
  clear_allocation();
  machine_.move(NoAllocation{});
  if (!lost_why_.empty()) return say(Lost{std::exchange(lost_why_, {})});
  if (failed_ && failed_->retry_at == kNever) return say(*failed_);
  say(Released{});
}

// RFC 8656 §8: about a minute before the end; where there is hardly more than that, half-way.
Instant Client::Core::refresh_time(Instant now, Duration lifetime) const {
  return now + (lifetime >= 2 * kRefreshMargin ? lifetime - kRefreshMargin : lifetime / 2);
}

}  // namespace glass::stun::turn
