#include "demo/scenarios/meeting.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/random.h"
#include "base/text.h"
#include "crypto/certificate.h"
#include "crypto/seeded_random.h"
#include "demo/scenarios/households.h"
#include "demo/scenarios/signaling.h"
#include "peer/peer.h"
#include "sim/world.h"
#include "stun/binding_server.h"
#include "stun/credentials.h"
#include "stun/turn/relay_ports.h"
#include "stun/turn/server.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kWallSeconds = 1'767'225'600;  // 2026-01-01, as the certificates see it
// Longer than all that may be waited for in turn: the patience of ICE (39.5 s), a DTLS handshake
// (60 s), INIT and COOKIE ECHO (243 s each) and data (363 s) until SCTP gives up.
constexpr Duration kConnectLimit = 16min;
constexpr Duration kSettleLimit = 10s;    // for the nomination of the path that stays
constexpr Duration kRecoverLimit = 240s;  // of a mishap
constexpr Duration kMishapAfter = 2s;     // of quiet talking
constexpr Duration kTurnOutage = 20s;
constexpr Duration kTalkInterval = 1s;
constexpr Duration kRestartInterval = 8s;  // an application does not restart while it restarts
constexpr unsigned kMaxRestarts = 6;
constexpr std::uint16_t kAlicePort = 50001;
constexpr std::uint16_t kBobPort = 50002;

const Address kStun = *parse_address("203.0.113.3:3478");
const Address kTurn = *parse_address("203.0.113.4:3478");
const Address kTurnTls = *parse_address("203.0.113.4:443");
constexpr std::string_view kTurnUser = "meeting";
constexpr std::string_view kTurnPassword = "under the oak";
const Address kAliceOnTheMove = *parse_address("10.9.0.2:50001");
const Address kMobileWall = *parse_ip("192.0.2.99");

// A TURN server, and what becomes of it.
class Relay {
 public:
  Relay(sim::World& world, Sink* sink)
      : world_(world), host_(world.name("turn server")), sink_(sink) {
    (void)credentials_.add(kTurnUser, kTurnPassword);
  }
  void start() {
    random_.emplace(world_.seed_for("turn server") + starts_++);
    server_.emplace(
        stun::turn::ServerConfig{
            .listening = {kTurn, kTurnTls},
              .relay_v4 = kTurn.with_port(0)
    },
        ports_, credentials_, *random_, Trace(sink_, host_.value(), Layer::kTurn));
    world_.host("turn server", *server_, kTurn.with_port(0),
                [](const stun::turn::Server::Event&) {});
  }
  // Without a word to anybody.
  void stop() {
    world_.remove(host_);
    world_.remove_address(host_, kTurn.with_port(0));
  }
  [[nodiscard]] sim::HostId host() const { return host_; }

 private:
  sim::World& world_;
  sim::HostId host_;
  Sink* sink_;
  stun::turn::AnyPort ports_;  // in the world, every port of its address is its own already
  stun::StaticCredentials credentials_;
  std::optional<SeededRandom> random_;
  std::optional<stun::turn::Server> server_;
  std::uint64_t starts_ = 0;
};

class Meeting {
 public:
  Meeting(const MeetingOptions& options, Sink* sink)
      : options_(options),
        world_(options.seed, sink),
        signaling_(world_, sink),
        provider_(make_provider(sink)),
        alice_home_(world_, sink, options.alice, plan_of_alice(), provider_id_),
        bob_home_(world_, sink, options.bob, plan_of_bob(), provider_id_),
        alice_(*this, plan_of_alice(), alice_home_, kAlicePort, sink),
        bob_(*this, plan_of_bob(), bob_home_, kBobPort, sink),
        stun_host_(world_.name("stun server")),
        stun_({}, Trace(sink, stun_host_.value(), Layer::kStun)) {
    world_.host("stun server", stun_, kStun, [](const stun::BindingServer::Event&) {});
    far_away(stun_host_);
    if (options.turn) {
      relay_.emplace(world_, sink).start();
      far_away(relay_->host());
    }
    mobile_host_ = world_.router("mobile network", mobile_, std::span(&kMobileWall, 1));
    far_away(mobile_host_);
    if (provider_ != nullptr) far_away(provider_id_);
    far_away(alice_home_.outermost() != sim::kInternet ? alice_home_.outermost() : alice_.host);
    far_away(bob_home_.outermost() != sim::kInternet ? bob_home_.outermost() : bob_.host);
    if (options.fork)
      world_.at(Instant{} + options.fork->at, [this](sim::World&) { fork(*options_.fork); });
  }

  MeetingResult run() {
    if (start() && connect() && options_.mishap) suffer();
    finish();
    return result_;
  }
  [[nodiscard]] const std::vector<std::string>& names() const { return world_.names(); }

 private:
  struct Person {
    Person(Meeting& meeting, const Plan& plan, const Home& home, std::uint16_t port, Sink* sink)
        : host(meeting.world_.name(plan.name)),
          identity(crypto::Identity::make(plan.name, kWallSeconds)),
          random(meeting.world_.seed_for(plan.name)),
          peer(meeting.config_of(*this), random, sink) {
      meeting.world_.host(
          plan.name, peer, home.addresses(),
          [this, &meeting](peer::Peer::Event& event) { meeting.on_event(*this, event); },
          home.segment());
      for (const Address& address : home.addresses())
        (void)peer.add_host(meeting.world_.now(), address.with_port(port));
    }
    [[nodiscard]] Signaling::End end() { return {host, peer}; }

    sim::HostId host;
    crypto::Identity identity;
    SeededRandom random;
    peer::Peer peer;
    sctp::ChannelId chat;
    bool is_open = false;
    std::string failure;
  };

  // --- The world ---

  std::unique_ptr<sim::Nat> make_provider(Sink* sink) {
    if (!options_.shared_cgnat) return nullptr;
    const Address outside = *parse_ip("192.0.2.64");
    const Trace trace(sink, world_.name("provider").value(), Layer::kNet);
    auto nat = std::make_unique<sim::Nat>(*options_.shared_cgnat, std::span(&outside, 1),
                                          world_.seed_for("provider"), trace);
    provider_id_ = world_.router("provider", *nat, std::span(&outside, 1));
    return nat;
  }
  peer::Config config_of(const Person& person) const {
    peer::Config config;
    config.identity = &person.identity;
    config.dtls_max_version = dtls::Version::k12;  // as in first_light.cc
    config.node = person.host.value();
    config.stun_servers.push_back(kStun);
    if (!options_.turn) return config;
    // As a careful application has it: UDP, and what gets out where UDP does not.
    const std::array ways{
        std::pair{Transport::kUdp, kTurn   },
        std::pair{Transport::kTcp, kTurn   },
        std::pair{Transport::kTls, kTurnTls}
    };
    for (const auto& [transport, address] : ways)
      config.turn_servers.push_back(
          {transport, address, std::string(kTurnUser), std::string(kTurnPassword)});
    return config;
  }
  // Half of the way is on this side, and all of what may go wrong on the way out.
  void far_away(sim::HostId outermost) {
    far_.push_back(outermost);
    set_uplink(outermost);
  }
  void fork(Fork other) {
    options_.loss_per_million = other.loss_per_million;
    options_.delay = other.delay;
    options_.jitter = other.jitter;
    for (const sim::HostId host : far_) set_uplink(host);
  }
  void set_uplink(sim::HostId outermost) {
    const Duration half = options_.delay / 2;
    world_.uplink(outermost,
                  {.delay = half, .jitter = options_.jitter, .loss = {options_.loss_per_million}},
                  {.delay = half});
  }

  void carry_offer(const std::string& offer) {
    signaling_.carry_offer(alice_.end(), bob_.end(), offer,
                           [this](const peer::Error& error) { bob_.failure = to_text(error); });
  }

  // --- The story ---

  bool start() {
    sctp::ChannelConfig config;
    config.label = "chat";
    const auto chat = alice_.peer.open(world_.now(), config);
    const auto offer = alice_.peer.create_offer(world_.now());
    if (!chat || !offer) {
      result_.why = "Alice cannot make an offer";
      return false;
    }
    alice_.chat = *chat;
    carry_offer(*offer);
    world_.poke(alice_.host);
    return true;
  }

  [[nodiscard]] bool are_connected() const { return answers_ > 0; }
  [[nodiscard]] bool is_over() const {
    return is_over(alice_.peer.state()) && is_over(bob_.peer.state());
  }
  [[nodiscard]] static bool is_over(peer::State state) {
    return state == peer::State::kFailed || state == peer::State::kClosed;
  }
  [[nodiscard]] bool have_settled() const {
    return alice_.peer.ice().state() == ice::State::kCompleted &&
           bob_.peer.ice().state() == ice::State::kCompleted;
  }

  bool connect() {
    const Instant limit = world_.now() + kConnectLimit;
    while (!are_connected() && !is_over() && world_.now() < limit && world_.step()) continue;
    if (!are_connected()) return false;
    result_.connected = world_.now();
    const Instant settled = world_.now() + kSettleLimit;
    while (!have_settled() && world_.now() < settled && world_.step()) continue;
    judge_path();
    return true;
  }

  void judge_path() {
    result_.met = Met::kNot;
    const auto is_relayed = [](const ice::PairReport& pair) {
      return pair.is_selected && (pair.local_type == ice::CandidateType::kRelayed ||
                                  pair.remote_type == ice::CandidateType::kRelayed);
    };
    const auto alices = alice_.peer.ice().pairs();
    const auto bobs = bob_.peer.ice().pairs();
    const auto pair = std::ranges::find_if(alices, &ice::PairReport::is_selected);
    if (pair == alices.end()) return;
    result_.met = std::ranges::any_of(alices, is_relayed) || std::ranges::any_of(bobs, is_relayed)
                      ? Met::kRelay
                      : Met::kDirect;
    // Which candidate the base stands for is known by how the peer sees it.
    const auto locals = alice_.peer.ice().local_candidates();
    const bool is_seen = !pair->mapped.is_unspecified();
    const Address& local = is_seen ? pair->mapped : pair->path.local;
    const auto known = std::ranges::find(locals, local, &ice::Candidate::address);
    const auto type = known != locals.end() ? known->type
                      : is_seen             ? ice::CandidateType::kPeerReflexive
                                            : pair->local_type;
    result_.path = std::string(to_text(type)) + ' ' + glass::to_text(local) + " <-> " +
                   std::string(to_text(pair->remote_type)) + ' ' +
                   glass::to_text(pair->path.remote);
  }

  void suffer() {
    world_.run_for(kMishapAfter);
    result_.struck = world_.now();
    strike(*options_.mishap);
    is_struck_ = true;
    const Instant limit = world_.now() + kRecoverLimit;
    while (result_.recovered == kNever && !has_given_up_ && world_.now() < limit && world_.step())
      continue;
    if (result_.recovered == kNever) {
      result_.met = Met::kNot;
      return;
    }
    world_.run_for(kSettleLimit);
    judge_path();
  }

  void strike(Mishap mishap) {
    switch (mishap) {
      case Mishap::kRebinding: alice_home_.rebind(); break;
      case Mishap::kReboot: alice_home_.reboot(); break;
      case Mishap::kInterfaceChange: change_interface(); break;
      case Mishap::kTurnLost:
        if (relay_) relay_->stop();
        break;
      case Mishap::kTurnRestarted:
        if (!relay_) break;
        relay_->stop();
        world_.at(world_.now() + kTurnOutage, [this](sim::World&) { relay_->start(); });
        break;
    }
  }
  // The phone says what it has, and the application restarts at once.
  void change_interface() {
    for (const Address& address : alice_home_.addresses())
      alice_.peer.remove_host(world_.now(), address.with_port(kAlicePort));
    const Address everything = kAliceOnTheMove.with_port(0);
    world_.move(alice_.host, std::span(&everything, 1), mobile_host_);
    (void)alice_.peer.add_host(world_.now(), kAliceOnTheMove);
    is_struck_ = true;
    restart();
  }

  void finish() {
    result_.ended = world_.now();
    alice_home_.list(result_.tables, world_.now());
    bob_home_.list(result_.tables, world_.now());
    if (provider_ != nullptr)
      result_.tables.push_back(
          {"provider", short_text(provider_->behaviour()), provider_->table(world_.now())});
    result_.restarts = restarts_;
    if (result_.met == Met::kNot && result_.why.empty()) result_.why = why_not();
    alice_.peer.close(world_.now());
    bob_.peer.close(world_.now());
    world_.poke(alice_.host);
    world_.poke(bob_.host);
    world_.run_for(1s);
  }
  [[nodiscard]] std::string why_not() const {
    return "alice: " + why_not(alice_) + "\nbob: " + why_not(bob_);
  }
  // What the peer complained of; else the layer that it hangs at; then the fate of every candidate.
  [[nodiscard]] static std::string why_not(const Person& person) {
    std::string out = person.failure.empty() ? person.peer.explain() : person.failure;
    for (const ice::Fate& fate : person.peer.ice().fates())
      out += "\n  " + fate.subject + ": " + fate.sentence;
    return out;
  }

  // --- What the peers say ---

  void on_event(Person& person, peer::Peer::Event& event) {
    Person& other = &person == &alice_ ? bob_ : alice_;
    const auto handle = [&](auto& e) {
      using E = std::remove_cvref_t<decltype(e)>;
      if constexpr (std::is_same_v<E, peer::LocalCandidate>) {
        signaling_.carry_candidate(person.host, other.end(), e.line);
      } else if constexpr (std::is_same_v<E, peer::GatheringDone>) {
        signaling_.carry_candidate(person.host, other.end(), "");
      } else if constexpr (std::is_same_v<E, peer::StateChanged>) {
        on_state(e.to);
      } else if constexpr (std::is_same_v<E, peer::Failed>) {
        person.failure = to_text(e.error);
      } else if constexpr (std::is_same_v<E, sctp::ChannelOpened>) {
        on_opened(person, e);
      } else if constexpr (std::is_same_v<E, sctp::ChannelMessage>) {
        on_message(person, e);
      }
    };
    std::visit(handle, event);
  }
  // An application that has been connected wants to be so again.
  void on_state(peer::State state) {
    if (!is_struck_) return;
    if (state == peer::State::kDisconnected || state == peer::State::kFailed)
      signaling_.after([this](sim::World&) { restart(); });
  }
  void restart() {
    if (result_.recovered != kNever || world_.now() < next_restart_) return;
    if (restarts_ == kMaxRestarts) {
      has_given_up_ = is_over();
      return;
    }
    next_restart_ = world_.now() + kRestartInterval;
    ++restarts_;
    if (const auto offer = alice_.peer.restart_ice(world_.now())) {
      carry_offer(*offer);
    } else {
      alice_.failure = to_text(offer.error());
      has_given_up_ = true;
    }
    world_.poke(alice_.host);
  }
  void on_opened(Person& person, const sctp::ChannelOpened& opened) {
    person.chat = opened.id;
    person.is_open = true;
    if (&person == &alice_) talk();
  }
  // Alice says a number, Bob repeats it.
  void talk() {
    const std::string text = decimal(++said_);
    (void)alice_.peer.send(world_.now(), alice_.chat, sctp::MessageKind::kText, as_bytes(text));
    if (is_struck_ && first_after_ == 0) first_after_ = said_;
    world_.at(world_.now() + kTalkInterval, [this](sim::World& world) {
      talk();
      world.poke(alice_.host);
    });
  }
  void on_message(Person& person, const sctp::ChannelMessage& message) {
    if (&person == &bob_) {
      (void)bob_.peer.send(world_.now(), bob_.chat, sctp::MessageKind::kText, message.bytes);
      return;
    }
    ++answers_;
    const std::string_view text = as_text(message.bytes);
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (is_struck_ && first_after_ != 0 && number >= first_after_ && result_.recovered == kNever)
      result_.recovered = world_.now();
  }

  MeetingOptions options_;
  std::vector<sim::HostId> far_;  // the outermost of each network
  sim::World world_;
  Signaling signaling_;
  // What phones are in: one more NAT of the port-restricted kind.
  sim::Nat mobile_{{}, std::span(&kMobileWall, 1), 0};
  sim::HostId mobile_host_;
  std::optional<Relay> relay_;
  sim::HostId provider_id_ = sim::kInternet;
  std::unique_ptr<sim::Nat> provider_;
  Home alice_home_;
  Home bob_home_;
  MeetingResult result_;
  std::uint64_t said_ = 0;
  std::uint64_t answers_ = 0;
  std::uint64_t first_after_ = 0;  // the first number said after the mishap
  bool is_struck_ = false;
  bool has_given_up_ = false;
  unsigned restarts_ = 0;
  Instant next_restart_{};
  Person alice_;
  Person bob_;
  sim::HostId stun_host_;
  stun::BindingServer stun_;
};

}  // namespace

std::string_view to_text(Mishap mishap) {
  constexpr std::array<std::string_view, 5> kNames{"rebinding", "reboot", "interface change",
                                                   "TURN server lost", "TURN server restarted"};
  return kNames.at(std::to_underlying(mishap));
}

std::string_view to_text(Met met) {
  constexpr std::array<std::string_view, 3> kNames{"direct", "relay", "fail"};
  return kNames.at(std::to_underlying(met));
}

std::vector<std::string> meeting_names(const MeetingOptions& options) {
  return Meeting(options, nullptr).names();
}

MeetingResult meet(const MeetingOptions& options, Sink* sink) {
  crypto::seed_openssl(options.seed);
  MeetingResult result = Meeting(options, sink).run();
  crypto::unseed_openssl();
  return result;
}

}  // namespace glass::demo
