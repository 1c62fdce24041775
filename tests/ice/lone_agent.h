// tests/ice/lone_agent.h - one agent, and a peer that the test plays by hand.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/writer.h"
#include "ice/wire.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "tests/ice/network.h"

namespace glass::ice::test {

inline constexpr std::uint32_t kPeerPriority = 1862270975;  // peer-reflexive, preference 65535
inline constexpr std::uint64_t kLow = 1;
inline constexpr std::uint64_t kHigh = UINT64_MAX;

inline Candidate host_candidate(const Address& address, std::uint16_t preference = 65535) {
  Candidate candidate;
  candidate.foundation = "9";
  candidate.priority = candidate_priority(CandidateType::kHost, preference);
  candidate.address = address;
  return candidate;
}

// The agent is on kA with the credentials kLeft; the peer, kRight, is wherever the test says.
struct LoneAgent {
  Network net;
  Party* party = nullptr;
  std::string username = "left:righ";
  std::uint64_t next_id = 1;

  explicit LoneAgent(Role role = Role::kControlled,
                     const std::function<void(Config&)>& adjust = {}) {
    Config config = config_of(kLeft, role);
    if (adjust) adjust(config);
    party = &net.add(std::move(config), 7);
    net.host(*party, kA);
  }
  Agent& agent() { return party->agent; }
  // The peer's description: credentials, and a host candidate for each address.
  void introduce(const std::vector<Address>& addresses = {kB}) {
    agent().gather(net.now);
    EXPECT_TRUE(agent().set_remote(net.now, kRight).has_value());
    std::uint16_t preference = 65535;
    for (const Address& address : addresses)
      EXPECT_TRUE(agent().add_remote_candidate(net.now, host_candidate(address, preference--)));
    net.settle();
  }

  stun::TransactionId fresh_id() {
    stun::TransactionId id;
    id.bytes[11] = static_cast<std::uint8_t>(next_id);
    id.bytes[10] = static_cast<std::uint8_t>(next_id++ >> 8);
    return id;
  }
  // A check as a well-behaved peer in the other role would send it.
  CheckContent content() {
    CheckContent out;
    out.username = username;
    out.priority = kPeerPriority;
    (agent().role() == Role::kControlling ? out.controlled : out.controlling) = kLow;
    return out;
  }
  CheckContent nominating() {
    CheckContent out = content();
    out.use_candidate = true;
    return out;
  }
  void deliver(ByteVector bytes, const Address& from = kB) {
    net.inject({Transport::kUdp, kA, from}, std::move(bytes));
    net.run(0ms);
  }
  void check(const CheckContent& content, const Address& from = kB) {
    deliver(write_check(fresh_id(), content, kLeft.pwd), from);
  }

  [[nodiscard]] std::vector<Datagram> sent(stun::Class cls) const {
    std::vector<Datagram> out;
    for (const Datagram& datagram : net.sent)
      if (view(datagram).cls() == cls) out.push_back(datagram);
    return out;
  }
  // The checks that the agent has sent, repetitions included.
  [[nodiscard]] std::vector<Datagram> checks() const { return sent(stun::Class::kRequest); }
  // The agent's last answer: 0 for success, or the code of the error.
  [[nodiscard]] unsigned last_answer() const {
    for (auto datagram = net.sent.rbegin(); datagram != net.sent.rend(); ++datagram) {
      const auto message = view(*datagram);
      if (message.cls() == stun::Class::kSuccess) return 0;
      if (message.cls() == stun::Class::kError) return stun::get<stun::ErrorCode>(message)->code;
    }
    return 999;
  }
  // The peer answers one of checks().
  void answer(const Datagram& check, const Address& mapped = kA,
              std::string_view pwd = kRight.pwd) {
    net.inject({Transport::kUdp, check.path.local, check.path.remote},
               write_success(view(check).transaction(), mapped, {Protection::kSha1, pwd}));
    net.run(0ms);
  }
  void answer_error(const Datagram& check, unsigned code, std::string_view pwd = kRight.pwd) {
    net.inject({Transport::kUdp, check.path.local, check.path.remote},
               write_error(view(check).transaction(), code, {}, {Protection::kSha1, pwd}));
    net.run(0ms);
  }
  // As the controlled agent: on kB, nominated by the peer and agreed.
  void complete() {
    introduce();
    net.run(0ms);
    check(nominating());
    answer(checks().front());
    EXPECT_EQ(agent().state(), State::kCompleted);
  }
  PairReport pair(std::size_t index = 0) { return agent().pairs().at(index); }
};

}  // namespace glass::ice::test
