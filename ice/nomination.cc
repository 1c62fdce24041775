// ice/nomination.cc - what comes of the checks: roles, nomination, the path in use, consent.
//
// RFC 8445 §6.1.1 and §7.2.5.1 (roles), §8 (concluding), §12.1 (sending); RFC 7675 (consent).
#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/address.h"
#include "base/check.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "ice/agent.h"
#include "ice/candidate.h"
#include "ice/checklist.h"
#include "ice/consent.h"
#include "ice/events.h"
#include "ice/timing.h"
#include "ice/wire.h"
#include "stun/attributes.h"
#include "stun/message.h"

namespace glass::ice {

// ---- Roles.

void Agent::switch_role(Instant now, Role role) {
  if (role == role_) return;
  trace_.rule("8445:7.3.1.1#0"_rule, Fact{"role", to_text(role)});
  role_ = role;
  nominating_.reset();
  checklist_.set_role(role);
  maybe_nominate(now);
}

// ---- Nomination.

std::uint64_t Agent::valid_priority(const Pair& pair) const {
  return role_ == Role::kControlling
             ? pair_priority(pair.valid_local_priority, pair.remote.priority)
             : pair_priority(pair.remote.priority, pair.valid_local_priority);
}

// Of the pairs that have answered within the time of consent; while the nominated one is silent, of
// those that have answered since.
Pair* Agent::best_valid(Instant now) {
  Pair* best = nullptr;
  for (Pair& pair : checklist_.pairs()) {
    if (!pair.is_valid || now - pair.answered >= config_.timing.consent_expiry) continue;
    if (silent_since_ && pair.answered < *silent_since_) continue;
    if (best == nullptr || valid_priority(pair) > valid_priority(*best)) best = &pair;
  }
  return best;
}

// How long a pair better than `best` may yet turn out to work: the stopping criterion that RFC 8445
// §8.1.1 leaves to us. A check under way has three RTOs, hence two copies that can be answered, or
// two round trips where these take longer: behind NATs that filter, the first copy opens the door
// for that of the peer, and the second passes. All together have `nomination_delay`.
Instant Agent::chance_of_better(const Pair& best) const {
  const Duration two_trips = 2 * best.round_trip;
  const Instant deadline = *first_valid_ + std::max(config_.timing.nomination_delay, two_trips);
  Instant chance{};
  for (const Pair& pair : checklist_.pairs()) {
    if (!pair.is_unfinished() || pair.is_valid || pair.is_retired) continue;
    if (pair.priority <= best.priority) continue;
    const auto check = std::ranges::find_if(
        checks_, [&](const Check& c) { return c.pair == pair.id && !c.is_cancelled; });
    if (check == checks_.end()) return deadline;  // its turn is yet to come
    const Duration patience = std::max(3 * check->schedule.rto(), two_trips);
    chance = std::max(chance, check->schedule.first_sent() + patience);
  }
  return std::min(chance, deadline);
}

// RFC 8445 §8.1.1: regular nomination. The best valid pair, once no better one can come of the
// checks under way, or when those have had their chance.
void Agent::maybe_nominate(Instant now) {
  if (role_ != Role::kControlling || nominating_ || !may_check()) return;
  if (nominated_ && !silent_since_) return;
  Pair* best = best_valid(now);
  if (best == nullptr || !first_valid_) return;
  const Instant chance = chance_of_better(*best);
  if (now < chance && !silent_since_) {
    trace_.rule("8863:4#5"_rule, Fact{"pair", to_text(*best)},
                Fact{"ms", static_cast<std::uint64_t>((chance - now) / 1ms)});
    timers_.set(AgentTimer::kNomination, chance);
    return;
  }
  timers_.stop(AgentTimer::kNomination);
  trace_.rule("8445:8.1.1#2"_rule, Fact{"pair", to_text(*best)},
              Fact{"rtt_us", static_cast<std::uint64_t>(best->round_trip / 1us)});
  nominating_ = best->id;
  checklist_.trigger(*best);
}

// RFC 8445 §8.1.1: of several nominated pairs the best one counts. Unless it has gone quiet, and
// the controlling agent has turned to another one for that reason.
bool Agent::outranks_selected(const Pair& pair, Instant now) {
  const Pair* current = checklist_.find(*nominated_);
  if (current == nullptr) return true;
  trace_.rule("8445:8.1.1#4"_rule, Fact{"current", to_text(*current)}, Fact{"new", to_text(pair)});
  // A peer that renominates numbers its wishes, and the last one counts.
  if (pair.nomination != current->nomination) return pair.nomination > current->nomination;
  if (valid_priority(pair) > valid_priority(*current)) return true;
  return state_ == State::kDisconnected ||
         now - current->nominated >= config_.timing.nomination_fresh;
}

void Agent::on_nominated(Instant now, Pair& pair) {
  pair.is_nominated = true;
  if (nominated_ == pair.id) return;
  if (nominated_ && !outranks_selected(pair, now)) return;
  trace_.rule("8445:8.1.2#1"_rule, Fact{"pair", to_text(pair)}, Fact{"role", to_text(role_)},
              Fact{"nominated", std::uint64_t{1}},
              Fact{"rtt_us", static_cast<std::uint64_t>(pair.round_trip / 1us)});
  nominated_ = pair.id;
  nominated_at_ = now;
  nominating_.reset();
  doubted_.reset();
  silent_since_.reset();
  for (Check& check : checks_) {
    if (check.is_cancelled) continue;
    check.is_cancelled = true;
    check.schedule.cancel();
  }
  const PairId id = pair.id;
  checklist_.conclude(id);
  for (const AgentTimer timer :
       {AgentTimer::kNomination, AgentTimer::kPatience, AgentTimer::kKeepalive})
    timers_.stop(timer);
  if (before_) timers_.set(AgentTimer::kLinger, now + config_.timing.linger);
  // RFC 8445 §12.1: from here on, data takes this pair and no other.
  const Pair* selected = checklist_.find(id);
  CHECK(selected != nullptr);
  trace_.rule("8445:12.1#2"_rule, Fact{"pair", to_text(*selected)});
  choose_path(now);
  if (state_ == State::kConnected || state_ == State::kDisconnected)
    move(Completed{}, State::kCompleted);
}

// ---- When the path in use dies.

void Agent::give_up(Pair& pair, PairFailure why) {
  std::erase_if(checks_, [&](const Check& check) { return check.pair == pair.id; });
  checklist_.give_up(pair, why);
}

void Agent::on_pairs_given_up(Instant now) {
  const auto is_dead = [this](const std::optional<PairId>& id) {
    const Pair* pair = id ? checklist_.find(*id) : nullptr;
    return pair != nullptr && !pair->is_valid;
  };
  if (is_dead(nominating_)) nominating_.reset();
  const bool was_nominated = is_dead(nominated_);
  if (was_nominated) nominated_.reset();
  if (is_dead(path_pair_)) {
    path_.reset();
    path_pair_.reset();
    consent_.stop();
    // The time of consent runs on: within it, another path may be found.
    timers_.stop(AgentTimer::kConsent);
    timers_.stop(AgentTimer::kWarning);
  }
  if (was_nominated && state_ == State::kCompleted) move(Disconnected{}, State::kDisconnected);
  if (was_nominated) try_others();
  choose_path(now);
  maybe_nominate(now);
  update_failed(now);
}

// All other pairs are tried again, those first that have worked or that the peer has checked.
void Agent::try_others() {
  for (const bool is_known_to_work : {true, false}) {
    for (Pair& pair : checklist_.pairs()) {
      if (pair.id == path_pair_ || (pair.is_valid || pair.is_heard) != is_known_to_work) continue;
      // What the peer has refused, or what is gone, stays as it is.
      if (pair.failure != PairFailure::kNone && pair.failure != PairFailure::kTimeout) continue;
      pair.is_retired = false;
      trace_.rule("8445:8.1.1#3"_rule, Fact{"pair", to_text(pair)});
      checklist_.trigger(pair);
    }
  }
}

// Is there a pair that works, or one that may yet turn out to?
bool Agent::has_hope() const {
  return std::ranges::any_of(checklist_.pairs(), [](const Pair& pair) {
    return pair.is_valid || (pair.is_unfinished() && !pair.is_retired);
  });
}

void Agent::lose_path() {
  path_.reset();
  path_pair_.reset();
  before_.reset();
  silent_since_.reset();
  consent_.stop();
  for (const AgentTimer timer : {AgentTimer::kConsent, AgentTimer::kWarning, AgentTimer::kExpiry})
    timers_.stop(timer);
}

// ---- The path in use.

void Agent::choose_path(Instant now) {
  const Pair* best = nominated_ ? checklist_.find(*nominated_) : best_valid(now);
  if (best == nullptr || path_pair_ == best->id) return;  // none yet: an old path stays
  follow(now, *best);
}

void Agent::follow(Instant now, const Pair& pair) {
  // RFC 8445 §12.1: any valid pair will do as long as none is nominated.
  if (!pair.is_nominated) trace_.rule("8445:12.1#1"_rule, Fact{"pair", to_text(pair)});
  path_ = pair.path();
  path_pair_ = pair.id;
  round_trip_ = pair.round_trip;
  consent_.start(*path_, pair.answered);
  watch_consent();
  // RFC 8656 §12: the shorter form for what is sent often.
  if (pair.is_relayed()) relays_.bind_channel(now, pair.local.address, pair.remote.address);
  const Duration interval = Consent::draw_interval(config_.timing.consent_interval, *random_);
  // A pair that has not answered for a while is asked at once.
  const bool is_overdue = now - pair.answered >= config_.timing.disconnected_after;
  if (!config_.is_lite) timers_.set(AgentTimer::kConsent, is_overdue ? now : now + interval);
  events_.emplace_back(PathSelected{*path_});
}

void Agent::measure(Pair& pair, Duration sample) {
  trace_.metric("rtt_us", static_cast<std::uint64_t>(sample / 1us));
  // As RFC 6298 §2 smooths: one eighth of each new sample.
  pair.round_trip = pair.round_trip == Duration{} ? sample : (pair.round_trip * 7 + sample) / 8;
  if (path_pair_ == pair.id) round_trip_ = pair.round_trip;
}

// ---- Failure.

void Agent::on_patience_over(Instant now) {
  if (is_patience_over_) {
    // RFC 8445 §6.1.4.2: by our policy, this has gone on for long enough.
    const std::size_t left = checklist_.retire_frozen();
    trace_.rule("8445:6.1.4.2#1"_rule, Fact{"frozen", std::uint64_t{left}});
  } else if (state_ == State::kChecking &&
             config_.timing.checking_limit > config_.timing.patience) {
    timers_.set(AgentTimer::kPatience,
                now + (config_.timing.checking_limit - config_.timing.patience));
  }
  is_patience_over_ = true;
  update_failed(now);
}

void Agent::update_failed(Instant now) {
  if (state_ != State::kChecking || gathering_state_ == GatheringState::kGathering) return;
  if (has_hope()) return;
  if (!is_patience_over_) {
    // RFC 8863 §4: the peer may yet be learnt from a check of its own.
    trace_.rule("8863:4#3"_rule);
    if (remote_is_done_) trace_.rule("8863:5#1"_rule);
    if (!remote_is_done_) trace_.rule("8838:8#1"_rule);
    return;
  }
  // RFC 8863 §5: that much time also stands for an end of candidates that nobody announced.
  trace_.rule("8863:5#3"_rule, Fact{"announced", remote_is_done_ ? 1U : 0U});
  trace_.rule("8863:4#4"_rule, Fact{"pairs", std::uint64_t{checklist_.size()}},
              Fact{"failure", checklist_.size() == 0 ? "there was nothing to check"
                                                     : "no check has been answered"});
  fail(now);
}

// RFC 8445 §12.1: without a pair, nothing more is sent.
void Agent::fail(Instant /*now*/) {
  trace_.rule("8445:12.1#4"_rule);
  trace_.rule("8445:8.1.1#1"_rule, Fact{"failure", failure_sentence()});
  move(Failed{}, State::kFailed);
  checks_.clear();
  checklist_.stop();
  lose_path();
  for (const AgentTimer timer : {AgentTimer::kNomination, AgentTimer::kPatience,
                                 AgentTimer::kKeepalive, AgentTimer::kLinger})
    timers_.stop(timer);
}

// ---- Consent.

void Agent::watch_consent() {
  timers_.set(AgentTimer::kExpiry, consent_.answered() + config_.timing.consent_expiry);
  timers_.set(AgentTimer::kWarning, consent_.answered() + config_.timing.disconnected_after);
}

void Agent::ask_for_consent(Instant now) {
  if (!consent_.path()) return;
  // A path of before a restart has the credentials of that time.
  const bool is_old = !path_pair_ && before_;
  const Credentials& mine = is_old ? before_->local : local_;
  const std::optional<Credentials>& theirs = is_old ? before_->remote : remote_;
  const Base* base = base_at(*consent_.path());
  if (!theirs || base == nullptr) return;
  trace_.rule("7675:5.1#6"_rule, Fact{"to", glass::to_text(consent_.path()->remote)});
  if (is_old) trace_.rule("7675:5.1#10"_rule);
  // RFC 8445 §11: more often than Tr, so that no other keepalive is needed.
  trace_.rule("8445:11#4"_rule);
  trace_.rule("8445:11#3"_rule);
  // RFC 7675 §5.1: that the connection stands says nothing of who is at its end.
  if (consent_.path()->transport != Transport::kUdp) trace_.rule("7675:5.1#11"_rule);
  const auto id = stun::TransactionId::make(*random_);
  consent_.on_request(id, now);
  const std::uint32_t priority = base->priority(CandidateType::kPeerReflexive);
  enqueue(
      {*consent_.path(),
       write_check(id, content_for(username_for(*theirs, mine), priority, false), theirs->pwd)});
  trace_.rule("7675:5.1#3"_rule);
  timers_.set(AgentTimer::kConsent,
              now + Consent::draw_interval(config_.timing.consent_interval, *random_));
}

void Agent::on_consent_answer(Instant now, const Path& path, const stun::MessageView& message) {
  const bool is_old = !path_pair_ && before_;
  const std::optional<Credentials>& theirs = is_old ? before_->remote : remote_;
  if (!theirs || !is_authentic(message, *theirs)) return;
  if (path != consent_.path()) {
    trace_.drop("7675:5.1#1"_rule, "consent for another path", message.bytes());
    return;
  }
  if (message.cls() == stun::Class::kError) {
    const auto error = stun::get<stun::ErrorCode>(message);
    constexpr unsigned kForbidden = 403;
    trace_.rule("7675:5.2#0"_rule, Fact{"code", error ? error->code : 0U});
    if (error && error->code == kForbidden) on_consent_lost(now);
    return;
  }
  const auto sample = consent_.on_answer(message.transaction(), now);
  CHECK(sample.has_value());
  trace_.rule("7675:5.1#7"_rule, Fact{"rtt_us", static_cast<std::uint64_t>(*sample / 1us)});
  if (Pair* pair = path_pair_ ? checklist_.find(*path_pair_) : nullptr) {
    pair->answered = now;
    measure(*pair, *sample);
  }
  watch_consent();
  on_heard_again();
  maybe_nominate(now);
}

// A check of the path in use has been answered, which is as good as an answer to the request for
// consent.
void Agent::on_path_answered(Instant now) {
  consent_.on_heard(now);
  watch_consent();
  on_heard_again();
}

void Agent::on_heard_again() {
  silent_since_.reset();
  doubted_.reset();
  if (state_ != State::kDisconnected) return;
  if (nominated_) move(Completed{}, State::kCompleted);
  if (!nominated_) move(Connected{}, State::kConnected);
}

// RFC 7675 §4: a lite agent asks for nothing; that the peer asks has to do.
void Agent::on_lite_heard(Instant now) {
  consent_.start(*path_, now);
  watch_consent();
  on_heard_again();
}

void Agent::on_consent_warning(Instant now) {
  if (state_ != State::kConnected && state_ != State::kCompleted) return;
  move(Disconnected{}, State::kDisconnected);
  if (config_.is_lite) return;
  silent_since_ = now;
  doubted_.reset();
  // A nomination that got no answer all the while is no reason to wait for the last of its copies.
  if (nominating_) cancel_checks(*nominating_);
  nominating_.reset();
  if (Pair* other = other_nominated(now)) on_nominated(now, *other);
  if (state_ == State::kDisconnected) try_others();
  schedule(now);
}

// The one that the controlling peer has turned to meanwhile, if it has.
Pair* Agent::other_nominated(Instant now) {
  const Pair* current = nominated_ ? checklist_.find(*nominated_) : nullptr;
  if (current == nullptr) return nullptr;
  for (Pair& pair : checklist_.pairs()) {
    if (pair.id == current->id || !pair.is_nominated || !pair.is_valid) continue;
    const bool is_stale = now - pair.answered >= config_.timing.consent_expiry;
    if (!is_stale && pair.nominated > current->nominated) return &pair;
  }
  return nullptr;
}

// A peer that checks another pair long after the nomination has lost its end of the one in use, and
// may have no other way to say so: only the controlling agent nominates. RFC 7675 §5.1 has no room
// for another request for consent, so that the pair in use is checked like any other.
void Agent::doubt_selected(Instant now) {
  if (state_ != State::kCompleted || path_pair_ != nominated_ || doubted_) return;
  if (now - nominated_at_ < config_.timing.nomination_fresh) return;
  Pair* pair = checklist_.find(*nominated_);
  if (pair == nullptr) return;
  const Instant limit = now + std::max(config_.timing.doubt, 2 * pair->round_trip);
  if (limit >= consent_.answered() + config_.timing.disconnected_after) return;
  trace_.rule("8445:8.1.1#3"_rule, Fact{"doubted", to_text(*pair)});
  doubted_ = now;
  checklist_.trigger(*pair);
  timers_.set(AgentTimer::kWarning, limit);
}

void Agent::on_consent_lost(Instant now) {
  trace_.rule("7675:5.1#8"_rule);
  if (state_ != State::kChecking) {
    fail(now);
    return;
  }
  // A restart is under way: only the old path is lost.
  lose_path();
}

}  // namespace glass::ice
