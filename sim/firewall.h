// sim/firewall.h - a router that translates nothing: it lets packets through, or it does not.
//
// What stands before IPv6 networks, and what blocks UDP in offices and hotels. A home router of
// today is a Nat for IPv4 and a Firewall for IPv6: DualStack puts the two into one.
// RFC 4787 §5 (the words for filtering).  Tested by: tests/sim/firewall_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/address.h"
#include "base/rule.h"
#include "base/time.h"
#include "sim/router.h"

namespace glass::sim {

// Which endpoints count as the same: RFC 4787 §4.1 says it of mappings, §5 of filters.
enum class Dependence : std::uint8_t {
  kNone,           // endpoint-independent
  kAddress,        // address-dependent
  kAddressAndPort  // address- and port-dependent
};
// "endpoint-independent" and so on.
std::string_view to_text(Dependence dependence);
// "ei", "ad", "apd".
std::string_view short_text(Dependence dependence);
// What is left of an address that counts only so far: nothing, the IP address, all of it.
Address relevant_part(const Address& address, Dependence dependence);

// What a network lets out at all, whoever asks.
struct Traffic {
  bool udp = true;
  bool tcp = true;
  std::uint16_t only_tcp_port = 0;  // toward this port alone; 0: toward any

  // Why a packet on its way out is held back, with the rule that says what helps.
  [[nodiscard]] Router::Verdict judge(const Header& header) const;
};

// A dropped packet, with the reason.
Router::Verdict refuse(Rule rule, std::string_view why);

struct FirewallRules {
  Traffic traffic{};
  // False: whoever is inside may be reached by everyone (for UDP and TCP as far as traffic says).
  bool is_stateful = true;
  Dependence filtering = Dependence::kAddressAndPort;
  Duration lifetime = std::chrono::minutes(5);        // of a silent UDP session
  Duration tcp_lifetime = std::chrono::minutes(124);  // RFC 5382 §5: two hours and four minutes
};

class Firewall final : public Router {
 public:
  // Sessions that are remembered; the one silent for longest is forgotten for a new one.
  static constexpr std::size_t kMaxSessions = 4096;

  explicit Firewall(const FirewallRules& rules) : rules_(rules) {}

  // Takes effect for the next packet.
  void set(const FirewallRules& rules) { rules_ = rules; }
  // Power off and on: every session is forgotten.
  void reboot() { sessions_.clear(); }

  Verdict forward(Instant now, Side from, Header& header) override;

  [[nodiscard]] std::size_t session_count(Instant now) const;

 private:
  struct Session {
    Transport transport = Transport::kUdp;
    Address inside;
    Address remote;  // as far as it counts
    Instant used;
    [[nodiscard]] auto key() const { return std::tie(transport, inside, remote); }
  };
  [[nodiscard]] bool is_over(const Session& session, Instant now) const;
  void remember(Instant now, const Session& session);

  FirewallRules rules_;
  std::vector<Session> sessions_;
};

// One router for two families.
class DualStack final : public Router {
 public:
  DualStack(Router& v4, Router& v6) : v4_(v4), v6_(v6) {}
  Verdict forward(Instant now, Side from, Header& header) override {
    return (header.target.is_v4() ? v4_ : v6_).forward(now, from, header);
  }

 private:
  Router& v4_;
  Router& v6_;
};

}  // namespace glass::sim
