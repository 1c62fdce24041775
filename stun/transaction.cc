#include "stun/transaction.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "stun/attributes.h"
#include "stun/guard.h"
#include "stun/message.h"

namespace glass::stun {
namespace {

constexpr unsigned kDoublingsMax = 20;  // keeps a doubled RTO far from overflow

}  // namespace

Transaction::Transaction(const TransactionConfig& config, const Path& path, Bytes request,
                         const Trace& trace)
    : config_(config),
      path_(path),
      request_(request.begin(), request.end()),
      trace_(trace),
      machine_("stun transaction", trace),
      interval_(config.rto) {
  const auto header = parse_header(request);
  CHECK(header.has_value() && header->cls == Class::kRequest);
  method_ = header->method;
  id_ = header->transaction;
  CHECK(config.request_count > 0 && config.request_count <= kDoublingsMax);
}

Transaction& Transaction::set_guard(ResponseGuard guard) {
  guard_ = std::move(guard);
  return *this;
}

Transaction& Transaction::require_integrity(Bytes key) {
  return set_guard(ResponseGuard::short_term(key, Integrity::kSha1));
}

std::optional<Path> Transaction::poll_transmit(Instant now, PacketBuffer& out) {
  if (!send_due_ || !in_progress()) return std::nullopt;
  send_due_ = false;
  if (sent_ == 0) first_sent_ = now;
  ++sent_;
  if (is_reliable()) {
    // RFC 8489 §6.2.2: TCP repeats what is lost; here there is nothing but a limit to wait.
    trace_.rule("8489:6.2.2#2"_rule);
    deadline_ = now + config_.reliable_wait;
  } else if (sent_ == config_.request_count) {
    trace_.rule("8489:6.2.1#12"_rule, Fact{"requests", sent_});
    deadline_ = now + config_.rto * config_.last_wait;
  } else {
    trace_.rule("8489:6.2.1#1"_rule, Fact{"request", sent_});
    deadline_ = now + interval_;
    interval_ *= 2;
  }
  out.assign(request_);
  return path_;
}

void Transaction::on_time(Instant now) {
  if (!in_progress() || now < deadline_) return;
  const bool may_send = !is_reliable() && sent_ > 0 && sent_ < config_.request_count;
  if (may_send && !stopped_) {
    deadline_ = kNever;  // until the request has left
    send_due_ = true;
    return;
  }
  if (violated_) trace_.rule(guard_.is_long_term() ? "8489:9.2.5#17"_rule : "8489:9.1.4#3"_rule);
  machine_.move(TimedOut{});
}

void Transaction::stop_sending() {
  if (!in_progress() || stopped_ || is_reliable()) return;
  stopped_ = true;
  if (sent_ == 0) {
    machine_.move(TransactionFailed{});
    return;
  }
  send_due_ = false;
  const auto doublings = (std::int64_t{1} << (config_.request_count - 1)) - 1;
  deadline_ = first_sent_ + config_.rto * (doublings + config_.last_wait);
}

void Transaction::on_unreachable() {
  if (!in_progress()) return;
  machine_.move(TransactionFailed{});
}

Transaction::Receipt Transaction::receive(Instant now, const MessageView& message,
                                          std::span<const AttributeType> understood) {
  if (!message.is_response() || message.transaction() != id_ || sent_ == 0)
    return Receipt::kNotMine;
  if (!in_progress()) return Receipt::kDiscarded;  // a duplicate of what ended it
  if (message.method() != method_) {
    trace_.drop("8489:6.3#0"_rule, "a response of another method", message.bytes());
    return Receipt::kDiscarded;
  }
  switch (guard_.check(message, trace_)) {
    case ResponseGuard::Finding::kPass: break;
    case ResponseGuard::Finding::kForged: return reject(message);
    case ResponseGuard::Finding::kIgnored: return Receipt::kDiscarded;
  }
  if (!unknown_required(message, understood).empty()) {
    trace_.rule(message.cls() == Class::kSuccess ? "8489:6.3.3#0"_rule : "8489:6.3.4#0"_rule);
    return fail("an unknown comprehension-required attribute in a response", message);
  }
  if (message.cls() == Class::kError && !get<ErrorCode>(message))
    return fail("an error response without ERROR-CODE", message);

  // RFC 8489 §6.2.1: which of several requests was answered cannot be told (Karn's algorithm).
  trace_.rule("8489:6.2.1#7"_rule, Fact{"requests", sent_});
  if (sent_ == 1) round_trip_ = now - first_sent_;
  if (message.cls() == Class::kError) {
    machine_.move(Refused{});
    return Receipt::kError;
  }
  machine_.move(Succeeded{});
  return Receipt::kSuccess;
}

// RFC 8489 §9.1.4, §9.2.5: anybody can answer wrongly; only time or the right answer ends a
// transaction, except where nobody else can have written into the connection.
Transaction::Receipt Transaction::reject(const MessageView& message) {
  violated_ = true;
  if (is_reliable()) {
    trace_.rule(guard_.is_long_term() ? "8489:9.2.5#18"_rule : "8489:9.1.4#4"_rule);
    return fail("a response that fails its integrity check", message);
  }
  trace_.drop(guard_.is_long_term() ? "8489:9.2.5#16"_rule : "8489:9.1.4#2"_rule,
              "a response that fails its integrity check", message.bytes());
  return Receipt::kDiscarded;
}

Transaction::Receipt Transaction::fail(std::string_view why, const MessageView& message) {
  trace_.drop("8489:6.3#0"_rule, why, message.bytes());
  machine_.move(TransactionFailed{});
  return Receipt::kFailed;
}

}  // namespace glass::stun
