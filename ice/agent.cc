// ice/agent.cc - the commands, the queries and the five verbs of an agent.
#include "ice/agent.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/node.h"
#include "base/random.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "ice/candidate.h"
#include "ice/checklist.h"
#include "ice/credentials.h"
#include "ice/events.h"
#include "ice/gathering.h"
#include "ice/timing.h"
#include "ice/wire.h"
#include "stun/integrity.h"
#include "stun/message.h"

namespace glass::ice {

std::string_view name(AgentTimer timer) {
  constexpr std::array<std::string_view, kAgentTimerCount> kNames{
      "Ta", "patience", "nomination delay", "consent check", "consent warning", "consent",
      "Tr", "linger"};
  return kNames.at(static_cast<std::size_t>(std::to_underlying(timer)));
}

std::string_view to_text(AgentError error) {
  constexpr std::array<std::string_view, 9> kSentences{
      "the ICE agent is closed",
      "the user name fragment or the password is not well formed",
      "the peer has new credentials: ICE has to be restarted on this side too",
      "a restart needs a new user name fragment and a new password",
      "the peer sends too many candidates",
      "the peer had said that no more candidates would come",
      "the candidate belongs to other credentials",
      "the address cannot be used as a candidate",
      "both sides are lite, and nobody would look for a path"};
  return kSentences.at(static_cast<std::size_t>(std::to_underlying(error)));
}

Agent::Agent(Config config, Random& random, const Trace& trace)
    : config_(std::move(config)),
      random_(&random),
      trace_(trace),
      machine_("ice agent", trace),
      timers_(trace),
      role_(config_.role),
      tie_breaker_(random.u64()),
      local_(config_.local),
      gathering_(config_.timing, random, trace),
      relays_(random, trace),
      checklist_(config_.limits.pairs, trace) {
  CHECK(is_well_formed(local_));
  trace_.rule("8445:16.1#1"_rule, Fact{"role", to_text(role_)});
}

// ---- Life.

void Agent::set_role(Instant now, Role role) {
  if (!remote_ && role != role_) switch_role(now, role);
}

Result<void, AgentError> Agent::restart(Instant now, const Credentials& local) {
  if (state_ == State::kClosed) return std::unexpected(AgentError::kClosed);
  if (!is_well_formed(local)) return std::unexpected(AgentError::kBadCredentials);
  if (local.ufrag == local_.ufrag || local.pwd == local_.pwd) {
    trace_.rule("8445:9#3"_rule);
    return std::unexpected(AgentError::kSameCredentials);
  }
  trace_.rule("8445:9#0"_rule, Fact{"role", to_text(role_)});
  trace_.rule("8445:9#4"_rule, Fact{"role", to_text(role_)});
  if (!path_) before_.reset();
  if (path_ && path_pair_) before_ = Before{local_, remote_, path_};
  path_pair_.reset();
  forget_session();
  local_ = local;
  for (Base& base : bases_) base.is_announced = false;
  if (state_ != State::kNew && state_ != State::kChecking) move(Checking{}, State::kChecking);
  schedule(now);
  return {};
}

void Agent::forget_session() {
  checklist_.clear();
  checks_.clear();
  early_.clear();
  remote_.reset();
  remote_candidates_.clear();
  peer_reflexive_count_ = 0;
  peer_reflexive_serial_ = 0;
  learnt_.clear();
  remote_is_done_ = false;
  local_candidates_.clear();
  gathering_.clear();
  names_.clear();
  gathering_state_ = GatheringState::kNew;
  first_valid_.reset();
  nominating_.reset();
  nominated_.reset();
  doubted_.reset();
  silent_since_.reset();
  is_patience_over_ = false;
  was_connected_ = false;
  for (const AgentTimer timer :
       {AgentTimer::kPacing, AgentTimer::kPatience, AgentTimer::kNomination, AgentTimer::kKeepalive,
        AgentTimer::kLinger})
    timers_.stop(timer);
}

void Agent::close(Instant now) {
  if (state_ == State::kClosed) return;
  move(Closed{}, State::kClosed);
  forget_session();
  lose_path();
  outgoing_.clear();
  relays_.close(now);
}

void Agent::on_unreachable(Instant now, const Path& path) {
  if (state_ == State::kClosed) return;
  if (relays_.owns(path)) {
    relays_.on_unreachable(now, path);
    hear_relays(now);
  } else {
    // RFC 6544 §7.1.
    trace_.rule("6544:7.1#4"_rule, Fact{"to", glass::to_text(path.remote)});
    const Pair* broken = checklist_.find(path);
    const Base* base = base_at(path);
    const bool has_worked = broken != nullptr && broken->is_valid;
    give_up_pairs(now, PairFailure::kNoConnection,
                  [&](const Pair& pair) { return pair.path() == path; });
    // RFC 6544 §11.1: who has opened it opens it again, with a check.
    const bool is_ours = base != nullptr && base->tcp_type == TcpType::kActive;
    Pair* again = has_worked && is_ours ? checklist_.find(path) : nullptr;
    if (again != nullptr) {
      trace_.rule("6544:11.1#7"_rule, Fact{"pair", to_text(*again)});
      checklist_.trigger(*again);
    }
  }
  schedule(now);
}

// ---- Queries.

bool Agent::permits(const Path& path) const {
  if (path_ && *path_ == path) return true;
  if (state_ == State::kFailed) return false;
  const Pair* pair = checklist_.find(path);
  // RFC 8445 §12.2: the peer may use any pair that it has found valid, before we have.
  if (pair != nullptr && (pair->is_valid || pair->is_heard)) return true;
  return before_ && before_->path == path;
}

std::vector<Candidate> Agent::local_candidates() const {
  std::vector<Candidate> out;
  for (const Local& local : local_candidates_)
    if (local.candidate.type != CandidateType::kPeerReflexive) out.push_back(local.candidate);
  return out;
}

std::vector<PairReport> Agent::pairs() const {
  std::vector<PairReport> out;
  for (const Pair& pair : checklist_.pairs()) {
    PairReport report;
    report.path = pair.path();
    report.mapped = pair.mapped;
    report.local_type = pair.local.type;
    report.remote_type = pair.remote.type;
    report.priority = pair.priority;
    report.state = pair.state;
    report.failure = pair.failure;
    report.is_valid = pair.is_valid;
    report.is_nominated = pair.is_nominated;
    report.is_selected = path_pair_ == pair.id;
    report.round_trip = pair.round_trip;
    report.checks_sent = pair.checks_sent;
    report.fate = fate_of(pair);
    out.push_back(report);
  }
  return out;
}

// ---- The five verbs.

std::optional<Received> Agent::unwrap(Instant now, const Received& in) {
  if (!relays_.owns(in.path)) return in;
  // A server may be asked for both: how we look from outside, and for an address.
  if (const auto header = stun::parse_header(in.bytes);
      header && gathering_.owns(header->transaction))
    return in;
  const auto inside = relays_.unwrap(now, in);
  if (!inside) {
    hear_relays(now);
    schedule(now);
  }
  return inside;
}

bool Agent::awaits(const stun::TransactionId& id) const {
  return gathering_.owns(id) || consent_.owns(id) ||
         std::ranges::find(checks_, id, &Check::id) != checks_.end();
}

void Agent::receive(Instant now, const Received& outer) {
  const auto in = unwrap(now, outer);
  if (in) on_message(now, *in);
}

void Agent::on_message(Instant now, const Received& in) {
  const auto message = stun::MessageView::parse(in.bytes);
  if (!message) {
    trace_.drop(stun::rule_of(message.error()), stun::to_text(message.error()), in.bytes);
    return;
  }
  const Base* base = base_at(in.path);
  if (state_ == State::kClosed || base == nullptr) {
    trace_.drop("8445:7.3#1"_rule, "no candidate has this base", in.bytes);
    return;
  }
  // RFC 8828 §5.2: an answer would tell the peer an address that he is not to know.
  if (config_.policy == Policy::kRelay && base->type != CandidateType::kRelayed &&
      message->cls() == stun::Class::kRequest) {
    trace_.drop("8828:5.2#0"_rule, "a check around the relay", in.bytes);
    return;
  }
  if (message->method() != stun::Method::kBinding) {
    trace_.drop("8445:7#0"_rule, "not a Binding message", in.bytes);
    return;
  }
  switch (message->cls()) {
    case stun::Class::kRequest: on_request(now, in.path, *message); break;
    case stun::Class::kSuccess:
    case stun::Class::kError: on_response(now, in.path, *message); break;
    // RFC 8445 §11: a keepalive, which nobody answers.
    case stun::Class::kIndication: trace_.rule("8445:11#13"_rule); break;
  }
  schedule(now);
}

void Agent::on_time(Instant now) {
  while (const auto timer = timers_.pop_expired(now)) on_timer(now, *timer);
  while (auto question = gathering_.repeat_next(now)) enqueue(*std::move(question));
  relays_.on_time(now);
  hear_relays(now);
  repeat_checks(now);
  schedule(now);
}

void Agent::on_timer(Instant now, AgentTimer timer) {
  switch (timer) {
    case AgentTimer::kPacing: schedule(now); break;
    case AgentTimer::kPatience: on_patience_over(now); break;
    case AgentTimer::kNomination: maybe_nominate(now); break;
    case AgentTimer::kConsent: ask_for_consent(now); break;
    case AgentTimer::kWarning: on_consent_warning(now); break;
    case AgentTimer::kExpiry: on_consent_lost(now); break;
    case AgentTimer::kKeepalive:
      trace_.rule("8445:5.1.1.4#1"_rule);
      gathering_.refresh();
      timers_.set(AgentTimer::kKeepalive, now + config_.timing.keepalive);
      break;
    case AgentTimer::kLinger: before_.reset(); break;
  }
}

Instant Agent::next_time() const {
  Instant next = std::min({timers_.next(), gathering_.next_time(), relays_.next_time()});
  for (const Check& check : checks_) next = std::min(next, check.schedule.next());
  return next;
}

std::optional<Path> Agent::poll_transmit(Instant now, PacketBuffer& out) {
  while (!outgoing_.empty()) {
    const Outgoing next = std::move(outgoing_.front());
    outgoing_.pop_front();
    copy_bytes(next.bytes, out.append(next.bytes.size()));
    if (const auto path = relays_.wrap(now, next.path, out)) return path;
    out.clear();  // the relay has no permission for this peer (any more)
  }
  return relays_.poll_transmit(now, out);
}

std::optional<Event> Agent::poll_event() {
  if (events_.empty()) return std::nullopt;
  Event next = events_.front();
  events_.pop_front();
  return next;
}

void Agent::enqueue(Outgoing outgoing) { outgoing_.push_back(std::move(outgoing)); }

}  // namespace glass::ice
