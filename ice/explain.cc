// ice/explain.cc - why (not) connected: one sentence for everything that was tried.
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/text.h"
#include "ice/agent.h"
#include "ice/candidate.h"
#include "ice/checklist.h"
#include "ice/events.h"
#include "ice/relays.h"

namespace glass::ice {

namespace {

std::string place_of(const Candidate& candidate) {
  return candidate.host_name.empty() ? glass::to_text(candidate.address)
                                     : printable(candidate.host_name);
}

std::string subject_of(std::string_view whose, const Candidate& candidate) {
  std::string out =
      std::string(whose) + " " + std::string(to_text(candidate.type)) + " " + place_of(candidate);
  if (candidate.transport != Transport::kUdp) out += " over TCP";
  return out;
}

std::string plural(std::size_t count, std::string_view what) {
  return decimal(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

}  // namespace

// ---- One pair, one candidate.

std::string Agent::fate_of(const Pair& pair) const {
  if (path_pair_ == pair.id)
    return state_ == State::kDisconnected ? "in use, but the peer has not answered lately"
                                          : "in use";
  if (pair.is_blocked) return "waits for the TURN server to permit this address";
  if (pair.is_retired && !pair.is_valid && pair.is_unfinished())
    return pair.state == PairState::kFrozen && !was_connected_
               ? "not tried: others of its kind have failed, and time was up"
               : "not needed any more";
  switch (pair.state) {
    case PairState::kFrozen: return "not tried: another of its kind comes first";
    case PairState::kWaiting: return "waits for its turn";
    case PairState::kInProgress:
      return plural(pair.checks_sent, "check") + " under way, no answer yet";
    case PairState::kSucceeded:
      return pair.is_valid ? "works, but another pair is better"
                           : "worked, and is not needed any more";
    case PairState::kFailed: break;
  }
  return "failed: " + std::string(to_text(pair.failure));
}

std::string Agent::fate_of(const Candidate& remote) const {
  if (!remote.host_name.empty()) {
    const auto name = std::ranges::find(names_, remote.host_name, &Name::text);
    if (name == names_.end()) return "not looked up: too many names";
    switch (name->state) {
      case Name::State::kWanted: return "its name is being looked up";
      case Name::State::kUnknown: return "nobody here knows its name; its checks may still come";
      case Name::State::kRefused:
        return "refused: a .local name has to lead to an address of the own network";
      case Name::State::kKnown: break;
    }
  }
  if (remote.address.port == 0 || remote.address.is_unspecified() || remote.address.is_multicast())
    return "refused: no peer can have this address";
  if (remote.component != 1) return "left out: we use one component only";
  std::size_t pairs = 0;
  std::size_t failed = 0;
  for (const Pair& pair : checklist_.pairs()) {
    if (pair.remote.address != remote.address || pair.remote.transport != remote.transport)
      continue;
    ++pairs;
    if (pair.state == PairState::kFailed) ++failed;
    if (pair.is_valid) return "can be reached";
  }
  const auto fits = [&](const Local& local) {
    return local.candidate.transport == remote.transport &&
           are_compatible(local.candidate.tcp_type, remote.tcp_type);
  };
  if (pairs == 0 && std::ranges::none_of(local_candidates_, fits))
    return "left out: none of our candidates goes with its transport";
  if (pairs == 0) return nominated_ ? "not needed any more" : "left out: in no pair";
  if (failed == pairs) return "cannot be reached by any of " + plural(pairs, "pair");
  return "in " + plural(pairs, "pair") + ", no answer yet";
}

std::vector<Fate> Agent::fates() const {
  std::vector<Fate> out;
  for (const Local& local : local_candidates_)
    out.push_back({subject_of("our", local.candidate), "offered to the peer"});
  for (const auto& [path, failure] : gathering_.failures())
    out.push_back({"STUN server " + glass::to_text(path.remote),
                   failure + " (asked from " + glass::to_text(path.local) + ")"});
  for (const RelayReport& relay : relays_.reports()) {
    std::string sentence = "lends " + (relay.relayed ? glass::to_text(*relay.relayed) : "nothing");
    if (relay.is_pending) sentence = "has not answered yet";
    if (!relay.failure.empty()) sentence = "gives no address: " + printable(relay.failure);
    out.push_back({"TURN server " + glass::to_text(relay.server.remote) + " over " +
                       std::string(to_text(relay.server.transport)),
                   std::move(sentence)});
  }
  for (const Candidate& remote : remote_candidates_)
    out.push_back({subject_of("the peer's", remote), fate_of(remote)});
  for (const Pair& pair : checklist_.pairs()) out.push_back({to_text(pair), fate_of(pair)});
  return out;
}

// ---- All of it.

std::string Agent::failure_sentence() const {
  if (was_connected_)
    return "the peer has not answered for " +
           decimal(static_cast<std::uint64_t>(config_.timing.consent_expiry / 1s)) +
           " s, so that its consent is lost";
  if (remote_candidates_.empty())
    return "the other side gave no address, and none of its checks arrived";
  if (local_candidates_.empty()) {
    if (config_.policy == Policy::kRelay) {
      const auto reports = relays_.reports();
      const auto failed =
          std::ranges::find_if(reports, [](const RelayReport& r) { return !r.failure.empty(); });
      if (failed == reports.end()) return "only relays are allowed, and no TURN server is known";
      return "only relays are allowed, and the TURN server " +
             glass::to_text(failed->server.remote) +
             " gives no address: " + printable(failed->failure);
    }
    return "we have no address to be reached at";
  }
  std::string remote;
  constexpr std::size_t kMaxNamed = 8;
  const std::size_t named = std::min(kMaxNamed, remote_candidates_.size());
  for (std::size_t i = 0; i < named; ++i) {
    if (!remote.empty()) remote += ", ";
    remote += place_of(remote_candidates_[i]);
  }
  if (named < remote_candidates_.size()) remote += " and others";
  if (checklist_.size() == 0)
    return "no candidate of ours goes with what the other side offered: " + remote;
  return plural(checklist_.size(), "pair") + " tried, none answered; the other side offered " +
         remote;
}

std::string Agent::explain() const {
  switch (state_) {
    case State::kNew: return "the peer's credentials have not come yet";
    case State::kChecking:
      return "looking for a path: " + plural(checklist_.size(), "pair") + ", none has answered yet";
    case State::kConnected: return "a path works: " + glass::to_text(path_->remote);
    case State::kCompleted:
      return "connected to " + glass::to_text(path_->remote) + " from " +
             glass::to_text(path_->local);
    case State::kDisconnected: return "the peer has not answered lately; it may come back";
    case State::kFailed: return failure_sentence();
    case State::kClosed: return "closed";
  }
  return "";
}

}  // namespace glass::ice
