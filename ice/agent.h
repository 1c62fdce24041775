// ice/agent.h - an ICE agent: finds a path to the peer, and watches that it stays one.
//
//   add_host, gather ----> CandidateFound..., GatheringDone      to the peer, by signaling
//   set_remote, add_remote_candidate, end_of_remote_candidates   from the peer, by signaling
//   receive, on_time, poll_transmit                              STUN on the paths themselves
//   -----> PathSelected, StateChanged;  permits(path) for all that is not STUN;  wrap, unwrap
//
// One data stream with one component. The procedures are in seven files: agent.cc (life, the node),
// local.cc (our candidates), remote.cc (the peer's, and pairs), checks.cc (what we ask), answers.cc
// (what we are asked), nomination.cc (what comes of it), explain.cc (why not connected).
// RFC 8445, RFC 8838 (trickling), RFC 7675 (consent), RFC 8863 (patience), RFC 6544 (TCP).
// Tested by: tests/ice/agent_test.cc and its neighbours
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/machine.h"
#include "base/node.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "base/timers.h"
#include "base/trace.h"
#include "ice/candidate.h"
#include "ice/checklist.h"
#include "ice/consent.h"
#include "ice/credentials.h"
#include "ice/events.h"
#include "ice/gathering.h"
#include "ice/relays.h"
#include "ice/retransmission.h"
#include "ice/timing.h"
#include "ice/wire.h"
#include "stun/message.h"

namespace glass::ice {

// A lite peer answers checks and sends none (RFC 8445 §2.5).
enum class RemoteKind : std::uint8_t { kFull, kLite };

// Which of our candidates the peer hears of, and which are used (RFC 8828 §5.2).
enum class Policy : std::uint8_t {
  kAll,
  kRelay,  // only what TURN servers lend: the peer learns no address of ours
  kNoHost  // not the addresses of this machine, only how they look from outside
};
std::string_view to_text(Policy policy);

struct Config {
  Role role = Role::kControlling;
  Credentials local;  // of make_credentials()
  std::vector<Address> stun_servers;
  std::vector<TurnServer> turn_servers;
  Policy policy = Policy::kAll;
  // RFC 8445 §2.5: answers checks and sends none. Only for who is reachable by everybody.
  bool is_lite = false;
  // RFC 6544: from each address, connections are opened to the peer's passive candidates.
  bool opens_tcp = false;
  // Host candidates are published under names that only the own network can resolve: see
  // NamePublished.
  bool hides_addresses = false;
  // RFC 8445 §5.1.1.1 keeps loopback addresses out. Tests on one machine want them.
  bool allow_loopback = false;
  Timing timing;
  Limits limits;
};

enum class AgentError : std::uint8_t {
  kClosed,             // the agent is closed
  kBadCredentials,     // too short, too long, or characters that do not belong there
  kNeedsRestart,       // other credentials of the peer: it has restarted, and so must we
  kSameCredentials,    // a restart needs a new fragment and a new password
  kTooManyCandidates,  // the limit is reached
  kAfterTheEnd,        // the peer has said that no more would come
  kOtherGeneration,    // the candidate belongs to other credentials
  kUnusableAddress,    // not an address that peers could reach, or already there
  kBothLite            // neither of the two would look for a path
};
std::string_view to_text(AgentError error);

// What is known of a pair, for people.
struct PairReport {
  Path path;       // a relayed pair has our relayed address as path.local
  Address mapped;  // how the peer sees path.local; unspecified: not known
  CandidateType local_type = CandidateType::kHost;
  CandidateType remote_type = CandidateType::kHost;
  std::uint64_t priority = 0;
  PairState state = PairState::kFrozen;
  PairFailure failure = PairFailure::kNone;
  bool is_valid = false;
  bool is_nominated = false;
  bool is_selected = false;
  Duration round_trip{};
  std::uint32_t checks_sent = 0;
  std::string fate;  // one sentence: what became of the pair, and why
};

// What became of a candidate of ours or the peer's, or of a server that we asked for one.
struct Fate {
  std::string subject;  // "host 192.0.2.1:1000", "TURN server 203.0.113.3:3478 over TCP"
  std::string sentence;
};

enum class AgentTimer : std::uint8_t {
  kPacing,      // Ta
  kPatience,    // RFC 8863 §4, and then the limit of checking
  kNomination,  // a better pair had its chance
  kConsent,     // the next consent request
  kWarning,     // no consent lately
  kExpiry,      // consent is lost
  kKeepalive,   // server-reflexive bindings
  kLinger       // what was before the restart is forgotten
};
inline constexpr std::size_t kAgentTimerCount = 8;
std::string_view name(AgentTimer timer);

class Agent {
 public:
  using Event = ice::Event;

  Agent(Config config, Random& random, const Trace& trace);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // A socket on `local` exists: it becomes a host candidate once gather() is called, or with the
  // next restart if gathering is done. For TCP, a listener (RFC 6544: a passive candidate).
  Result<void, AgentError> add_host(Instant now, const Address& local,
                                    Transport transport = Transport::kUdp);
  // The address is gone, and with it what was reached from there. A path that is lost is replaced
  // by another one that works; new addresses want a restart().
  void remove_host(Instant now, const Address& local);
  void gather(Instant now);
  Result<void, AgentError> set_remote(Instant now, const Credentials& remote,
                                      RemoteKind kind = RemoteKind::kFull);
  // May come before set_remote(). A name leads to NameWanted.
  Result<void, AgentError> add_remote_candidate(Instant now, const Candidate& candidate);
  // The answer to NameWanted; nullopt: nobody knows the name.
  void resolved(Instant now, std::string_view name, std::optional<Address> address);
  void end_of_remote_candidates(Instant now);
  // Before set_remote(): which side we are. Conflicts are repaired by the agents themselves.
  void set_role(Instant now, Role role);
  // New credentials, everything anew; data flows on the old path until there is a new one.
  Result<void, AgentError> restart(Instant now, const Credentials& local);
  void close(Instant now);
  // What the driver may know: this connection cannot be made, or has been closed.
  void on_unreachable(Instant now, const Path& path);

  // What the layer above sends on selected() passes through here: a relayed path becomes the way to
  // its server, and the payload what the server relays. nullopt: not to be sent. No allocation.
  std::optional<Path> wrap(Instant now, const Path& path, PacketBuffer& out) {
    return relays_.wrap(now, path, out);
  }
  // The datagram as the peer sent it: `in` itself, or what a TURN server relays, then on a path
  // from our relayed address. nullopt: it was the server's own message. No allocation.
  std::optional<Received> unwrap(Instant now, const Received& in);
  // Is this the way to a TURN server that we use?
  [[nodiscard]] bool is_relay(const Path& path) const { return relays_.owns(path); }
  // Is this the answer to something that we have asked?
  [[nodiscard]] bool awaits(const stun::TransactionId& id) const;

  // May a datagram that came this way be the peer's? No allocation, as for selected().
  [[nodiscard]] bool permits(const Path& path) const;
  // Where to send data now: the nominated pair, before that the best valid one.
  [[nodiscard]] std::optional<Path> selected() const { return path_; }
  // Smoothed, of the selected pair; zero: not measured yet.
  [[nodiscard]] Duration round_trip() const { return round_trip_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] const Credentials& local_credentials() const { return local_; }
  [[nodiscard]] const std::optional<Credentials>& remote_credentials() const { return remote_; }
  [[nodiscard]] bool is_gathering_done() const { return gathering_state_ == GatheringState::kDone; }
  [[nodiscard]] std::vector<Candidate> local_candidates() const;
  [[nodiscard]] std::span<const Candidate> remote_candidates() const { return remote_candidates_; }
  [[nodiscard]] std::vector<PairReport> pairs() const;
  // Why (not) connected: one sentence for all, and one for each candidate and each server.
  [[nodiscard]] std::string explain() const;
  [[nodiscard]] std::vector<Fate> fates() const;

  void receive(Instant now, const Received& outer);
  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const;
  std::optional<Path> poll_transmit(Instant now, PacketBuffer& out);
  std::optional<Event> poll_event();

 private:
  enum class GatheringState : std::uint8_t { kNew, kGathering, kDone };

  // Where our datagrams come from, as the peer's network sees it without NATs: a socket of ours, or
  // an address that a TURN server lends.
  struct Base {
    Transport transport = Transport::kUdp;
    Address address;               // of TCP connections that we open: port kActivePort
    std::uint16_t preference = 0;  // RFC 8445 §5.1.2.1, without the part of RFC 6544 §4.2
    CandidateType type = CandidateType::kHost;  // or relayed
    TcpType tcp_type = TcpType::kNone;
    Address related;                               // of a relayed one: what the server has seen
    Address server;                                // of a relayed one
    Transport server_transport = Transport::kUdp;  // to it
    bool is_announced = false;
    std::string name;  // under which the address is published; empty: none

    // RFC 8445 §5.1.1.3.
    [[nodiscard]] Transport obtained_by() const {
      return type == CandidateType::kRelayed ? server_transport : transport;
    }
    // RFC 8445 §5.1.2.1, RFC 6544 §4.2.
    [[nodiscard]] std::uint32_t priority(CandidateType as) const {
      return candidate_priority(as, tcp_preference(as, tcp_type, preference), 1, transport);
    }
  };
  struct Local {
    Candidate candidate;
    Address base;
  };
  // A name of the peer's candidates.
  struct Name {
    enum class State : std::uint8_t { kWanted, kUnknown, kRefused, kKnown };
    std::string text;
    State state = State::kWanted;
  };
  // A check in flight. Cancelled: not repeated, but an answer still counts.
  struct Check {
    stun::TransactionId id;
    PairId pair;
    Path path;
    Role role = Role::kControlling;
    std::uint32_t priority = 0;
    bool is_nominating = false;
    bool is_cancelled = false;
    Retransmission schedule;
    ByteVector message;
  };
  struct EarlyCheck {
    Path path;
    std::string asking;
    std::uint32_t priority = 0;
    bool use_candidate = false;
    std::uint32_t nomination = 0;  // of a peer that renominates
  };
  // What goes on while the next session looks for its path (RFC 8445 §9, RFC 7675 §5.1).
  struct Before {
    Credentials local;
    std::optional<Credentials> remote;
    std::optional<Path> path;
  };
  // How many ports of a remote host a base has learnt from checks in this session.
  struct Learnt {
    Address base;
    Address host;
    std::size_t ports = 0;
  };
  // A request that is being judged.
  struct Asked {
    CheckContent content;
    const Credentials* local = nullptr;  // whose password protects it; null: not authenticated
    Protection protection = Protection::kNone;
    stun::UnknownAttributes unknown;
  };

  // local.cc
  void add_base(Instant now, Base base);
  [[nodiscard]] const Base* base_at(const Path& path) const {
    return base_at(path.transport, path.local);
  }
  [[nodiscard]] const Base* base_at(Transport transport, const Address& address) const;
  void announce_host(Instant now, Base& host);
  void ask_servers(const Base& host);
  [[nodiscard]] bool is_published(CandidateType type) const;
  void publish_name(Base& host);
  void announce(CandidateType type, const Address& address, const Base& base,
                const Address& server);
  void on_reflection(Instant now, const Reflection& reflection);
  void finish_gathering(Instant now);
  void hear_relays(Instant now);
  void on_relay_ready(Instant now, const RelayReady& ready);
  void on_permitted(const RelayPermits& permits);
  void drop_base(Instant now, const Path& path, PairFailure why);
  template <class IsHit>
  void give_up_pairs(Instant now, PairFailure why, IsHit is_hit) {
    bool is_any = false;
    for (Pair& pair : checklist_.pairs()) {
      if (!is_hit(pair)) continue;
      is_any = true;
      give_up(pair, why);
    }
    if (is_any) on_pairs_given_up(now);
  }

  // remote.cc
  [[nodiscard]] bool admit_known(const Candidate& candidate);
  void admit_remote(const Candidate& candidate);
  void want_name(const std::string& name);
  void pair_with_all_remotes(const Local& local);
  void pair_with_all_locals(const Candidate& remote);
  void pair_up(const Local& local, const Candidate& remote);
  [[nodiscard]] bool is_of_this_generation(const Candidate& candidate) const;

  // explain.cc
  [[nodiscard]] std::string fate_of(const Pair& pair) const;
  [[nodiscard]] std::string fate_of(const Candidate& remote) const;
  [[nodiscard]] std::string failure_sentence() const;

  // agent.cc
  void on_message(Instant now, const Received& in);
  void on_timer(Instant now, AgentTimer timer);
  void enqueue(Outgoing outgoing);
  // The machine and what the layer above is told of it.
  template <class Next>
  void move(Next next, State state) {
    machine_.move(std::move(next));
    events_.emplace_back(StateChanged{state_, state});
    state_ = state;
  }
  void forget_session();

  // checks.cc
  void schedule(Instant now);
  [[nodiscard]] bool may_check() const;
  [[nodiscard]] bool await_permission(Instant now, Pair& pair);
  [[nodiscard]] Duration check_rto() const;
  [[nodiscard]] bool has_paced_work() const;
  void start_paced(Instant now);
  void start_check(Instant now, Pair& pair);
  [[nodiscard]] CheckContent content_for(std::string_view username, std::uint32_t priority,
                                         bool use_candidate) const;
  void repeat_checks(Instant now);
  void cancel_checks(PairId pair);
  void on_response(Instant now, const Path& path, const stun::MessageView& message);
  void on_check_response(Instant now, const Path& path, const stun::MessageView& message);
  void on_check_success(Instant now, const Check& check, const Address& mapped);
  void on_check_error(Instant now, const Check& check, const stun::MessageView& message);
  void on_check_failed(Instant now, const Check& check, PairFailure why);
  void on_role_conflict(Instant now, const Check& check);
  Pair& make_valid(Instant now, const Check& check, Pair& pair, const Address& mapped);
  [[nodiscard]] bool is_authentic(const stun::MessageView& message, const Credentials& key) const;

  // answers.cc
  void on_request(Instant now, const Path& path, const stun::MessageView& message);
  [[nodiscard]] unsigned authenticate(const stun::MessageView& message, Asked& asked) const;
  [[nodiscard]] unsigned judge(Instant now, const Path& path, const stun::MessageView& message,
                               Asked& asked);
  [[nodiscard]] bool repair_role(Instant now, const CheckContent& content);
  void refuse(const Path& path, const stun::MessageView& message, unsigned code,
              const Asked& asked);
  void on_accepted(Instant now, const EarlyCheck& check);
  void remember_early(const EarlyCheck& check);
  void on_accepted_by_lite(Instant now, const EarlyCheck& check);
  void on_lite_heard(Instant now);
  Pair* pair_of(const EarlyCheck& check);
  [[nodiscard]] bool learn_remote(const Path& path, std::uint32_t priority);
  [[nodiscard]] bool may_learn(const Path& path);
  [[nodiscard]] bool forget_failed_stranger();
  [[nodiscard]] const Candidate* remote_at(const Path& path) const;
  void trigger(Instant now, Pair& pair, bool use_candidate);

  // nomination.cc
  void switch_role(Instant now, Role role);
  void maybe_nominate(Instant now);
  [[nodiscard]] Instant chance_of_better(const Pair& best) const;
  void on_nominated(Instant now, Pair& pair);
  [[nodiscard]] bool outranks_selected(const Pair& pair, Instant now);
  [[nodiscard]] std::uint64_t valid_priority(const Pair& pair) const;
  [[nodiscard]] Pair* best_valid(Instant now);
  void choose_path(Instant now);
  void follow(Instant now, const Pair& pair);
  void update_failed(Instant now);
  void on_patience_over(Instant now);
  void fail(Instant now);
  void watch_consent();
  void ask_for_consent(Instant now);
  void on_consent_answer(Instant now, const Path& path, const stun::MessageView& message);
  void on_consent_warning(Instant now);
  void on_path_answered(Instant now);
  void doubt_selected(Instant now);
  [[nodiscard]] Pair* other_nominated(Instant now);
  void on_consent_lost(Instant now);
  void measure(Pair& pair, Duration sample);
  void give_up(Pair& pair, PairFailure why);
  void on_pairs_given_up(Instant now);
  void try_others();
  [[nodiscard]] bool has_hope() const;
  void on_heard_again();
  void lose_path();

  Config config_;
  Random* random_;
  Trace trace_;
  Machine<kAgentArrows, New, Checking, Connected, Completed, Disconnected, Failed, Closed> machine_;
  State state_ = State::kNew;
  Timers<AgentTimer, kAgentTimerCount> timers_;

  Role role_;
  std::uint64_t tie_breaker_;
  Credentials local_;
  std::optional<Credentials> remote_;

  std::vector<Base> bases_;
  std::vector<Local> local_candidates_;
  std::vector<Candidate> remote_candidates_;
  std::size_t peer_reflexive_count_ = 0;
  std::uint32_t peer_reflexive_serial_ = 0;  // for foundations
  std::vector<Learnt> learnt_;
  bool remote_is_done_ = false;
  Foundations foundations_;
  Gathering gathering_;
  Relays relays_;
  std::vector<Name> names_;
  GatheringState gathering_state_ = GatheringState::kNew;

  Checklist checklist_;
  std::vector<Check> checks_;
  std::vector<EarlyCheck> early_;
  std::optional<Instant> last_start_;  // of a paced transaction
  std::optional<Instant> first_valid_;
  std::optional<PairId> nominating_;  // by us
  std::optional<PairId> nominated_;
  Instant nominated_at_{};
  std::optional<Instant> doubted_;       // when the peer was seen to check another pair
  std::optional<Instant> silent_since_;  // the nominated pair does not answer: others are tried
  bool is_patience_over_ = false;
  bool was_connected_ = false;  // in this session

  std::optional<Path> path_;
  std::optional<PairId> path_pair_;  // of path_; none: the path is older than the restart
  Duration round_trip_{};
  Consent consent_;
  std::optional<Before> before_;

  std::deque<Outgoing> outgoing_;
  std::deque<Event> events_;
};

static_assert(Node<Agent>);

}  // namespace glass::ice
