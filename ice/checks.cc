// ice/checks.cc - what we ask: connectivity checks, their pace, and what an answer means.
//
// RFC 8445 §6.1.4 (pace), §7.2 (client side), §14.3 (RTO).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/check.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "ice/agent.h"
#include "ice/candidate.h"
#include "ice/checklist.h"
#include "ice/events.h"
#include "ice/retransmission.h"
#include "ice/timing.h"
#include "ice/wire.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "stun/message.h"

namespace glass::ice {

// ---- Pace.

bool Agent::may_check() const {
  return remote_ && !config_.is_lite && state_ != State::kFailed && state_ != State::kClosed;
}

bool Agent::has_paced_work() const {
  return gathering_.has_queued() || relays_.has_queued() || (may_check() && checklist_.has_work());
}

// Starts what may start now, and sets the timer for the next.
void Agent::schedule(Instant now) {
  if (timers_.is_running(AgentTimer::kPacing) || !has_paced_work()) return;
  const Instant due = last_start_ ? std::max(now, *last_start_ + config_.timing.ta) : now;
  if (due <= now) start_paced(now);
  if (has_paced_work())
    timers_.set(AgentTimer::kPacing, std::max(due, *last_start_ + config_.timing.ta));
}

void Agent::start_paced(Instant now) {
  trace_.rule("8445:14.2#1"_rule,
              Fact{"ta_ms", static_cast<std::uint64_t>(config_.timing.ta / 1ms)});
  last_start_ = now;
  const bool is_check_first = may_check() && checklist_.has_triggered();
  if (!is_check_first && gathering_.has_queued()) {
    if (auto question = gathering_.start_next(now)) enqueue(*std::move(question));
    return;
  }
  if (!is_check_first && relays_.has_queued()) {
    relays_.start_next(now);
    return;
  }
  if (!may_check()) return;
  const auto id = checklist_.next_to_check();
  if (Pair* pair = id ? checklist_.find(*id) : nullptr) start_check(now, *pair);
  // What waited for this check may now know better how long.
  if (timers_.is_running(AgentTimer::kNomination)) maybe_nominate(now);
}

// ---- Sending.

CheckContent Agent::content_for(std::string_view username, std::uint32_t priority,
                                bool use_candidate) const {
  CheckContent content;
  content.username = username;
  content.priority = priority;
  // RFC 8445 §7.1.3: one of the two, with the same number in all checks.
  const bool is_controlling = role_ == Role::kControlling;
  (is_controlling ? content.controlling : content.controlled) = tie_breaker_;
  if (is_controlling) trace_.rule("8445:7.1.3#1"_rule);
  if (!is_controlling) trace_.rule("8445:7.1.3#2"_rule);
  CHECK(is_controlling || !use_candidate);
  content.use_candidate = use_candidate;
  return content;
}

// RFC 8445 §7.2.1: the relay has to be told first for whom it is. The pair waits until then.
bool Agent::await_permission(Instant now, Pair& pair) {
  if (!pair.is_relayed() || relays_.is_permitted(pair.local.address, pair.remote.address))
    return false;
  pair.is_blocked = true;
  checklist_.set_state(pair, PairState::kWaiting);
  relays_.permit(now, pair.local.address, pair.remote.address);
  return true;
}

Duration Agent::check_rto() const {
  // RFC 8445 §14.3. The ceiling is ours: 20 pairs would else wait for 20 s, and again.
  const auto pairs = static_cast<std::int64_t>(checklist_.size());
  const auto busy = static_cast<std::int64_t>(checklist_.busy());
  return std::clamp<Duration>(config_.timing.ta * (pairs * busy), config_.timing.rto_min,
                              config_.timing.rto_max);
}

void Agent::start_check(Instant now, Pair& pair) {
  cancel_checks(pair.id);
  if (await_permission(now, pair)) {
    hear_relays(now);
    return;
  }
  Check check;
  check.id = stun::TransactionId::make(*random_);
  check.pair = pair.id;
  check.path = pair.path();
  check.role = role_;
  check.is_nominating = nominating_ == pair.id;
  const Base* base = base_at(check.path);
  CHECK(base != nullptr);
  // RFC 8445 §7.1.1: what a candidate would get that the peer learns from this very check.
  check.priority = base->priority(CandidateType::kPeerReflexive);
  checklist_.set_state(pair, PairState::kInProgress);
  pair.failure = PairFailure::kNone;
  ++pair.checks_sent;
  const Duration rto = check_rto();
  trace_.rule("8445:14.3#4"_rule, Fact{"rto_ms", static_cast<std::uint64_t>(rto / 1ms)});
  check.schedule = check.path.transport == Transport::kUdp
                       ? Retransmission(now, rto, config_.timing)
                       : Retransmission::reliable(now, config_.timing.reliable_wait);
  trace_.rule("8445:7.2.4#0"_rule, Fact{"pair", to_text(pair)}, Fact{"role", to_text(role_)},
              Fact{"nominating", check.is_nominating ? 1U : 0U}, Fact{"priority", check.priority});
  trace_.rule("8445:7.2.2#1"_rule);
  trace_.rule("8489:9.1.2#2"_rule);
  if (check.is_nominating) trace_.rule("8445:7.1.2#1"_rule, Fact{"pair", to_text(pair)});
  if (base->tcp_type == TcpType::kActive)
    trace_.rule("6544:7.1#1"_rule, Fact{"from", ip_text(base->address)});
  const std::string username = username_for(*remote_, local_);
  check.message = write_check(check.id, content_for(username, check.priority, check.is_nominating),
                              remote_->pwd);
  enqueue({check.path, check.message});
  if (checks_.size() >= kMaxChecks) {
    const auto oldest = std::ranges::find(checks_, true, &Check::is_cancelled);
    CHECK(oldest != checks_.end());  // fewer pairs than checks, and one check of each is not
    checks_.erase(oldest);
  }
  checks_.push_back(std::move(check));
}

void Agent::repeat_checks(Instant now) {
  for (std::size_t i = 0; i < checks_.size();) {
    Check& check = checks_[i];
    const Retransmission::Due due = check.schedule.on_time(now);
    if (due == Retransmission::Due::kSend) enqueue({check.path, check.message});
    if (due != Retransmission::Due::kTimeout) {
      ++i;
      continue;
    }
    const Check late = std::move(check);
    checks_.erase(checks_.begin() + static_cast<std::ptrdiff_t>(i));
    if (late.is_cancelled) continue;
    on_check_failed(now, late, PairFailure::kTimeout);
    i = 0;  // failing may have ended others
  }
}

// RFC 8445 §7.3.1.4: not repeated and no failure, but an answer is still welcome.
void Agent::cancel_checks(PairId pair) {
  for (Check& check : checks_) {
    if (check.pair != pair || check.is_cancelled) continue;
    check.is_cancelled = true;
    check.schedule.cancel();
  }
}

// ---- Answers.

// RFC 8489 §9.1.4: protected with the algorithm that we used, by the password that we used.
bool Agent::is_authentic(const stun::MessageView& message, const Credentials& key) const {
  if (stun::check_integrity(message, as_bytes(key.pwd)) == stun::Verdict::kValid) return true;
  trace_.drop("8489:9.1.4#2"_rule, "an answer without valid integrity", message.bytes());
  return false;
}

void Agent::on_response(Instant now, const Path& path, const stun::MessageView& message) {
  if (gathering_.owns(message.transaction())) {
    if (const auto reflection = gathering_.on_answer(path, message))
      on_reflection(now, *reflection);
    finish_gathering(now);
    return;
  }
  if (stun::check_fingerprint(message) != stun::Verdict::kValid) {
    trace_.drop("8445:7.2.4#2"_rule, "an answer without valid fingerprint", message.bytes());
    return;
  }
  if (consent_.owns(message.transaction())) {
    on_consent_answer(now, path, message);
    return;
  }
  on_check_response(now, path, message);
}

void Agent::on_check_response(Instant now, const Path& path, const stun::MessageView& message) {
  const auto found = std::ranges::find(checks_, message.transaction(), &Check::id);
  if (found == checks_.end() || !remote_) {
    trace_.drop("8445:7.2.5#0"_rule, "an answer to nothing that we asked", message.bytes());
    return;
  }
  if (!is_authentic(message, *remote_)) return;
  const Check check = std::move(*found);
  checks_.erase(found);
  // RFC 8445 §7.2.5.2.1: the answer takes the way of the request, backwards.
  trace_.rule("8445:7.2.5.2.1#1"_rule, Fact{"from", glass::to_text(path.remote)});
  if (path != check.path) {
    trace_.drop("8445:7.2.5.2.1#3"_rule, "the answer took another way than the request",
                message.bytes());
    on_check_failed(now, check, PairFailure::kNotSymmetric);
    return;
  }
  if (message.cls() == stun::Class::kError) {
    on_check_error(now, check, message);
    return;
  }
  const auto mapped = stun::get<stun::XorMappedAddress>(message);
  if (!mapped) {
    trace_.drop("8445:7.2.5.3.1#1"_rule, "no mapped address", message.bytes());
    on_check_failed(now, check, PairFailure::kNoMappedAddress);
    return;
  }
  on_check_success(now, check, mapped->address);
}

void Agent::on_check_success(Instant now, const Check& check, const Address& mapped) {
  Pair* pair = checklist_.find(check.pair);
  if (pair == nullptr) return;  // a better one has been nominated since
  trace_.rule(
      "8445:7.2.5.3#0"_rule, Fact{"pair", to_text(*pair)}, Fact{"mapped", glass::to_text(mapped)},
      Fact{"rtt_us", static_cast<std::uint64_t>((now - check.schedule.first_sent()) / 1us)});
  if (!check.schedule.was_repeated()) measure(*pair, now - check.schedule.first_sent());
  // A late answer to an earlier check of the pair that we are nominating: that goes on.
  if (nominating_ == pair->id && !check.is_nominating) return;
  const bool asked_for = std::exchange(pair->wants_nomination, false);
  Pair& valid = make_valid(now, check, *pair, mapped);
  cancel_checks(pair->id);
  checklist_.succeed(*pair);
  checklist_.succeed(valid);
  if (doubted_ && path_pair_ == valid.id) on_path_answered(now);
  if (!first_valid_) first_valid_ = now;
  if (state_ == State::kChecking) move(Connected{}, State::kConnected);
  was_connected_ = true;
  // RFC 8445 §7.2.5.3.4: by us, or because the controlling peer has asked for it.
  const bool by_us = check.is_nominating && role_ == Role::kControlling;
  const bool by_peer = asked_for && role_ == Role::kControlled;
  if (by_us || by_peer) {
    trace_.rule("8445:7.2.5.3.4#0"_rule, Fact{"pair", to_text(valid)},
                Fact{"role", to_text(role_)});
    on_nominated(now, valid);
    return;
  }
  choose_path(now);
  maybe_nominate(now);
}

// RFC 8445 §7.2.5.3.1 and §7.2.5.3.2: which local candidate the peer has seen, and hence which
// pair is valid.
Pair& Agent::make_valid(Instant now, const Check& check, Pair& pair, const Address& mapped) {
  const auto is_mapped = [&](const Local& local) {
    return local.candidate.address == mapped && local.candidate.transport == check.path.transport;
  };
  auto seen = std::ranges::find_if(local_candidates_, is_mapped);
  if (seen == local_candidates_.end()) {
    const std::size_t known = static_cast<std::size_t>(
        std::ranges::count(local_candidates_, CandidateType::kPeerReflexive,
                           [](const Local& l) { return l.candidate.type; }));
    trace_.rule("8445:7.2.5.3.1#0"_rule, Fact{"address", glass::to_text(mapped)},
                Fact{"base", glass::to_text(pair.local.address)});
    Candidate candidate;
    candidate.foundation = foundations_.of(CandidateType::kPeerReflexive, pair.local.address,
                                           Address{}, check.path.transport);
    candidate.transport = check.path.transport;
    if (const Base* base = base_at(check.path)) candidate.tcp_type = base->tcp_type;
    candidate.priority = check.priority;
    candidate.address = mapped;
    candidate.type = CandidateType::kPeerReflexive;
    candidate.related = pair.local.address;
    if (known < config_.limits.peer_reflexive)
      local_candidates_.push_back({candidate, pair.local.address});
  }
  seen = std::ranges::find_if(local_candidates_, is_mapped);
  const bool is_known = seen != local_candidates_.end();
  Pair* valid = &pair;
  // Another socket of ours: then the pair of that one is valid.
  if (is_known && seen->candidate.type == CandidateType::kHost)
    if (Pair* other = checklist_.find({check.path.transport, mapped, pair.remote.address}))
      valid = other;
  trace_.rule("8445:7.2.5.3.2#0"_rule, Fact{"pair", to_text(*valid)},
              Fact{"mapped", glass::to_text(mapped)});
  valid->is_valid = true;
  valid->mapped = mapped;
  valid->valid_local_priority = is_known ? seen->candidate.priority : check.priority;
  valid->answered = now;
  return *valid;
}

void Agent::on_check_error(Instant now, const Check& check, const stun::MessageView& message) {
  const auto error = stun::get<stun::ErrorCode>(message);
  constexpr unsigned kRoleConflict = 487;
  if (error && error->code == kRoleConflict) {
    on_role_conflict(now, check);
    return;
  }
  trace_.rule("8445:7.2.5.2.4#1"_rule, Fact{"code", error ? error->code : 0U});
  on_check_failed(now, check, PairFailure::kErrorAnswer);
}

void Agent::on_role_conflict(Instant now, const Check& check) {
  Pair* pair = checklist_.find(check.pair);
  // A second answer of the same kind finds the role switched already.
  if (check.role == role_) {
    const bool was_controlled = check.role == Role::kControlled;
    if (was_controlled) trace_.rule("8445:7.2.5.1#1"_rule);
    if (!was_controlled) trace_.rule("8445:7.2.5.1#2"_rule);
    tie_breaker_ = random_->u64();
    trace_.rule("8445:7.2.5.1#4"_rule);
    switch_role(now, was_controlled ? Role::kControlling : Role::kControlled);
  }
  if (pair == nullptr) return;
  pair = checklist_.find(check.pair);  // the list has been sorted anew
  if (pair->state == PairState::kSucceeded) return;
  trace_.rule("8445:7.2.5.1#3"_rule, Fact{"pair", to_text(*pair)});
  checklist_.trigger(*pair);
}

void Agent::on_check_failed(Instant now, const Check& check, PairFailure why) {
  Pair* pair = checklist_.find(check.pair);
  if (pair == nullptr || check.is_cancelled) return;
  if (why == PairFailure::kTimeout)
    trace_.rule("8445:7.2.5.2.3#1"_rule, Fact{"pair", to_text(*pair)},
                Fact{"failure", to_text(why)});
  checklist_.set_state(*pair, PairState::kFailed);
  pair->failure = why;
  const bool was_asked_for = std::exchange(pair->wants_nomination, false);
  const bool was_nomination = check.is_nominating && role_ == Role::kControlling;
  if (was_nomination || was_asked_for) pair->is_valid = false;
  if (was_asked_for) {
    trace_.rule("8445:7.3.1.5#1"_rule, Fact{"pair", to_text(*pair)});
    trace_.rule("8445:7.2.5.3.4#2"_rule);
  }
  if (was_nomination) {
    trace_.rule("8445:7.2.5.3.4#1"_rule, Fact{"pair", to_text(*pair)},
                Fact{"failure", to_text(why)});
    nominating_.reset();
  }
  // Deviation from RFC 8445 §7.2.5.3.4: another pair that works is worth more than failing.
  if (state_ == State::kConnected && !has_hope()) {
    fail(now);
    return;
  }
  choose_path(now);
  maybe_nominate(now);
  update_failed(now);
}

}  // namespace glass::ice
