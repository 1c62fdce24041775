// ice/answers.cc - what we are asked: judging a check, answering it, and what it triggers.
//
// RFC 8445 §7.3 (server side), RFC 8489 §9.1.3 (short-term credentials).
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/address.h"
#include "base/check.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/time.h"
#include "base/trace.h"
#include "ice/agent.h"
#include "ice/candidate.h"
#include "ice/checklist.h"
#include "ice/timing.h"
#include "ice/wire.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "stun/message.h"

namespace glass::ice {

namespace {

constexpr unsigned kAccepted = 0;
constexpr unsigned kBadRequest = 400;
constexpr unsigned kUnauthenticated = 401;
constexpr unsigned kUnknownAttribute = 420;
constexpr unsigned kRoleConflict = 487;

}  // namespace

void Agent::on_request(Instant now, const Path& path, const stun::MessageView& message) {
  if (stun::check_fingerprint(message) != stun::Verdict::kValid) {
    trace_.drop("8445:7.3#8"_rule, "a check without valid fingerprint", message.bytes());
    return;
  }
  if (outgoing_.size() >= kMaxAnswers) {
    trace_.drop("8445:7.3#5"_rule, "too many answers wait to be sent", message.bytes());
    return;
  }
  // Neither these credentials nor this session come back: the other side shall learn it in time.
  if (state_ == State::kFailed && was_connected_) {
    trace_.drop("7675:5.1#13"_rule, "a check with credentials whose consent is lost",
                message.bytes());
    return;
  }
  Asked asked;
  unsigned code = authenticate(message, asked);
  if (code == kAccepted) code = judge(now, path, message, asked);
  if (code != kAccepted) {
    refuse(path, message, code, asked);
    return;
  }
  trace_.rule("8445:7.3#3"_rule, Fact{"from", glass::to_text(path.remote)},
              Fact{"use_candidate", asked.content.use_candidate ? 1U : 0U});
  trace_.rule(asked.protection == Protection::kSha256 ? "8489:9.1.3#10"_rule
                                                      : "8489:9.1.3#11"_rule);
  enqueue({path, write_success(message.transaction(), path.remote,
                               {asked.protection, asked.local->pwd})});
  // A check of before the restart keeps the old path alive, and does nothing else.
  if (asked.local != &local_) return;
  const auto parts = split_username(asked.content.username);
  CHECK(parts.has_value());
  const std::uint32_t nomination = asked.content.nomination.value_or(0);
  const EarlyCheck check{path, std::string(parts->asking), asked.content.priority.value_or(1),
                         asked.content.use_candidate || nomination > 0, nomination};
  if (remote_) {
    on_accepted(now, check);
  } else {
    remember_early(check);
  }
}

// RFC 8489 §9.1.3, in its order.
unsigned Agent::authenticate(const stun::MessageView& message, Asked& asked) const {
  using stun::AttributeType;
  asked.content = read_check(message);
  const bool is_sha256 = message.has(AttributeType::kMessageIntegritySha256);
  if ((!is_sha256 && !message.has(AttributeType::kMessageIntegrity)) ||
      !message.has(AttributeType::kUsername)) {
    trace_.rule("8489:9.1.3#1"_rule);
    trace_.drop("8489:9.1.3#2"_rule, "a check without user name or integrity", message.bytes());
    return kBadRequest;
  }
  const auto parts = split_username(asked.content.username);
  const Credentials* mine = nullptr;
  if (parts && parts->asked == local_.ufrag) mine = &local_;
  if (mine == nullptr && before_ && parts && parts->asked == before_->local.ufrag)
    mine = &before_->local;
  if (mine == nullptr) {
    trace_.rule("8489:9.1.3#4"_rule);
    trace_.rule("8489:9.1.3#5"_rule);
    trace_.drop("8445:7.3#4"_rule, "a check for somebody else's user name", message.bytes());
    return kUnauthenticated;
  }
  const Bytes key = as_bytes(mine->pwd);
  const stun::Verdict verdict =
      is_sha256 ? stun::check_integrity_sha256(message, key) : stun::check_integrity(message, key);
  if (verdict != stun::Verdict::kValid) {
    trace_.rule("8489:9.1.3#7"_rule);
    trace_.rule("8489:9.1.3#8"_rule);
    trace_.drop("8445:7.3#2"_rule, "a check with a wrong password", message.bytes());
    return kUnauthenticated;
  }
  asked.local = mine;
  asked.protection = is_sha256 ? Protection::kSha256 : Protection::kSha1;
  return kAccepted;
}

// A check by somebody who knows our password: can we take it?
unsigned Agent::judge(Instant now, const Path& path, const stun::MessageView& message,
                      Asked& asked) {
  asked.unknown = stun::unknown_required(message, stun::kIceAttributes);
  if (!asked.unknown.empty()) {
    trace_.drop("8489:6.3.1#0"_rule, "an attribute that has to be understood", message.bytes());
    return kUnknownAttribute;
  }
  if (asked.local == &local_ && repair_role(now, asked.content)) return kRoleConflict;
  // A stranger without priority cannot become a candidate.
  if (!asked.content.priority && remote_at(path) == nullptr && asked.local == &local_) {
    trace_.drop("8445:7.1.1#1"_rule, "a check without priority", message.bytes());
    return kBadRequest;
  }
  return kAccepted;
}

// RFC 8445 §7.3.1.1. True: the peer has to change its role, and is told so.
bool Agent::repair_role(Instant now, const CheckContent& content) {
  const bool is_controlling = role_ == Role::kControlling;
  const auto theirs = is_controlling ? content.controlling : content.controlled;
  if (!theirs) return false;
  trace_.rule("8445:7.3.1.1#2"_rule);
  const bool is_ours_larger = tie_breaker_ >= *theirs;
  trace_.rule("8445:7.3.1.1#3"_rule, Fact{"role", to_text(role_)},
              Fact{"ours_is_larger", is_ours_larger ? 1U : 0U});
  // The larger number controls.
  if (is_controlling == is_ours_larger) return true;
  switch_role(now, is_controlling ? Role::kControlled : Role::kControlling);
  return false;
}

void Agent::refuse(const Path& path, const stun::MessageView& message, unsigned code,
                   const Asked& asked) {
  // RFC 8489 §9.1.3: without authentication there is no password to protect the answer with.
  AnswerKey key;
  if (asked.local != nullptr) key = {asked.protection, asked.local->pwd};
  if (asked.local == nullptr) trace_.rule("8489:9.1.3#13"_rule, Fact{"code", code});
  enqueue({path, write_error(message.transaction(), code, asked.unknown, key)});
}

// RFC 8445 §7.3: the peer is faster than its description. It has its answer; the rest waits.
void Agent::remember_early(const EarlyCheck& check) {
  for (EarlyCheck& known : early_) {
    if (known.path != check.path || known.asking != check.asking) continue;
    known.use_candidate = known.use_candidate || check.use_candidate;
    known.nomination = std::max(known.nomination, check.nomination);
    return;
  }
  if (early_.size() >= config_.limits.early_checks) {
    trace_.rule("8445:19.5.1#2"_rule, Fact{"limit", config_.limits.early_checks},
                Fact{"from", glass::to_text(check.path.remote)});
    return;
  }
  trace_.rule("8445:7.3#5"_rule, Fact{"from", glass::to_text(check.path.remote)});
  early_.push_back(check);
}

const Candidate* Agent::remote_at(const Path& path) const {
  const auto found = std::ranges::find_if(remote_candidates_, [&](const Candidate& candidate) {
    return candidate.address == path.remote && candidate.host_name.empty() &&
           candidate.transport == path.transport;
  });
  return found == remote_candidates_.end() ? nullptr : &*found;
}

// RFC 8445 §7.3.1.3 sets no bound to what is learnt. Where both NATs map by address and port, the
// answer to a check takes another way than the check, the check that it triggers arrives from a new
// port again, and so on. The bound is one of each base and remote host, so that a way which leads
// nowhere does not use up what the others need: the relayed pairs come last.
bool Agent::may_learn(const Path& path) {
  const auto refuse = [&](std::size_t limit) {
    trace_.rule("8445:19.5.1#2"_rule, Fact{"limit", limit},
                Fact{"from", glass::to_text(path.remote)});
    return false;
  };
  auto known = std::ranges::find_if(learnt_, [&](const Learnt& learnt) {
    return learnt.base == path.local && learnt.host.same_ip(path.remote);
  });
  if (known == learnt_.end() && learnt_.size() >= config_.limits.learnt_from)
    return refuse(config_.limits.learnt_from);
  if (known != learnt_.end() && known->ports >= config_.limits.ports_of_address)
    return refuse(config_.limits.ports_of_address);
  if (peer_reflexive_count_ >= config_.limits.peer_reflexive && !forget_failed_stranger())
    return refuse(config_.limits.peer_reflexive);
  if (known == learnt_.end()) known = learnt_.insert(known, {path.local, path.remote, 0});
  ++known->ports;
  return true;
}

// Makes room for another peer-reflexive candidate, in place of the oldest one that did not work.
bool Agent::forget_failed_stranger() {
  const auto works = [this](const Candidate& candidate) {
    return std::ranges::any_of(checklist_.pairs(), [&](const Pair& pair) {
      return pair.remote.address == candidate.address &&
             pair.remote.transport == candidate.transport && pair.state != PairState::kFailed;
    });
  };
  const auto failed = std::ranges::find_if(remote_candidates_, [&](const Candidate& candidate) {
    return candidate.type == CandidateType::kPeerReflexive && !works(candidate);
  });
  if (failed == remote_candidates_.end()) return false;
  trace_.rule("8445:19.5.1#2"_rule, Fact{"limit", config_.limits.peer_reflexive},
              Fact{"forgotten", glass::to_text(failed->address)});
  remote_candidates_.erase(failed);
  --peer_reflexive_count_;
  return true;
}

// RFC 8445 §7.3.1.3. False: too many strangers already.
bool Agent::learn_remote(const Path& path, std::uint32_t priority) {
  if (remote_at(path) != nullptr) return true;
  if (!may_learn(path)) return false;
  ++peer_reflexive_count_;
  Candidate candidate;
  candidate.foundation = "prflx" + decimal(++peer_reflexive_serial_);
  candidate.priority = std::clamp<std::uint32_t>(priority, 1, kMaxPriority);
  candidate.address = path.remote;
  candidate.transport = path.transport;
  // RFC 6544 §7.2: who has opened the connection is the active one, unless both did.
  if (const Base* base = base_at(path); base != nullptr && base->tcp_type != TcpType::kNone)
    candidate.tcp_type = base->tcp_type == TcpType::kPassive ? TcpType::kActive : TcpType::kPassive;
  candidate.type = CandidateType::kPeerReflexive;
  if (candidate.tcp_type == TcpType::kActive)
    trace_.rule("6544:7.2#1"_rule, Fact{"from", glass::to_text(path.remote)});
  trace_.rule("8445:7.3.1.3#0"_rule, Fact{"address", glass::to_text(path.remote)},
              Fact{"priority", candidate.priority});
  remote_candidates_.push_back(candidate);
  return true;
}

// RFC 8445 §7.3.1.3 to §7.3.1.5, once the check has been answered and the peer is known.
void Agent::on_accepted(Instant now, const EarlyCheck& check) {
  if (!may_check() && !config_.is_lite) return;
  if (check.asking != remote_->ufrag) {
    trace_.rule("8445:7.3.1.4#0"_rule, Fact{"from", glass::to_text(check.path.remote)},
                Fact{"failure", "the check is by somebody with another user name fragment"});
    return;
  }
  if (config_.is_lite) {
    on_accepted_by_lite(now, check);
    return;
  }
  const bool wants_nomination = check.use_candidate && role_ == Role::kControlled;
  Pair* pair = checklist_.find(check.path);
  if (nominated_ && !wants_nomination) {
    // RFC 8445 §8.1.2: answered, and that is all: no more checks.
    trace_.rule("8445:8.1.2#2"_rule, Fact{"from", glass::to_text(check.path.remote)});
    if (pair == nullptr) return;
    pair->is_heard = true;
    if (pair->id != nominated_) doubt_selected(now);
    return;
  }
  if (pair == nullptr) pair = pair_of(check);
  if (pair == nullptr) return;
  pair->is_heard = true;
  pair->nomination = std::max(pair->nomination, check.nomination);
  trigger(now, *pair, wants_nomination);
}

// RFC 8445 §7.3.1.4: the pair that the check came on, which is new. Null: there are too many.
Pair* Agent::pair_of(const EarlyCheck& check) {
  if (!learn_remote(check.path, check.priority)) return nullptr;
  const Candidate* remote = remote_at(check.path);
  const Base* base = base_at(check.path);
  if (base == nullptr || remote == nullptr) return nullptr;
  const End local{base->address, base->priority(base->type), base->type,
                  foundations_.of(base->type, base->address, base->server, base->obtained_by()),
                  base->transport};
  const End other{remote->address, remote->priority, remote->type, remote->foundation,
                  remote->transport};
  const auto added = checklist_.add_triggered(local, other, role_);
  return added ? checklist_.find(*added) : nullptr;
}

// RFC 8445 §7.3.2: a lite agent believes the peer, who has checked both directions.
void Agent::on_accepted_by_lite(Instant now, const EarlyCheck& check) {
  if (state_ == State::kFailed || state_ == State::kClosed) return;
  Pair* pair = checklist_.find(check.path);
  if (pair == nullptr) pair = pair_of(check);
  if (pair == nullptr) return;
  trace_.rule("8445:7.3.2#0"_rule, Fact{"pair", to_text(*pair)},
              Fact{"use_candidate", check.use_candidate ? 1U : 0U});
  pair->is_heard = true;
  pair->answered = now;
  if (path_pair_ == pair->id) on_lite_heard(now);
  if (!check.use_candidate) return;
  trace_.rule("8445:12.1.1#1"_rule, Fact{"pair", to_text(*pair)});
  pair->nominated = now;
  pair->is_valid = true;
  pair->mapped = pair->local.address;
  pair->valid_local_priority = pair->local.priority;
  checklist_.set_state(*pair, PairState::kSucceeded);
  if (state_ == State::kChecking) move(Connected{}, State::kConnected);
  was_connected_ = true;
  on_nominated(now, *pair);
}

void Agent::trigger(Instant now, Pair& pair, bool use_candidate) {
  if (use_candidate) pair.nominated = now;
  // A pair that has not been used for long is valid no more (RFC 7675 §5.1).
  const bool is_stale = now - pair.answered >= config_.timing.consent_expiry;
  if (pair.state == PairState::kSucceeded && pair.is_valid && !is_stale) {
    if (!use_candidate) return;
    trace_.rule("8445:7.3.1.5#0"_rule, Fact{"pair", to_text(pair)});
    on_nominated(now, pair);
    return;
  }
  // The check of a Succeeded pair need not be repeated just because the peer checks it too.
  if (pair.state == PairState::kSucceeded && !use_candidate) return;
  if (pair.state == PairState::kInProgress) {
    trace_.rule("8445:7.3.1.4#1"_rule, Fact{"pair", to_text(pair)});
    cancel_checks(pair.id);
  } else {
    trace_.rule("8445:7.3.1.4#2"_rule, Fact{"pair", to_text(pair)},
                Fact{"state", to_text(pair.state)});
  }
  if (use_candidate) pair.wants_nomination = true;
  checklist_.trigger(pair);
}

}  // namespace glass::ice
