#include "stun/binding_client.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
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
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "stun/message.h"
#include "stun/opaque_string.h"
#include "stun/transaction.h"

namespace glass::stun {

namespace {

constexpr Duration kRedirectMemory = std::chrono::minutes(5);  // RFC 8489 §10
constexpr std::size_t kAskedMax = 16;                          // servers that are remembered

}  // namespace

std::string_view to_text(BindingFailure failure) {
  switch (failure) {
    case BindingFailure::kTimeout: return "the server did not answer";
    case BindingFailure::kUnreachable: return "the server cannot be reached";
    case BindingFailure::kErrorResponse: return "the server refused";
    case BindingFailure::kUnusable: return "the server's answer cannot be used";
  }
  return "failed";
}

BindingClient::BindingClient(BindingClientConfig config, Random& random, const Trace& trace)
    : config_(std::move(config)), random_(random), trace_(trace) {
  config_.software.resize(fitting(config_.software).size());
}

void BindingClient::start(Instant now) {
  if (transaction_) return;
  retries_ = 0;
  redirects_ = 0;
  path_ = config_.path;
  ask(now);
}

void BindingClient::ask(Instant now) {
  ByteVector request;
  MessageBuilder builder(Writer(request), Class::kRequest, Method::kBinding,
                         TransactionId::make(random_));
  trace_.rule("8489:5#5"_rule);
  trace_.rule("8489:5#6"_rule);
  if (!config_.software.empty()) {
    trace_.rule("8489:6.1#3"_rule);
    builder.add(Software{config_.software});
  }
  TransactionConfig timing = config_.transaction;
  trace_.rule("8489:6.2.1#8"_rule);
  timing.rto = std::max(timing.rto, rto_.rto(now));
  transaction_.emplace(timing, path_, request, trace_);
  std::erase_if(asked_, [&](const Asked& asked) {
    return asked.server == path_.remote || now - asked.when >= kRedirectMemory;
  });
  if (asked_.size() >= kAskedMax) asked_.erase(asked_.begin());
  asked_.push_back({path_.remote, now});
}

void BindingClient::receive(Instant now, const Received& in) {
  if (!transaction_ || in.path != path_)
    return trace_.drop("8489:6.3#0"_rule, "not from the server that was asked", in.bytes);
  const auto message = MessageView::parse(in.bytes);
  if (!message) return trace_.drop(rule_of(message.error()), to_text(message.error()), in.bytes);
  if (check_fingerprint(*message) == Verdict::kWrong)
    return trace_.drop("8489:7#0"_rule, "wrong fingerprint", in.bytes);
  switch (transaction_->receive(now, *message, kStunAttributes)) {
    case Transaction::Receipt::kNotMine:
      return trace_.drop("8489:6.3#0"_rule, "no response to what was asked", in.bytes);
    case Transaction::Receipt::kDiscarded: return;
    case Transaction::Receipt::kSuccess:
      return on_success(now, *message, transaction_->round_trip());
    case Transaction::Receipt::kError: return on_error(now, *message);
    case Transaction::Receipt::kFailed: return finish(Failed{BindingFailure::kUnusable});
  }
}

void BindingClient::on_success(Instant now, const MessageView& message,
                               std::optional<Duration> round_trip) {
  if (round_trip) rto_.sample(now, *round_trip);
  // RFC 8489 §6.3.3: the address has to be there; an unknown family is as good as no address.
  const auto mapped = get<XorMappedAddress>(message);
  if (!mapped) {
    trace_.drop("8489:6.3.3#1"_rule, "no usable XOR-MAPPED-ADDRESS", message.bytes());
    return finish(Failed{BindingFailure::kUnusable});
  }
  finish(Mapped{mapped->address, round_trip});
}

void BindingClient::on_error(Instant now, const MessageView& message) {
  const unsigned code = get<ErrorCode>(message)->code;
  if (code >= 500 && code <= 599 && retries_ < config_.server_error_retries) {
    trace_.rule("8489:6.3.4#2"_rule, Fact{"code", code}, Fact{"retry", ++retries_});
    return ask(now);
  }
  if (code >= 300 && code <= 399) trace_.rule("8489:6.3.4#1"_rule, Fact{"code", code});
  if (code == 300 && follow(now, message)) return;
  finish(Failed{BindingFailure::kErrorResponse, code});
}

// RFC 8489 §10. Over TLS the certificate would have to be looked at anew: that is not followed.
bool BindingClient::follow(Instant now, const MessageView& message) {
  const auto alternate = get<AlternateServer>(message);
  if (!alternate || path_.transport == Transport::kTls || redirects_ >= config_.max_redirects)
    return false;
  const Address& server = alternate->address;
  if (server.port == 0 || server.is_v4() != path_.remote.is_v4()) return false;
  const auto is_it = [&](const Asked& asked) {
    return asked.server == server && now - asked.when < kRedirectMemory;
  };
  if (std::ranges::any_of(asked_, is_it)) {
    trace_.rule("8489:10#9"_rule, Fact{"server", to_text(server)});
    return false;
  }
  trace_.rule("8489:10#0"_rule, Fact{"server", to_text(server)});
  ++redirects_;
  path_.remote = server;
  ask(now);
  return true;
}

void BindingClient::on_unreachable() {
  if (!transaction_) return;
  transaction_->on_unreachable();
  finish(Failed{BindingFailure::kUnreachable});
}

void BindingClient::on_time(Instant now) {
  if (!transaction_) return;
  transaction_->on_time(now);
  if (transaction_->timed_out()) finish(Failed{BindingFailure::kTimeout});
}

Instant BindingClient::next_time() const {
  return transaction_ ? transaction_->next_time() : kNever;
}

std::optional<Path> BindingClient::poll_transmit(Instant now, PacketBuffer& out) {
  if (!transaction_) return std::nullopt;
  return transaction_->poll_transmit(now, out);
}

std::optional<BindingClient::Event> BindingClient::poll_event() {
  return std::exchange(event_, std::nullopt);
}

void BindingClient::finish(const Event& event) {
  transaction_.reset();
  event_ = event;
}

}  // namespace glass::stun
