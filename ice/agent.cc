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

namespace {

// RFC 8445 §5.1.1.1: IPv4-compatible (::a.b.c.d) and site-local (fec0::/10) addresses are history.
bool is_deprecated(const Address& address) {
  if (address.is_v4()) return false;
  const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
  if (std::all_of(address.ip.begin(), address.ip.begin() + 12, is_zero))
    return !address.is_loopback();
  return address.ip[0] == 0xfe && (address.ip[1] & 0xc0) == 0xc0;
}

End end_of(const Candidate& candidate) {
  return {candidate.address, candidate.priority, candidate.type, candidate.foundation};
}

}  // namespace

std::string_view name(AgentTimer timer) {
  constexpr std::array<std::string_view, kAgentTimerCount> kNames{
      "Ta", "patience", "nomination delay", "consent check", "consent warning", "consent",
      "Tr", "linger"};
  return kNames.at(static_cast<std::size_t>(std::to_underlying(timer)));
}

std::string_view to_text(AgentError error) {
  constexpr std::array<std::string_view, 8> kSentences{
      "the ICE agent is closed",
      "the user name fragment or the password is not well formed",
      "the peer has new credentials: ICE has to be restarted on this side too",
      "a restart needs a new user name fragment and a new password",
      "the peer sends too many candidates",
      "the peer had said that no more candidates would come",
      "the candidate belongs to other credentials",
      "the address cannot be used as a candidate"};
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
      checklist_(config_.limits.pairs, trace) {
  CHECK(is_well_formed(local_));
  trace_.rule("8445:16.1#1"_rule, Fact{"role", to_text(role_)});
}

// ---- Local candidates.

Result<void, AgentError> Agent::add_host(Instant now, const Address& local) {
  if (state_ == State::kClosed) return std::unexpected(AgentError::kClosed);
  if (hosts_.size() >= config_.limits.hosts) return std::unexpected(AgentError::kTooManyCandidates);
  if (host_at(local) != nullptr || local.port == 0 || local.is_unspecified() ||
      local.is_multicast())
    return std::unexpected(AgentError::kUnusableAddress);
  if (local.is_loopback() && !config_.allow_loopback) {
    trace_.rule("8445:5.1.1.1#4"_rule, Fact{"address", glass::to_text(local)});
    return std::unexpected(AgentError::kUnusableAddress);
  }
  if (is_deprecated(local)) {
    trace_.rule("8445:5.1.1.1#5"_rule, Fact{"address", glass::to_text(local)});
    return std::unexpected(AgentError::kUnusableAddress);
  }
  // RFC 8838 §13: after our end-of-candidates indication there are no more, until a restart.
  if (gathering_state_ == GatheringState::kDone) {
    trace_.rule("8838:13#6"_rule, Fact{"address", glass::to_text(local)});
    return std::unexpected(AgentError::kAfterTheEnd);
  }
  // RFC 8445 §5.1.2.1: unique among the candidates of one type. The two families take turns, so
  // that a broken one delays no more than every other check (RFC 8421 §4).
  const auto same_family = [&](const Host& h) { return h.address.is_v4() == local.is_v4(); };
  const auto before = static_cast<std::uint16_t>(std::ranges::count_if(hosts_, same_family));
  const bool is_first_family = hosts_.empty() || same_family(hosts_.front());
  const auto preference =
      static_cast<std::uint16_t>(65535 - 2 * before - (is_first_family ? 0 : 1));
  trace_.rule("8445:5.1.2.1#5"_rule, Fact{"address", glass::to_text(local)},
              Fact{"preference", preference});
  hosts_.push_back({local, preference, false});
  if (gathering_state_ == GatheringState::kGathering) announce_host(now, hosts_.back());
  schedule(now);
  return {};
}

const Agent::Host* Agent::host_at(const Address& address) const {
  const auto found = std::ranges::find(hosts_, address, &Host::address);
  return found == hosts_.end() ? nullptr : &*found;
}

void Agent::gather(Instant now) {
  if (state_ == State::kClosed || gathering_state_ != GatheringState::kNew) return;
  gathering_state_ = GatheringState::kGathering;
  for (Host& host : hosts_) announce_host(now, host);
  schedule(now);
  finish_gathering(now);
}

void Agent::announce_host(Instant now, Host& host) {
  host.is_announced = true;
  trace_.rule("8445:5.1.1.1#1"_rule, Fact{"address", glass::to_text(host.address)});
  announce(now, CandidateType::kHost, host.address, host, Address{});
  const std::size_t servers = std::min(config_.stun_servers.size(), config_.limits.stun_servers);
  for (std::size_t i = 0; i < servers; ++i) gathering_.ask(host.address, config_.stun_servers[i]);
}

void Agent::announce(Instant /*now*/, CandidateType type, const Address& address, const Host& host,
                     const Address& server) {
  std::uint16_t preference = host.preference;
  if (type == CandidateType::kServerReflexive) {
    // Several servers may give several candidates of one base: each has a preference of its own.
    const auto found = std::ranges::find(config_.stun_servers, server);
    const auto index = static_cast<std::size_t>(found - config_.stun_servers.begin());
    preference = static_cast<std::uint16_t>(preference - 2 * config_.limits.hosts * index);
  }
  Candidate candidate;
  candidate.foundation = foundations_.of(type, host.address, server);
  candidate.priority = candidate_priority(type, preference);
  candidate.address = address;
  candidate.type = type;
  if (type != CandidateType::kHost) candidate.related = host.address;
  trace_.rule("8445:5.1.2.1#0"_rule, Fact{"candidate", write_candidate(candidate)},
              Fact{"type", to_text(type)}, Fact{"address", glass::to_text(address)});
  local_candidates_.push_back({candidate, host.address});
  // RFC 8838 §10: the peer hears of it first, then it is paired.
  trace_.rule("8838:10#1"_rule);
  events_.emplace_back(CandidateFound{candidate});
  pair_with_all_remotes(local_candidates_.back());
}

void Agent::on_reflection(Instant now, const Reflection& reflection) {
  const Host* host = host_at(reflection.base);
  if (host == nullptr || gathering_state_ != GatheringState::kGathering) return;
  const bool is_redundant = std::ranges::any_of(local_candidates_, [&](const Local& known) {
    return known.candidate.address == reflection.mapped && known.base == reflection.base;
  });
  if (is_redundant) {
    trace_.rule("8445:5.1.3#1"_rule, Fact{"address", glass::to_text(reflection.mapped)});
    return;
  }
  announce(now, CandidateType::kServerReflexive, reflection.mapped, *host, reflection.server);
}

void Agent::finish_gathering(Instant now) {
  if (gathering_state_ != GatheringState::kGathering || !gathering_.is_done()) return;
  gathering_state_ = GatheringState::kDone;
  trace_.rule("8838:13#2"_rule, Fact{"candidates", local_candidates_.size()});
  events_.emplace_back(GatheringDone{});
  if (gathering_.has_answers() && !nominated_)
    timers_.set(AgentTimer::kKeepalive, now + config_.timing.keepalive);
  update_failed(now);
}

// ---- The peer's side.

Result<void, AgentError> Agent::set_remote(Instant now, const Credentials& remote,
                                           RemoteKind kind) {
  if (state_ == State::kClosed) return std::unexpected(AgentError::kClosed);
  if (!is_well_formed(remote)) return std::unexpected(AgentError::kBadCredentials);
  if (remote_) {
    if (*remote_ == remote) return {};
    return std::unexpected(AgentError::kNeedsRestart);
  }
  remote_ = remote;
  if (kind == RemoteKind::kLite) {
    // RFC 8445 §6.1.1: a lite agent never controls a full one.
    trace_.rule("8445:6.1.1#2"_rule);
    switch_role(now, Role::kControlling);
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
  const auto known = std::ranges::find_if(remote_candidates_, [&](const Candidate& other) {
    return other.address == candidate.address && other.transport == candidate.transport &&
           other.host_name == candidate.host_name;
  });
  if (known != remote_candidates_.end()) {
    if (known->type == CandidateType::kPeerReflexive) {
      checklist_.rename_remote(end_of(candidate));
      *known = candidate;
      --peer_reflexive_count_;
    }
    return {};
  }
  if (remote_candidates_.size() - peer_reflexive_count_ >= config_.limits.remote_candidates) {
    trace_.rule("8445:19.5.1#2"_rule, Fact{"limit", config_.limits.remote_candidates});
    return std::unexpected(AgentError::kTooManyCandidates);
  }
  remote_candidates_.push_back(candidate);
  if (remote_) pair_with_all_locals(remote_candidates_.back());
  schedule(now);
  return {};
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
  // RFC 8445 §7.3.1.3: a peer-reflexive candidate has the pair that its check made, and no other.
  if (remote.type == CandidateType::kPeerReflexive) return;
  if (remote.transport != Transport::kUdp || remote.component != local.candidate.component) {
    trace_.rule("8445:6.1.2.2#0"_rule, Fact{"candidate", write_candidate(remote)});
    return;
  }
  if (!remote.host_name.empty() || remote.address.port == 0 || remote.address.is_unspecified() ||
      remote.address.is_multicast()) {
    // A name is not resolved here: the peer will be learnt from its checks.
    trace_.rule("8839:5.1#2"_rule, Fact{"candidate", write_candidate(remote)});
    return;
  }
  // RFC 8445 §6.1.2.4: nothing is sent from a reflexive address, but from its base.
  if (local.base != local.candidate.address) trace_.rule("8445:6.1.2.4#1"_rule);
  End mine = end_of(local.candidate);
  mine.address = local.base;
  (void)checklist_.add(mine, end_of(remote), role_);
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
  if (!path_) before_.reset();
  if (path_ && path_pair_) before_ = Before{local_, remote_, path_};
  path_pair_.reset();
  forget_session();
  local_ = local;
  for (Host& host : hosts_) host.is_announced = false;
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
  remote_is_done_ = false;
  local_candidates_.clear();
  gathering_.clear();
  gathering_state_ = GatheringState::kNew;
  first_valid_.reset();
  nominating_.reset();
  nominated_.reset();
  is_patience_over_ = false;
  for (const AgentTimer timer :
       {AgentTimer::kPacing, AgentTimer::kPatience, AgentTimer::kNomination, AgentTimer::kKeepalive,
        AgentTimer::kLinger})
    timers_.stop(timer);
}

void Agent::close(Instant /*now*/) {
  if (state_ == State::kClosed) return;
  move(Closed{}, State::kClosed);
  forget_session();
  path_.reset();
  path_pair_.reset();
  before_.reset();
  consent_.stop();
  outgoing_.clear();
  for (const AgentTimer timer : {AgentTimer::kConsent, AgentTimer::kWarning, AgentTimer::kExpiry})
    timers_.stop(timer);
}

// ---- Queries.

bool Agent::permits(const Path& path) const {
  if (path_ && *path_ == path) return true;
  if (state_ == State::kFailed || path.transport != Transport::kUdp) return false;
  const Pair* pair = checklist_.find(path.local, path.remote);
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
    out.push_back(report);
  }
  return out;
}

// ---- The five verbs.

void Agent::receive(Instant now, const Received& in) {
  const auto message = stun::MessageView::parse(in.bytes);
  if (!message) {
    trace_.drop(stun::rule_of(message.error()), stun::to_text(message.error()), in.bytes);
    return;
  }
  if (state_ == State::kClosed || host_at(in.path.local) == nullptr ||
      in.path.transport != Transport::kUdp) {
    trace_.drop("8445:7.3#1"_rule, "no candidate has this base", in.bytes);
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
  finish_gathering(now);
  repeat_checks(now);
  schedule(now);
}

void Agent::on_timer(Instant now, AgentTimer timer) {
  switch (timer) {
    case AgentTimer::kPacing: schedule(now); break;
    case AgentTimer::kPatience:
      is_patience_over_ = true;
      update_failed(now);
      break;
    case AgentTimer::kNomination: maybe_nominate(now); break;
    case AgentTimer::kConsent: ask_for_consent(now); break;
    case AgentTimer::kWarning: on_consent_warning(now); break;
    case AgentTimer::kExpiry: on_consent_lost(now); break;
    case AgentTimer::kKeepalive:
      gathering_.refresh();
      timers_.set(AgentTimer::kKeepalive, now + config_.timing.keepalive);
      break;
    case AgentTimer::kLinger: before_.reset(); break;
  }
}

Instant Agent::next_time() const {
  Instant next = std::min(timers_.next(), gathering_.next_time());
  for (const Check& check : checks_) next = std::min(next, check.schedule.next());
  return next;
}

std::optional<Path> Agent::poll_transmit(Instant /*now*/, PacketBuffer& out) {
  if (outgoing_.empty()) return std::nullopt;
  const Outgoing next = std::move(outgoing_.front());
  outgoing_.pop_front();
  copy_bytes(next.bytes, out.append(next.bytes.size()));
  return next.path;
}

std::optional<Event> Agent::poll_event() {
  if (events_.empty()) return std::nullopt;
  Event next = events_.front();
  events_.pop_front();
  return next;
}

void Agent::enqueue(Outgoing outgoing) { outgoing_.push_back(std::move(outgoing)); }

}  // namespace glass::ice
