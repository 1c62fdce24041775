#include "stun/binding_server.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "stun/message.h"
#include "stun/names.h"
#include "stun/opaque_string.h"

namespace glass::stun {
namespace {

// RFC 5780 §7.6 wants the length of the MTU; a PacketBuffer holds this and all the rest.
constexpr std::size_t kPaddingMax = 1200;

// All that may be required of a plain server, and behind those what RFC 5780 adds.
constexpr auto kDiscoveryAttributes =
    extended(kIceAttributes, AttributeType::kChangeRequest, AttributeType::kResponsePort,
             AttributeType::kPadding);

}  // namespace

BindingServer::BindingServer(BindingServerConfig config, const Trace& trace)
    : config_(std::move(config)), trace_(trace) {
  config_.software.resize(fitting(config_.software).size());
}

void BindingServer::receive(Instant, const Received& in) {
  const auto message = MessageView::parse(in.bytes);
  if (!message) {
    if (message.error() == ParseError::kAttributeOverrun) return answer_malformed(in);
    return trace_.drop(rule_of(message.error()), to_text(message.error()), in.bytes);
  }
  // RFC 8489 §6.3: a server has no transactions of its own that a response could belong to.
  if (message->is_response())
    return trace_.drop("8489:6.3#0"_rule, "a response to a server", in.bytes);
  if (message->method() != Method::kBinding)
    return trace_.drop("8489:6.3#0"_rule, "a method that is not supported", in.bytes);
  trace_.rule("8489:12#1"_rule);
  // RFC 8489 §12: nobody has to send a fingerprint; a wrong one still says that this is not STUN.
  const Verdict fingerprint = check_fingerprint(*message);
  if (fingerprint == Verdict::kWrong)
    return trace_.drop("8489:7#0"_rule, "wrong fingerprint", in.bytes);
  if (fingerprint == Verdict::kAbsent) trace_.rule("8489:12#6"_rule);

  Answer answer{.path = in.path,
                .transaction = message->transaction(),
                .code = 0,
                .unknown = unknown_required(*message, understood(in.path)),
                .other = other_of(in.path.local)};
  if (message->cls() == Class::kIndication) {
    if (!answer.unknown.empty())
      return trace_.drop("8489:6.3.2#0"_rule, "an unknown comprehension-required attribute",
                         in.bytes);
    return trace_.rule("8489:6.3.2#0"_rule);  // having come is all its purpose
  }
  if (!answer.unknown.empty()) {
    trace_.rule("8489:6.3.1#0"_rule, Fact{"unknown", answer.unknown.count});
    if (answer.unknown.contains(AttributeType::kChangeRequest)) trace_.rule("5780:6.1#2"_rule);
    answer.code = 420;
  } else if (sends_away(in.path)) {
    answer.code = 300;
  } else if (answer.other) {
    change_path(*message, answer);
  }
  push(answer, in.bytes);
}

// RFC 5780 §6: without a second address, CHANGE-REQUEST and its kin are unknown attributes. So they
// are over TCP, where an answer can only take the connection that the request came by.
std::span<const AttributeType> BindingServer::understood(const Path& path) const {
  const bool all = path.transport == Transport::kUdp && other_of(path.local).has_value();
  return std::span(kDiscoveryAttributes)
      .first(all ? kDiscoveryAttributes.size() : kIceAttributes.size());
}

// RFC 5780 §7.4: the address and port that are both other than those that the request came to.
std::optional<Address> BindingServer::other_of(const Address& local) const {
  for (const AlternateAddresses& pair : config_.alternates) {
    // RFC 5780 §7.4: two ports of one address are no second address.
    if (pair.primary.same_ip(pair.other)) {
      trace_.rule("5780:7.4#1"_rule);
      continue;
    }
    const bool is_one = local.same_ip(pair.primary);
    if (!is_one && !local.same_ip(pair.other)) continue;
    if (local.port != pair.primary.port && local.port != pair.other.port) continue;
    const Address& ip = is_one ? pair.other : pair.primary;
    const Address& port = local.port == pair.primary.port ? pair.other : pair.primary;
    return ip.with_port(port.port);
  }
  return std::nullopt;
}

// RFC 5780 §6.1: where the answer comes from, where it goes to, and how long it is.
void BindingServer::change_path(const MessageView& request, Answer& answer) const {
  const auto change = get<ChangeRequest>(request);
  const auto port = get<ResponsePort>(request);
  const auto padding = get<Padding>(request);
  const bool is_malformed = (request.has(AttributeType::kChangeRequest) && !change) ||
                            (request.has(AttributeType::kResponsePort) && !port) ||
                            (port && port->port == 0);
  if (is_malformed || (port && padding)) {
    trace_.rule("5780:6.1#11"_rule);
    if (port && padding) trace_.rule("5780:7.5#2"_rule);
    answer.code = 400;
    return;
  }
  // Never longer than what was asked with: nobody becomes louder by way of us.
  if (padding) {
    trace_.rule("5780:6.1#9"_rule);
    answer.padding = std::min(padding->bytes.size(), kPaddingMax);
  }
  if (port) {
    trace_.rule("5780:7.5#1"_rule, Fact{"port", port->port});
    answer.reply_port = port->port;
  }
  // Table 1 of §6.1, row by row.
  if (!change || (!change->change_ip && !change->change_port))
    return trace_.rule("5780:6.1#6"_rule);
  const Rule row = !change->change_ip     ? "5780:6.1#3"_rule
                   : !change->change_port ? "5780:6.1#4"_rule
                                          : "5780:6.1#5"_rule;
  trace_.rule(row, Fact{"ip", change->change_ip}, Fact{"port", change->change_port});
  const Address local = answer.path.local;
  answer.origin = change->change_ip ? answer.other->with_port(local.port) : local;
  if (change->change_port) answer.origin.port = answer.other->port;
  answer.is_moved = true;
}

// RFC 8489 §10: only to a server that the client can reach the way it has reached us.
bool BindingServer::sends_away(const Path& path) const {
  return std::ranges::any_of(config_.try_instead, [&](const Address& address) {
    return address.is_v4() == path.remote.is_v4();
  });
}

// RFC 8489 §10: first the address of the client's family, then that of the other one.
void BindingServer::write_alternates(const Answer& answer, MessageBuilder& builder) const {
  if (answer.other) trace_.rule("5780:6.1#13"_rule);
  for (const bool is_first : {true, false}) {
    for (const Address& address : config_.try_instead) {
      if ((address.is_v4() == answer.path.remote.is_v4()) != is_first) continue;
      trace_.rule(is_first ? "8489:10#1"_rule : "8489:10#2"_rule, Fact{"server", to_text(address)});
      builder.add(AlternateServer{address});
    }
  }
}

// The header is that of a Binding request, the attributes behind it cannot be told apart.
void BindingServer::answer_malformed(const Received& in) {
  const auto header = parse_header(in.bytes);
  if (!header || header->cls != Class::kRequest || header->method != Method::kBinding)
    return trace_.drop("8489:14#3"_rule, to_text(ParseError::kAttributeOverrun), in.bytes);
  trace_.rule("8489:14#3"_rule, Fact{"answer", 400});
  push({.path = in.path, .transaction = header->transaction, .code = 400, .unknown = {}}, in.bytes);
}

void BindingServer::push(const Answer& answer, Bytes request) {
  if (count_ == kPendingMax)
    return trace_.drop(Rule{}, "too many answers wait to be sent", request);
  pending_[(first_ + count_++) % kPendingMax] = answer;
}

std::optional<Path> BindingServer::poll_transmit(Instant, PacketBuffer& out) {
  if (count_ == 0) return std::nullopt;
  const Answer& answer = pending_[first_];
  first_ = (first_ + 1) % kPendingMax;
  --count_;
  out.clear();
  write(answer, out);
  // RFC 8489 §6.3.1.2: back from where it was asked, to where the question came from.
  trace_.rule("8489:6.3.1.2#0"_rule);
  Path path = answer.path;
  if (answer.is_moved) path.local = answer.origin;
  if (answer.reply_port != 0) path.remote.port = answer.reply_port;
  return path;
}

// RFC 5780 §6.1: what an answer of that usage holds on top.
void BindingServer::write_discovery(const Answer& answer, MessageBuilder& builder) const {
  trace_.rule("5780:6.1#1"_rule);
  trace_.rule("5780:6.1#7"_rule);
  trace_.rule("5780:6.1#8"_rule);
  builder.add(MappedAddress{answer.path.remote});
  builder.add(ResponseOrigin{answer.is_moved ? answer.origin : answer.path.local});
  builder.add(OtherAddress{*answer.other});
  static constexpr std::array<std::uint8_t, kPaddingMax> kBlank{};
  if (answer.padding > 0) builder.add(Padding{Bytes(kBlank).first(answer.padding)});
}

void BindingServer::write(const Answer& answer, PacketBuffer& out) const {
  const Class cls = answer.code == 0 ? Class::kSuccess : Class::kError;
  trace_.rule("8489:5#7"_rule);
  MessageBuilder builder(Writer(out), cls, Method::kBinding, answer.transaction);
  if (answer.code == 0) {
    trace_.rule("8489:6.3.1.1#0"_rule);
    builder.add(XorMappedAddress{answer.path.remote});
    if (answer.other) write_discovery(answer, builder);
  } else {
    trace_.rule("8489:6.3.1.1#1"_rule, Fact{"code", answer.code});
    builder.add(ErrorCode{answer.code, reason_phrase(answer.code)});
  }
  if (answer.code == 420) {
    trace_.rule("8489:6.3.1.1#3"_rule, Fact{"unknown", answer.unknown.count});
    builder.add(answer.unknown);
  }
  if (answer.code == 300) write_alternates(answer, builder);
  if (!config_.software.empty()) {
    trace_.rule("8489:6.3.1.1#5"_rule);
    trace_.rule("8489:14.14#2"_rule);
    builder.add(Software{config_.software});
  }
  if (config_.add_fingerprint) builder.add_fingerprint();
}

}  // namespace glass::stun
