// ice/checklist.cc - forming, pruning, ordering and scheduling pairs.
#include "ice/checklist.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/trace.h"
#include "ice/candidate.h"

namespace glass::ice {

namespace {

std::uint64_t priority_of(const Pair& pair, Role role) {
  return role == Role::kControlling ? pair_priority(pair.local.priority, pair.remote.priority)
                                    : pair_priority(pair.remote.priority, pair.local.priority);
}

}  // namespace

std::string_view to_text(Role role) {
  return role == Role::kControlling ? "controlling" : "controlled";
}

std::string_view to_text(PairState state) {
  constexpr std::array<std::string_view, 5> kNames{"Frozen", "Waiting", "In-Progress", "Succeeded",
                                                   "Failed"};
  return kNames.at(static_cast<std::size_t>(std::to_underlying(state)));
}

std::string_view to_text(PairFailure failure) {
  constexpr std::array<std::string_view, 9> kNames{
      "",
      "nobody answered",
      "the answer took another way than the request",
      "the peer refused the check",
      "the answer holds no mapped address",
      "the TURN server does not relay to this address",
      "the TURN server has taken the relayed address back",
      "our address is not there any more",
      "the connection was refused or has broken"};
  return kNames.at(static_cast<std::size_t>(std::to_underlying(failure)));
}

std::string to_text(const Pair& pair) {
  std::string out =
      glass::to_text(pair.local.address) + " -> " + glass::to_text(pair.remote.address);
  if (pair.local.transport != Transport::kUdp) out += " over TCP";
  return out;
}

Result<PairId, NotAdded> Checklist::add(const End& local, const End& remote, Role role) {
  return insert(local, remote, role, false);
}

Result<PairId, NotAdded> Checklist::add_triggered(const End& local, const End& remote, Role role) {
  return insert(local, remote, role, true);
}

Result<PairId, NotAdded> Checklist::insert(const End& local, const End& remote, Role role,
                                           bool triggered) {
  if (local.address.is_v4() != remote.address.is_v4())
    return std::unexpected(NotAdded::kOtherFamily);
  CHECK(local.transport == remote.transport);
  // RFC 8445 §6.1.2.2: link-local goes with link-local only.
  if (!local.address.is_v4() && local.address.is_link_local() != remote.address.is_link_local()) {
    trace_.rule("8445:6.1.2.2#1"_rule);
    return std::unexpected(NotAdded::kLinkLocal);
  }
  // RFC 8445 §6.1.2.4: same base and same remote candidate; the pair that is there stays.
  if (find({local.transport, local.address, remote.address}) != nullptr) {
    trace_.rule("8445:6.1.2.4#0"_rule);
    return std::unexpected(NotAdded::kRedundant);
  }
  Pair pair;
  pair.local = local;
  pair.remote = remote;
  pair.priority = priority_of(pair, role);
  if (pairs_.size() >= max_pairs_ && !make_room(pair.priority)) {
    trace_.rule("8445:6.1.2.5#1"_rule, Fact{"pair", to_text(pair)}, Fact{"limit", max_pairs_});
    return std::unexpected(NotAdded::kNoRoom);
  }
  pair.id = PairId{++last_id_};
  pair.state = triggered ? PairState::kWaiting : first_state(pair);
  trace_.rule("8838:12#0"_rule, Fact{"state", to_text(pair.state)});
  trace_.rule("8445:6.1.2.3#0"_rule, Fact{"pair", to_text(pair)}, Fact{"priority", pair.priority},
              Fact{"local_type", to_text(local.type)}, Fact{"remote_type", to_text(remote.type)},
              Fact{"state", to_text(pair.state)});
  const PairId id = pair.id;
  pairs_.push_back(std::move(pair));
  sort();
  return id;
}

// RFC 8838 §11: a failed pair gives way first, then the one of lowest priority below the new one.
bool Checklist::make_room(std::uint64_t priority) {
  const auto remove = [this](auto found, Rule rule) {
    trace_.rule(rule, Fact{"pair", to_text(*found)});
    std::erase(triggered_, found->id);
    pairs_.erase(found);
  };
  for (auto found = pairs_.end(); found != pairs_.begin();) {
    --found;
    if (found->state != PairState::kFailed) continue;
    remove(found, "8838:11#3"_rule);
    return true;
  }
  for (auto found = pairs_.end(); found != pairs_.begin();) {
    --found;
    if (found->priority >= priority) return false;
    if (found->is_valid) continue;
    remove(found, "8838:11#4"_rule);
    return true;
  }
  return false;
}

// RFC 8838 §12, which for pairs that are there from the start is RFC 8445 §6.1.2.6: of each
// foundation, the best pair waits, and so does each pair of one that has succeeded already.
PairState Checklist::first_state(const Pair& pair) const {
  bool is_best = true;
  for (const Pair& other : pairs_) {
    if (!other.is_same_foundation(pair)) continue;
    if (other.state == PairState::kSucceeded) return PairState::kWaiting;
    is_best = is_best && other.priority < pair.priority;
  }
  return is_best ? PairState::kWaiting : PairState::kFrozen;
}

Pair* Checklist::find(PairId id) {
  const auto found = std::ranges::find(pairs_, id, &Pair::id);
  return found == pairs_.end() ? nullptr : &*found;
}

Pair* Checklist::find(const Path& path) {
  for (Pair& pair : pairs_)
    if (pair.path() == path) return &pair;
  return nullptr;
}

const Pair* Checklist::find(const Path& path) const {
  for (const Pair& pair : pairs_)
    if (pair.path() == path) return &pair;
  return nullptr;
}

void Checklist::set_state(Pair& pair, PairState state) {
  if (pair.state == state) return;
  if (trace_.is_on()) trace_.state(to_text(pair), to_text(pair.state), to_text(state));
  pair.state = state;
}

void Checklist::succeed(Pair& pair) {
  set_state(pair, PairState::kSucceeded);
  std::erase(triggered_, pair.id);
  for (Pair& other : pairs_) {
    if (other.state != PairState::kFrozen || !other.is_same_foundation(pair)) continue;
    trace_.rule("8445:7.2.5.3.3#1"_rule, Fact{"pair", to_text(other)});
    set_state(other, PairState::kWaiting);
  }
}

void Checklist::trigger(Pair& pair) {
  set_state(pair, PairState::kWaiting);
  if (std::ranges::find(triggered_, pair.id) == triggered_.end()) triggered_.push_back(pair.id);
}

std::optional<PairId> Checklist::next_to_check() {
  // RFC 8445 §6.1.4.2.
  // 1. The queue of triggered checks.
  if (!triggered_.empty()) {
    const PairId id = triggered_.front();
    triggered_.pop_front();
    return id;
  }
  // 2. Nothing waits: thaw one pair of each foundation that has no check under way.
  if (std::ranges::none_of(pairs_, &Pair::is_waiting)) {
    for (Pair& pair : pairs_) {
      if (!can_thaw(pair)) continue;
      trace_.rule("8445:6.1.4.2#0"_rule, Fact{"pair", to_text(pair)});
      set_state(pair, PairState::kWaiting);
    }
  }
  // 3. The best of those that wait.
  const auto best = std::ranges::find_if(pairs_, &Pair::is_waiting);
  // 4. There is one checklist only, hence no other to turn to.
  if (best == pairs_.end()) return std::nullopt;
  return best->id;
}

bool Checklist::can_thaw(const Pair& pair) const {
  if (pair.state != PairState::kFrozen || pair.is_retired) return false;
  return std::ranges::none_of(pairs_, [&](const Pair& other) {
    return other.is_same_foundation(pair) &&
           (other.state == PairState::kWaiting || other.state == PairState::kInProgress);
  });
}

bool Checklist::has_work() const {
  return !triggered_.empty() || std::ranges::any_of(pairs_, [this](const Pair& pair) {
    return pair.is_waiting() || can_thaw(pair);
  });
}

void Checklist::set_role(Role role) {
  for (Pair& pair : pairs_) pair.priority = priority_of(pair, role);
  sort();
}

void Checklist::rename_remote(const End& remote) {
  for (Pair& pair : pairs_) {
    if (pair.remote.address != remote.address || pair.remote.transport != remote.transport)
      continue;
    // The priority stays that of the check, which the peer has used for the pair as well.
    trace_.rule("8838:11#2"_rule, Fact{"pair", to_text(pair)}, Fact{"type", to_text(remote.type)});
    pair.remote.type = remote.type;
    pair.remote.foundation = remote.foundation;
  }
}

void Checklist::give_up(Pair& pair, PairFailure why) {
  std::erase(triggered_, pair.id);
  set_state(pair, PairState::kFailed);
  pair.failure = why;
  pair.is_valid = false;
  pair.is_nominated = false;
  pair.is_heard = false;
  pair.is_blocked = false;
  pair.wants_nomination = false;
}

void Checklist::conclude(PairId nominated) {
  triggered_.clear();
  for (Pair& pair : pairs_) pair.is_retired = pair.id != nominated;
}

std::size_t Checklist::retire_frozen() {
  std::size_t count = 0;
  for (Pair& pair : pairs_) {
    if (pair.state != PairState::kFrozen || pair.is_retired) continue;
    pair.is_retired = true;
    ++count;
  }
  return count;
}

void Checklist::stop() {
  triggered_.clear();
  for (Pair& pair : pairs_) {
    pair.is_retired = true;
    pair.is_valid = false;
  }
}

void Checklist::clear() {
  pairs_.clear();
  triggered_.clear();
}

std::size_t Checklist::busy() const {
  return static_cast<std::size_t>(std::ranges::count_if(pairs_, [](const Pair& pair) {
    return pair.state == PairState::kWaiting || pair.state == PairState::kInProgress;
  }));
}

void Checklist::sort() {
  std::ranges::sort(pairs_, [](const Pair& a, const Pair& b) {
    return a.priority != b.priority ? a.priority > b.priority : a.id < b.id;
  });
}

}  // namespace glass::ice
