// ice/checklist.h - the candidate pairs of the one data stream: order, states, what to check next.
//
// Knows priorities and states; sends nothing and keeps no time. Pairs are named by PairId, because
// the list is sorted anew whenever one comes.
// RFC 8445 §6.1.2 (forming), §6.1.4 (scheduling); RFC 8838 §10 to §12 (pairs that come later).
// Tested by: tests/ice/checklist_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/strong.h"
#include "base/time.h"
#include "base/trace.h"
#include "ice/candidate.h"

namespace glass::ice {

enum class Role : std::uint8_t { kControlling, kControlled };
std::string_view to_text(Role role);

// RFC 8445 §6.1.2.6.
enum class PairState : std::uint8_t { kFrozen, kWaiting, kInProgress, kSucceeded, kFailed };
std::string_view to_text(PairState state);

enum class PairFailure : std::uint8_t {
  kNone,
  kTimeout,       // nobody answered
  kNotSymmetric,  // the answer came from or to another address than the request
  kErrorAnswer,   // the peer refused the check
  kNoMappedAddress,
  kNoPermission,  // the TURN server does not relay to this peer
  kRelayLost,     // the TURN server has taken the relayed address back
  kAddressGone,   // our own address is not there any more
  kNoConnection   // the TCP connection was refused or has broken
};
std::string_view to_text(PairFailure failure);

using PairId = Strong<struct PairTag, std::uint32_t>;

// One end of a pair.
struct End {
  Address address;  // of the local end: the base, from which checks are sent
  std::uint32_t priority = 0;
  CandidateType type = CandidateType::kHost;
  std::string foundation;
  Transport transport = Transport::kUdp;  // of both ends of a pair
};

struct Pair {
  PairId id;
  End local;
  End remote;
  std::uint64_t priority = 0;
  PairState state = PairState::kFrozen;
  PairFailure failure = PairFailure::kNone;
  bool is_valid = false;                   // in the valid list: data may be sent
  bool is_nominated = false;               // of the valid list
  bool is_heard = false;                   // the peer has checked it with our password
  bool is_retired = false;                 // out of the checklist since another pair was nominated
  bool wants_nomination = false;           // the controlling peer asked before our check succeeded
  std::uint32_t nomination = 0;            // the peer's last number for it, if it gives any
  bool is_blocked = false;                 // the TURN server has not permitted the peer yet
  std::uint32_t valid_local_priority = 0;  // of the local candidate that the response mapped to
  Address mapped;         // that candidate's address; equal to the base without NAT
  Duration round_trip{};  // smoothed; zero: not measured
  Instant answered{};     // when a check last succeeded
  Instant nominated{};    // when the peer last sent USE-CANDIDATE
  std::uint32_t checks_sent = 0;

  [[nodiscard]] Path path() const { return {local.transport, local.address, remote.address}; }
  [[nodiscard]] bool is_relayed() const { return local.type == CandidateType::kRelayed; }
  [[nodiscard]] bool is_waiting() const {
    return state == PairState::kWaiting && !is_retired && !is_blocked;
  }
  [[nodiscard]] bool is_same_foundation(const Pair& other) const {
    return local.foundation == other.local.foundation &&
           remote.foundation == other.remote.foundation;
  }
  [[nodiscard]] bool is_unfinished() const {
    return state == PairState::kFrozen || state == PairState::kWaiting ||
           state == PairState::kInProgress;
  }
};

// "192.0.2.1:5000 -> 198.51.100.7:6000", for facts.
std::string to_text(const Pair& pair);

// Why a pair was not added.
enum class NotAdded : std::uint8_t { kRedundant, kOtherFamily, kLinkLocal, kNoRoom };

class Checklist {
 public:
  Checklist(std::size_t max_pairs, const Trace& trace) : max_pairs_(max_pairs), trace_(trace) {}

  // RFC 8445 §6.1.2.2 to §6.1.2.6, RFC 8838 §12: forms, prunes, places and sets the first state.
  Result<PairId, NotAdded> add(const End& local, const End& remote, Role role);
  // The pair that a request came in on: as add(), but it waits for its check at once.
  Result<PairId, NotAdded> add_triggered(const End& local, const End& remote, Role role);

  [[nodiscard]] Pair* find(PairId id);
  [[nodiscard]] Pair* find(const Path& path);
  [[nodiscard]] const Pair* find(const Path& path) const;
  [[nodiscard]] std::span<const Pair> pairs() const { return pairs_; }
  [[nodiscard]] std::span<Pair> pairs() { return pairs_; }

  void set_state(Pair& pair, PairState state);
  // RFC 8445 §7.2.5.3.3: the pair has succeeded, and others of its foundation may be tried.
  void succeed(Pair& pair);
  // RFC 8445 §7.3.1.4: at the end of the queue, unless it is there already.
  void trigger(Pair& pair);
  // RFC 8445 §6.1.4.2: which pair to check now. Triggered ones come first; see has_triggered().
  std::optional<PairId> next_to_check();
  [[nodiscard]] bool has_triggered() const { return !triggered_.empty(); }
  // There is a pair that next_to_check() would return.
  [[nodiscard]] bool has_work() const;

  // RFC 8445 §6.1.2.3: priorities depend on who is controlling.
  void set_role(Role role);
  // RFC 8838 §11: a candidate that was peer-reflexive is signalled after all.
  void rename_remote(const End& remote);
  // The pair cannot work any more, whatever it was: not checked, not valid, not nominated.
  void give_up(Pair& pair, PairFailure why);
  // RFC 8445 §8.1.2: one pair is nominated, no other is checked any more. They stay known, should
  // that one die.
  void conclude(PairId nominated);
  // RFC 8445 §6.1.4.2: pairs that are Frozen now are not checked any more. Returns how many.
  std::size_t retire_frozen();
  // Nothing is checked or valid any more; the pairs stay to be looked at.
  void stop();
  void clear();

  // RFC 8445 §14.3: how many checks are waiting or in progress.
  [[nodiscard]] std::size_t busy() const;
  [[nodiscard]] std::size_t size() const { return pairs_.size(); }

 private:
  Result<PairId, NotAdded> insert(const End& local, const End& remote, Role role, bool triggered);
  bool make_room(std::uint64_t priority);
  [[nodiscard]] PairState first_state(const Pair& pair) const;
  [[nodiscard]] bool can_thaw(const Pair& pair) const;
  void sort();

  std::size_t max_pairs_;
  Trace trace_;
  std::vector<Pair> pairs_;  // by descending priority
  std::deque<PairId> triggered_;
  std::uint32_t last_id_ = 0;
};

}  // namespace glass::ice
