// tests/ice/network.h - a few agents and the wires between them, in virtual time.
//
// Each datagram takes `delay`; drop() decides over losses. Everything that an agent says is kept.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/node.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "ice/agent.h"
#include "stun/message.h"
#include "tests/support/rules.h"

namespace glass::ice::test {

using namespace std::chrono_literals;

inline Address at(std::string_view text) { return *parse_address(text); }
inline Instant when(Duration since_start) { return Instant{} + since_start; }

inline const Address kA = at("192.0.2.1:1000");
inline const Address kB = at("198.51.100.2:2000");
inline const Address kServer = at("203.0.113.3:3478");

inline Credentials credentials(std::string_view name) {
  return {std::string(name), std::string(name) + "PasswordOf24Characters"};
}
inline const Credentials kLeft = credentials("left");
inline const Credentials kRight = credentials("righ");

struct Datagram {
  Instant sent;
  Path path;  // as the sender sees it
  ByteVector bytes;
};

// An agent with its dice and all that it has said.
struct Party {
  Party(Config config, std::uint64_t seed, std::uint16_t node)
      : random(seed),
        agent(std::move(config), random, glass::test::test_trace(Layer::kIce, node)) {}

  SeededRandom random;
  Agent agent;
  std::vector<Candidate> candidates;
  std::vector<std::pair<State, Instant>> states;
  std::vector<Path> paths;
  std::vector<std::string> names_wanted;
  std::vector<NamePublished> published;
  bool gathering_done = false;
  std::function<void(const Candidate&)> on_candidate;

  [[nodiscard]] Instant entered(State state) const {
    for (const auto& [entered_state, instant] : states)
      if (entered_state == state) return instant;
    return kNever;
  }
};

inline Config config_of(const Credentials& local, Role role) {
  Config config;
  config.local = local;
  config.role = role;
  return config;
}

class Network {
 public:
  Instant now{};
  Duration delay = 10ms;
  std::vector<Datagram> sent;                           // by agents, in order
  std::function<bool(const Datagram&)> drop;            // true: lost
  std::function<Path(const Path&)> translate;           // a NAT: the path of the sender, rewritten
  std::function<void(Network&, const Datagram&)> sink;  // gets what no agent owns

  Party& add(Config config, std::uint64_t seed) {
    parties_.push_back(std::make_unique<Party>(std::move(config), seed,
                                               static_cast<std::uint16_t>(parties_.size())));
    return *parties_.back();
  }
  // Datagrams to `address` reach this party's socket at `socket` (another one, behind a NAT).
  void route(const Address& address, Party& party, const Address& socket) {
    routes_[address] = {&party, socket};
  }
  void host(Party& party, const Address& address) {
    ASSERT_TRUE(party.agent.add_host(now, address).has_value());
    route(address, party, address);
  }
  // Arrives `after` from now, as the receiver sees it.
  void inject(const Path& receiver_path, ByteVector bytes, Duration after = 0ms) {
    flying_.emplace(now + after, Flying{receiver_path, std::move(bytes)});
  }
  void settle(Party& party) {
    drain(
        party.agent, now, scratch_, [&](const Path& path, Bytes bytes) { transmit(path, bytes); },
        [&](const Event& event) { note(party, event); });
  }
  void settle() {
    for (const auto& party : parties_) settle(*party);
  }
  // Runs until nothing happens before `end`, then stands at `end`.
  void run(Duration span) {
    const Instant end = now + span;
    settle();
    for (;;) {
      Instant next = flying_.empty() ? kNever : flying_.begin()->first;
      for (const auto& party : parties_) next = std::min(next, party->agent.next_time());
      if (next > end) break;
      now = std::max(now, next);
      step();
    }
    now = end;
  }
  template <class Done>
  bool run_until(Done done, Duration limit) {
    const Instant end = now + limit;
    settle();
    while (!done() && now < end) run(1ms);
    return done();
  }

 private:
  struct Flying {
    Path path;
    ByteVector bytes;
  };
  struct Owner {
    Party* party = nullptr;
    Address socket;
  };

  void step() {
    while (!flying_.empty() && flying_.begin()->first <= now) {
      Flying packet = std::move(flying_.begin()->second);
      flying_.erase(flying_.begin());
      const auto owner = routes_.find(packet.path.local);
      if (owner == routes_.end()) {
        if (sink)
          sink(*this, {
                          now,
                          {packet.path.transport, packet.path.remote, packet.path.local},
                          packet.bytes
          });
        continue;
      }
      packet.path.local = owner->second.socket;
      owner->second.party->agent.receive(now, {packet.path, packet.bytes});
      settle(*owner->second.party);
    }
    for (const auto& party : parties_) {
      if (party->agent.next_time() > now) continue;
      party->agent.on_time(now);
      EXPECT_GT(party->agent.next_time(), now) << "on_time() left something due";
      settle(*party);
    }
  }
  void transmit(const Path& path, Bytes bytes) {
    sent.push_back({now, path, ByteVector(bytes.begin(), bytes.end())});
    if (drop && drop(sent.back())) return;
    const Path seen = translate ? translate(path) : path;
    inject({seen.transport, seen.remote, seen.local}, sent.back().bytes, delay);
  }
  void note(Party& party, const Event& event) {
    if (const auto* found = std::get_if<CandidateFound>(&event)) {
      party.candidates.push_back(found->candidate);
      if (party.on_candidate) party.on_candidate(found->candidate);
    }
    if (std::holds_alternative<GatheringDone>(event)) party.gathering_done = true;
    if (const auto* state = std::get_if<StateChanged>(&event))
      party.states.emplace_back(state->to, now);
    if (const auto* selected = std::get_if<PathSelected>(&event))
      party.paths.push_back(selected->path);
    if (const auto* wanted = std::get_if<NameWanted>(&event))
      party.names_wanted.push_back(wanted->name);
    if (const auto* published = std::get_if<NamePublished>(&event))
      party.published.push_back(*published);
  }

  std::vector<std::unique_ptr<Party>> parties_;
  std::map<Address, Owner> routes_;
  std::multimap<Instant, Flying> flying_;
  PacketBuffer scratch_;
};

// Two agents with one socket each, who have gathered but know nothing of each other.
struct Pairing {
  Network net;
  Party* left = nullptr;
  Party* right = nullptr;

  explicit Pairing(Role left_role = Role::kControlling, Role right_role = Role::kControlled,
                   const std::function<void(Config&)>& adjust = {}) {
    Config mine = config_of(kLeft, left_role);
    Config theirs = config_of(kRight, right_role);
    if (adjust) adjust(mine);
    if (adjust) adjust(theirs);
    left = &net.add(std::move(mine), 1);
    right = &net.add(std::move(theirs), 2);
    net.host(*left, kA);
    net.host(*right, kB);
    left->agent.gather(net.now);
    right->agent.gather(net.now);
    net.settle();
  }
  // Each side learns all of the other at once.
  void introduce() {
    tell(*left, *right);
    tell(*right, *left);
    net.settle();
  }
  // `to` learns the credentials and the candidates of `from`.
  void tell(Party& to, Party& from) {
    EXPECT_TRUE(to.agent.set_remote(net.now, from.agent.local_credentials()).has_value());
    for (const Candidate& candidate : from.agent.local_candidates())
      EXPECT_TRUE(to.agent.add_remote_candidate(net.now, candidate).has_value());
    to.agent.end_of_remote_candidates(net.now);
  }
  bool connect(Duration limit = 5s) {
    introduce();
    return net.run_until(
        [&] {
          return left->agent.state() == State::kCompleted &&
                 right->agent.state() == State::kCompleted;
        },
        limit);
  }
};

inline stun::MessageView view(const Datagram& datagram) {
  return *stun::MessageView::parse(datagram.bytes);
}

}  // namespace glass::ice::test
