#include "stun/nat_discovery.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/node.h"
#include "base/random.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "stun/attributes.h"
#include "stun/message.h"
#include "stun/transaction.h"

namespace glass::stun {
namespace {

constexpr std::size_t kMappingPort = 0;
constexpr std::size_t kFilterPort = 1;
constexpr std::size_t kHairpinPort = 2;  // and the one behind it, which asks about lifetimes, too
constexpr std::size_t kAskingPort = 3;

constexpr unsigned kShots = 4;  // from each side, so that one lost packet decides nothing
constexpr Duration kShotPause = std::chrono::milliseconds(250);
constexpr Duration kHairpinWait = std::chrono::seconds(2);

constexpr std::string_view kNoOther = "the server has no second address";
constexpr std::string_view kRefused = "the server refused the question";
constexpr std::string_view kNotChanged = "the server did not answer from where it was asked to";

}  // namespace

std::string_view to_text(NatDependence dependence) {
  switch (dependence) {
    case NatDependence::kUnknown: return "unknown";
    case NatDependence::kEndpointIndependent: return "endpoint-independent";
    case NatDependence::kAddressDependent: return "address-dependent";
    case NatDependence::kAddressAndPortDependent: return "address-and-port-dependent";
  }
  return "unknown";
}

std::string_view to_text(NatHairpinning hairpinning) {
  switch (hairpinning) {
    case NatHairpinning::kUnknown: return "unknown";
    case NatHairpinning::kNo: return "no";
    case NatHairpinning::kYes: return "yes";
  }
  return "unknown";
}

NatDiscovery::NatDiscovery(NatDiscoveryConfig config, Random& random, const Trace& trace)
    : config_(std::move(config)), random_(random), trace_(trace) {
  CHECK(config_.lifetimes.size() <= kMaxLifetimes);
  CHECK(config_.locals.size() >= kFixedPorts + config_.lifetimes.size());
}

void NatDiscovery::start(Instant now) {
  ask(now, Step::kMapping1, {.local = kMappingPort, .to = config_.server});
}

void NatDiscovery::ask(Instant, Step step, const Question& question) {
  step_ = step;
  question_ = question;
  ByteVector request;
  MessageBuilder builder(Writer(request), Class::kRequest, Method::kBinding,
                         TransactionId::make(random_));
  if (question.change_ip || question.change_port)
    builder.add(ChangeRequest{question.change_ip, question.change_port});
  if (question.response_port != 0) builder.add(ResponsePort{question.response_port});
  const Path path{Transport::kUdp, config_.locals[question.local], question.to};
  transaction_.emplace(config_.transaction, path, request, trace_);
}

// RFC 5780 §6.1, table 1: from where the server answers.
Address NatDiscovery::expected_source() const {
  Address source = question_.to;
  if (question_.change_ip && other_) source = other_->with_port(source.port);
  if (question_.change_port && other_) source.port = other_->port;
  return source;
}

void NatDiscovery::receive(Instant now, const Received& in) {
  const auto message = MessageView::parse(in.bytes);
  if (!message) return trace_.drop(rule_of(message.error()), to_text(message.error()), in.bytes);
  if (step_ == Step::kHairpinWait && is_hairpinned(in) && message->transaction() == hairpin_id_) {
    trace_.rule("5780:4.5#0"_rule);
    report_.hairpinning = NatHairpinning::kYes;
    return end_hairpinning(now);
  }
  // A server that does not know RESPONSE-PORT answers to where the question came from.
  const bool is_ours = in.path.local == config_.locals[question_.answered_at] ||
                       in.path.local == config_.locals[question_.local];
  const bool is_here = transaction_ && message->transaction() == transaction_->id() && is_ours;
  const bool is_from_server =
      in.path.remote == question_.to || (transaction_ && in.path.remote == expected_source());
  if (!is_here || !is_from_server)
    return trace_.drop("8489:6.3#0"_rule, "no response to what was asked", in.bytes);
  const auto receipt = transaction_->receive(now, *message, kStunAttributes);
  if (receipt == Transaction::Receipt::kNotMine || receipt == Transaction::Receipt::kDiscarded)
    return;
  Answer answer{.outcome = Outcome::kRefused, .from = in.path.remote};
  const auto mapped = get<XorMappedAddress>(*message);
  const bool is_where_wanted = in.path.local == config_.locals[question_.answered_at];
  if (receipt == Transaction::Receipt::kSuccess && mapped && is_where_wanted) {
    answer.outcome = Outcome::kAnswered;
    answer.mapped = mapped->address;
    if (const auto other = get<OtherAddress>(*message)) answer.other = other->address;
  }
  conclude(now, answer);
}

void NatDiscovery::conclude(Instant now, const Answer& answer) {
  transaction_.reset();
  switch (step_) {
    case Step::kMapping1: return on_first(now, answer);
    case Step::kMapping2:
    case Step::kMapping3: return on_mapping(now, answer);
    case Step::kFilter1:
    case Step::kFilter2:
    case Step::kFilter3: return on_filtering(now, answer);
    case Step::kHairpin1:
    case Step::kHairpin2: return on_hairpin_ports(now, answer);
    case Step::kLifetimeOpen:
    case Step::kLifetimeCheck: return on_lifetime(now, answer);
    case Step::kHairpinWait:
    case Step::kLifetimeWait:
    case Step::kDone: return;
  }
}

// ---- mapping, RFC 5780 §4.3

// A server that names an address which is none of its own would have us knock at strangers.
std::optional<Address> NatDiscovery::usable_other(const std::optional<Address>& other) const {
  if (!other || other->is_v4() != config_.server.is_v4() || other->port == 0) return std::nullopt;
  if (other->same_ip(config_.server) || other->port == config_.server.port) return std::nullopt;
  const bool is_odd = other->is_multicast() || other->is_unspecified() ||
                      (other->is_loopback() && !config_.server.is_loopback());
  return is_odd ? std::nullopt : other;
}

void NatDiscovery::on_first(Instant now, const Answer& answer) {
  report_.reached = answer.outcome != Outcome::kSilence;
  if (answer.outcome != Outcome::kAnswered) {
    const std::string_view why = report_.reached ? kRefused : "the server did not answer";
    report_.why_mapping = report_.why_filtering = report_.why_hairpinning = why;
    report_.why_lifetime = why;
    return finish();
  }
  mapped_[0] = answer.mapped;
  report_.mapped = answer.mapped;
  report_.is_translated = answer.mapped != config_.locals[kMappingPort];
  other_ = usable_other(answer.other);
  trace_.rule("5780:4.3#0"_rule);
  if (!report_.is_translated) {
    report_.mapping = NatDependence::kEndpointIndependent;
    return start_filtering(now);
  }
  if (!other_) {
    trace_.rule("5780:7.4#0"_rule);
    report_.why_mapping = kNoOther;
    return start_filtering(now);
  }
  ask(now, Step::kMapping2, {.local = kMappingPort, .to = other_->with_port(config_.server.port)});
}

void NatDiscovery::on_mapping(Instant now, const Answer& answer) {
  if (answer.outcome != Outcome::kAnswered) {
    report_.why_mapping = "the server's second address did not answer";
    return start_filtering(now);
  }
  other_answers_ = true;
  if (step_ == Step::kMapping2) {
    mapped_[1] = answer.mapped;
    if (mapped_[1] != mapped_[0])
      return ask(now, Step::kMapping3, {.local = kMappingPort, .to = *other_});
    report_.mapping = NatDependence::kEndpointIndependent;
  } else {
    mapped_[2] = answer.mapped;
    report_.mapping = mapped_[2] == mapped_[1] ? NatDependence::kAddressDependent
                                               : NatDependence::kAddressAndPortDependent;
  }
  start_filtering(now);
}

// ---- filtering, RFC 5780 §4.4

void NatDiscovery::start_filtering(Instant now) {
  if (!other_) {
    report_.why_filtering = kNoOther;
    return start_hairpinning(now);
  }
  ask(now, Step::kFilter1,
      {.local = kFilterPort, .to = config_.server, .answered_at = kFilterPort});
}

void NatDiscovery::on_filtering(Instant now, const Answer& answer) {
  Question next{.local = kFilterPort, .to = config_.server, .answered_at = kFilterPort};
  if (step_ == Step::kFilter1) {
    if (answer.outcome == Outcome::kAnswered) {
      trace_.rule("5780:4.4#0"_rule);
      next.change_ip = next.change_port = true;
      return ask(now, Step::kFilter2, next);
    }
    report_.why_filtering = "the server stopped answering";
  } else if (answer.outcome == Outcome::kRefused) {
    trace_.rule("5780:5#3"_rule);
    report_.why_filtering = kRefused;
  } else if (answer.outcome == Outcome::kAnswered && answer.from == config_.server) {
    report_.why_filtering = kNotChanged;
  } else if (step_ == Step::kFilter2) {
    if (answer.outcome == Outcome::kSilence) {
      next.change_port = true;
      return ask(now, Step::kFilter3, next);
    }
    report_.filtering = NatDependence::kEndpointIndependent;
  } else if (answer.outcome == Outcome::kAnswered) {
    report_.filtering = NatDependence::kAddressDependent;
  } else if (report_.is_translated && !other_answers_) {
    report_.why_filtering = "the server's second address is not to be heard at all";
  } else {
    report_.filtering = NatDependence::kAddressAndPortDependent;
  }
  start_hairpinning(now);
}

// ---- hairpinning, RFC 5780 §4.5

void NatDiscovery::start_hairpinning(Instant now) {
  if (!report_.is_translated) {
    report_.why_hairpinning = "no address is translated";
    return start_lifetime(now);
  }
  ask(now, Step::kHairpin1,
      {.local = kHairpinPort, .to = config_.server, .answered_at = kHairpinPort});
}

void NatDiscovery::on_hairpin_ports(Instant now, const Answer& answer) {
  if (answer.outcome != Outcome::kAnswered) {
    report_.why_hairpinning = "the server stopped answering";
    return start_lifetime(now);
  }
  hairpin_mapped_[step_ == Step::kHairpin1 ? 0 : 1] = answer.mapped;
  if (step_ == Step::kHairpin1)
    return ask(now, Step::kHairpin2,
               {.local = kAskingPort, .to = config_.server, .answered_at = kAskingPort});
  step_ = Step::kHairpinWait;
  hairpin_id_ = TransactionId::make(random_);
  shots_ = 0;
  shoot(now);
}

// Both ports send to each other's mapped address, so that the second to send finds its filter open.
void NatDiscovery::shoot(Instant now) {
  if (shots_ == kShots) return end_hairpinning(now);
  ++shots_;
  shooting_ = 0;
  wake_ = now + (shots_ == kShots ? kHairpinWait : kShotPause);
}

bool NatDiscovery::is_hairpinned(const Received& in) const {
  return in.path.local == config_.locals[kHairpinPort] ||
         in.path.local == config_.locals[kAskingPort];
}

void NatDiscovery::end_hairpinning(Instant now) {
  wake_ = kNever;
  shooting_ = 2;
  const bool decides = report_.mapping == NatDependence::kEndpointIndependent ||
                       report_.filtering == NatDependence::kEndpointIndependent;
  if (report_.hairpinning == NatHairpinning::kUnknown && decides)
    report_.hairpinning = NatHairpinning::kNo;
  if (report_.hairpinning == NatHairpinning::kUnknown)
    report_.why_hairpinning = "nothing came back, but filters alone explain that";
  start_lifetime(now);
}

// ---- binding lifetime, RFC 5780 §4.6

void NatDiscovery::start_lifetime(Instant now) {
  if (!report_.is_translated) report_.why_lifetime = "no address is translated";
  if (config_.lifetimes.empty()) report_.why_lifetime = "not asked for";
  if (!report_.why_lifetime.empty()) return finish();
  trace_.rule("5780:4.6#0"_rule);
  open_next(now);
}

void NatDiscovery::open_next(Instant now) {
  const std::size_t local = kFixedPorts + opened_.size();
  ask(now, Step::kLifetimeOpen, {.local = local, .to = config_.server, .answered_at = local});
}

void NatDiscovery::on_lifetime(Instant now, const Answer& answer) {
  if (step_ == Step::kLifetimeOpen) {
    if (answer.outcome != Outcome::kAnswered) {
      report_.why_lifetime = "the server stopped answering";
      return finish();
    }
    opened_.push_back({answer.mapped.port, now});
    if (opened_.size() < config_.lifetimes.size()) return open_next(now);
    return check_next(now);
  }
  if (answer.outcome == Outcome::kRefused) {
    trace_.rule("5780:5#1"_rule);
    report_.why_lifetime = kRefused;
    return finish();
  }
  const Duration waited = config_.lifetimes[checked_];
  if (answer.outcome == Outcome::kSilence) {
    report_.gone_after = waited;
    return finish();
  }
  report_.lives_at_least = waited;
  if (++checked_ == opened_.size()) return finish();
  check_next(now);
}

void NatDiscovery::check_next(Instant now) {
  const Instant due = opened_[checked_].at + config_.lifetimes[checked_];
  if (now < due) {
    step_ = Step::kLifetimeWait;
    wake_ = due;
    return;
  }
  wake_ = kNever;
  ask(now, Step::kLifetimeCheck,
      {.local = kAskingPort,
       .to = config_.server,
       .response_port = opened_[checked_].port,
       .answered_at = kFixedPorts + checked_});
}

void NatDiscovery::finish() {
  step_ = Step::kDone;
  transaction_.reset();
  wake_ = kNever;
  event_ = report_;
}

// ---- driving

void NatDiscovery::on_time(Instant now) {
  if (transaction_) {
    transaction_->on_time(now);
    if (!transaction_->in_progress()) conclude(now, {});
    return;
  }
  if (now < wake_) return;
  if (step_ == Step::kHairpinWait) return shoot(now);
  if (step_ == Step::kLifetimeWait) return check_next(now);
}

Instant NatDiscovery::next_time() const { return transaction_ ? transaction_->next_time() : wake_; }

std::optional<Path> NatDiscovery::poll_transmit(Instant now, PacketBuffer& out) {
  if (transaction_) return transaction_->poll_transmit(now, out);
  if (step_ != Step::kHairpinWait || shooting_ == 2) return std::nullopt;
  const std::size_t from = shooting_++;
  out.clear();
  MessageBuilder(Writer(out), Class::kIndication, Method::kBinding, hairpin_id_);
  return Path{Transport::kUdp, config_.locals[kHairpinPort + from], hairpin_mapped_[1 - from]};
}

}  // namespace glass::stun
