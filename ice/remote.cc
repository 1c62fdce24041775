// ice/remote.cc - the peer's candidates, and the pairs that they form with ours.
//
// RFC 8445 §6.1.2, RFC 8838 §10, §11 and §14, RFC 6544 §6.2.
#include <algorithm>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "ice/agent.h"
#include "ice/candidate.h"
#include "ice/checklist.h"
#include "ice/credentials.h"
#include "ice/events.h"

namespace glass::ice {

namespace {

End end_of(const Candidate& candidate) {
  return {candidate.address, candidate.priority, candidate.type, candidate.foundation,
          candidate.transport};
}

bool is_mdns_name(std::string_view name) { return name.ends_with(".local"); }

// An address that only means something near by: what a .local name may stand for.
bool is_near(const Address& address) {
  return address.is_private() || address.is_link_local() || address.is_loopback();
}

}  // namespace

Result<void, AgentError> Agent::set_remote(Instant now, const Credentials& remote,
                                           RemoteKind kind) {
  if (state_ == State::kClosed) return std::unexpected(AgentError::kClosed);
  if (!is_well_formed(remote)) return std::unexpected(AgentError::kBadCredentials);
  if (remote_) {
    if (*remote_ == remote) return {};
    return std::unexpected(AgentError::kNeedsRestart);
  }
  // RFC 8445 §6.1.1: somebody has to send checks.
  if (config_.is_lite && kind == RemoteKind::kLite) {
    trace_.rule("8445:6.1.1#3"_rule);
    return std::unexpected(AgentError::kBothLite);
  }
  remote_ = remote;
  if (kind == RemoteKind::kLite || config_.is_lite) {
    // RFC 8445 §6.1.1: a lite agent never controls a full one.
    trace_.rule("8445:6.1.1#2"_rule);
    switch_role(now, config_.is_lite ? Role::kControlled : Role::kControlling);
  } else {
    trace_.rule("8445:6.1.1#1"_rule, Fact{"role", to_text(role_)});
  }
  if (state_ == State::kNew) move(Checking{}, State::kChecking);
  // RFC 8863 §4.
  trace_.rule("8863:4#1"_rule);
  is_patience_over_ = false;
  timers_.set(AgentTimer::kPatience, now + config_.timing.patience);
  std::erase_if(remote_candidates_,
                [this](const Candidate& c) { return !is_of_this_generation(c); });
  for (const Candidate& candidate : remote_candidates_) pair_with_all_locals(candidate);
  // RFC 8445 §7.3: now the rest of what the early checks ask for can be done.
  for (const EarlyCheck& check : std::exchange(early_, {})) {
    trace_.rule("8445:7.3#6"_rule, Fact{"from", glass::to_text(check.path.remote)});
    on_accepted(now, check);
  }
  schedule(now);
  return {};
}

// RFC 8838 §18: candidates belong to one ICE session, which their user name fragment names.
bool Agent::is_of_this_generation(const Candidate& candidate) const {
  const auto ufrag = candidate.extension("ufrag");
  if (!ufrag || !remote_ || *ufrag == remote_->ufrag) return true;
  trace_.rule("8838:18#4"_rule, Fact{"candidate", write_candidate(candidate)});
  return false;
}

Result<void, AgentError> Agent::add_remote_candidate(Instant now, const Candidate& candidate) {
  if (state_ == State::kClosed) return std::unexpected(AgentError::kClosed);
  if (!is_of_this_generation(candidate)) return std::unexpected(AgentError::kOtherGeneration);
  if (remote_is_done_) {
    trace_.rule("8838:14#2"_rule, Fact{"candidate", write_candidate(candidate)});
    return std::unexpected(AgentError::kAfterTheEnd);
  }
  if (admit_known(candidate)) return {};
  if (remote_candidates_.size() - peer_reflexive_count_ >= config_.limits.remote_candidates) {
    trace_.rule("8445:19.5.1#2"_rule, Fact{"limit", config_.limits.remote_candidates});
    return std::unexpected(AgentError::kTooManyCandidates);
  }
  admit_remote(candidate);
  schedule(now);
  return {};
}

// True: it is there already. One that was learnt from a check gets the type that the peer tells.
bool Agent::admit_known(const Candidate& candidate) {
  const auto known = std::ranges::find_if(remote_candidates_, [&](const Candidate& other) {
    return other.address == candidate.address && other.transport == candidate.transport &&
           other.tcp_type == candidate.tcp_type && other.host_name == candidate.host_name;
  });
  if (known == remote_candidates_.end()) return false;
  if (known->type != CandidateType::kPeerReflexive) return true;
  checklist_.rename_remote(end_of(candidate));
  *known = candidate;
  --peer_reflexive_count_;
  return true;
}

void Agent::admit_remote(const Candidate& candidate) {
  remote_candidates_.push_back(candidate);
  if (!candidate.host_name.empty()) want_name(candidate.host_name);
  if (remote_) pair_with_all_locals(remote_candidates_.back());
}

// ---- Names.

void Agent::want_name(const std::string& name) {
  if (std::ranges::find(names_, name, &Name::text) != names_.end()) return;
  if (names_.size() >= config_.limits.names) {
    trace_.rule("8445:19.5.1#2"_rule, Fact{"limit", config_.limits.names}, Fact{"name", name});
    return;
  }
  names_.push_back({name});
  events_.emplace_back(NameWanted{name});
}

void Agent::resolved(Instant now, std::string_view name, std::optional<Address> address) {
  const auto wanted = std::ranges::find(names_, name, &Name::text);
  if (wanted == names_.end() || wanted->state != Name::State::kWanted) return;
  wanted->state = Name::State::kKnown;
  if (!address) wanted->state = Name::State::kUnknown;
  // Whoever answers for a .local name sits in our own network, and so must what he names: else a
  // page could have us send to any host of its choice.
  if (address && is_mdns_name(name) && !is_near(*address)) wanted->state = Name::State::kRefused;
  trace_.rule("8839:5.1#2"_rule, Fact{"name", name},
              Fact{"address", address ? glass::to_text(*address) : "unknown"},
              Fact{"taken", wanted->state == Name::State::kKnown ? 1U : 0U});
  if (wanted->state == Name::State::kKnown) {
    std::vector<Candidate> named;
    std::erase_if(remote_candidates_, [&](const Candidate& candidate) {
      if (candidate.host_name != name) return false;
      named.push_back(candidate);
      return true;
    });
    for (Candidate& candidate : named) {
      candidate.address = address->with_port(candidate.address.port);
      candidate.host_name.clear();
      if (!admit_known(candidate)) admit_remote(candidate);
    }
  }
  update_failed(now);
  schedule(now);
}

void Agent::end_of_remote_candidates(Instant now) {
  if (remote_is_done_ || state_ == State::kClosed) return;
  remote_is_done_ = true;
  trace_.rule("8838:14#0"_rule, Fact{"candidates", remote_candidates_.size()});
  update_failed(now);
}

// ---- Pairs.

void Agent::pair_with_all_remotes(const Local& local) {
  if (!remote_ || nominated_) return;
  for (const Candidate& remote : remote_candidates_) pair_up(local, remote);
}

void Agent::pair_with_all_locals(const Candidate& remote) {
  if (nominated_) return;
  for (const Local& local : local_candidates_) pair_up(local, remote);
}

void Agent::pair_up(const Local& local, const Candidate& remote) {
  // A lite agent forms no pairs before a check has come (RFC 8445 §6.2).
  if (config_.is_lite) return;
  // RFC 8445 §7.3.1.3: a peer-reflexive candidate has the pair that its check made, and no other.
  if (remote.type == CandidateType::kPeerReflexive ||
      local.candidate.type == CandidateType::kPeerReflexive)
    return;
  if (remote.component != local.candidate.component) {
    trace_.rule("8445:6.1.2.2#0"_rule, Fact{"candidate", write_candidate(remote)});
    return;
  }
  if (remote.transport != local.candidate.transport ||
      !are_compatible(local.candidate.tcp_type, remote.tcp_type)) {
    trace_.rule("6544:6.2#0"_rule, Fact{"candidate", write_candidate(remote)});
    return;
  }
  // RFC 6544 §6.2: who waits for connections has nothing to try.
  if (local.candidate.tcp_type == TcpType::kPassive) {
    trace_.rule("6544:6.2#1"_rule, Fact{"candidate", write_candidate(remote)});
    return;
  }
  if (!remote.host_name.empty() || remote.address.port == 0 || remote.address.is_unspecified() ||
      remote.address.is_multicast()) {
    // A name without an address; or an address that no peer can have.
    trace_.rule("8839:5.1#2"_rule, Fact{"candidate", write_candidate(remote)});
    return;
  }
  // RFC 8445 §6.1.2.4: nothing is sent from a reflexive address, but from its base.
  if (local.base != local.candidate.address) {
    trace_.rule("8445:6.1.2.4#1"_rule);
    trace_.rule("8838:10#2"_rule);
  }
  End mine = end_of(local.candidate);
  mine.address = local.base;
  (void)checklist_.add(mine, end_of(remote), role_);
}

}  // namespace glass::ice
