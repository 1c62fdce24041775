#include "stun/binding_server.h"

#include <optional>
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

namespace glass::stun {

BindingServer::BindingServer(BindingServerConfig config, const Trace& trace)
    : config_(std::move(config)), trace_(trace) {
  if (config_.software.size() > kUsernameMax) config_.software.resize(kUsernameMax);
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
  // RFC 8489 §12: nobody has to send a fingerprint; a wrong one still says that this is not STUN.
  if (check_fingerprint(*message) == Verdict::kWrong)
    return trace_.drop("8489:7#0"_rule, "wrong fingerprint", in.bytes);

  Answer answer{.path = in.path,
                .transaction = message->transaction(),
                .code = 0,
                .unknown = unknown_required(*message, kIceAttributes)};
  if (message->cls() == Class::kIndication) {
    if (!answer.unknown.empty())
      return trace_.drop("8489:6.3.2#0"_rule, "an unknown comprehension-required attribute",
                         in.bytes);
    return trace_.rule("8489:6.3.2#0"_rule);  // having come is all its purpose
  }
  if (!answer.unknown.empty()) {
    trace_.rule("8489:6.3.1#0"_rule, Fact{"unknown", answer.unknown.count});
    answer.code = 420;
  }
  push(answer, in.bytes);
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
  return answer.path;
}

void BindingServer::write(const Answer& answer, PacketBuffer& out) const {
  const Class cls = answer.code == 0 ? Class::kSuccess : Class::kError;
  MessageBuilder builder(Writer(out), cls, Method::kBinding, answer.transaction);
  if (answer.code == 0) {
    trace_.rule("8489:6.3.1.1#0"_rule);
    builder.add(XorMappedAddress{answer.path.remote});
  } else {
    trace_.rule("8489:6.3.1.1#1"_rule, Fact{"code", answer.code});
    builder.add(ErrorCode{answer.code, reason_phrase(answer.code)});
  }
  if (answer.code == 420) {
    trace_.rule("8489:6.3.1.1#3"_rule, Fact{"unknown", answer.unknown.count});
    builder.add(answer.unknown);
  }
  if (!config_.software.empty()) {
    trace_.rule("8489:6.3.1.1#5"_rule);
    builder.add(Software{config_.software});
  }
  if (config_.add_fingerprint) builder.add_fingerprint();
}

}  // namespace glass::stun
