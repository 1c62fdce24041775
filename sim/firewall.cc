#include "sim/firewall.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/rule.h"
#include "base/time.h"
#include "sim/router.h"

namespace glass::sim {

std::string_view to_text(Dependence dependence) {
  constexpr std::array<std::string_view, 3> kNames{"endpoint-independent", "address-dependent",
                                                   "address- and port-dependent"};
  return kNames.at(std::to_underlying(dependence));
}

std::string_view short_text(Dependence dependence) {
  constexpr std::array<std::string_view, 3> kNames{"ei", "ad", "apd"};
  return kNames.at(std::to_underlying(dependence));
}

Address relevant_part(const Address& address, Dependence dependence) {
  if (dependence == Dependence::kNone) return {};
  return dependence == Dependence::kAddress ? address.with_port(0) : address;
}

Router::Verdict refuse(Rule rule, std::string_view why) {
  return {Router::Verdict::Onward::kDrop, why, rule};
}

Router::Verdict Traffic::judge(const Header& header) const {
  // RFC 8835 §3.4: TURN over TCP and TLS exists for networks like this one.
  constexpr Rule kHelp = "8835:3.4#5"_rule;
  const bool is_udp = header.transport == Transport::kUdp;
  if (is_udp && !udp) return refuse(kHelp, "this network lets no UDP out");
  if (!is_udp && !tcp) return refuse(kHelp, "this network lets no TCP out");
  if (!is_udp && only_tcp_port != 0 && header.target.port != only_tcp_port)
    return refuse(kHelp, "this network lets TCP out to one port only");
  return {Router::Verdict::Onward::kOutside, {}, {}};
}

bool Firewall::is_over(const Session& session, Instant now) const {
  return session.used +
             (session.transport == Transport::kUdp ? rules_.lifetime : rules_.tcp_lifetime) <=
         now;
}

std::size_t Firewall::session_count(Instant now) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      sessions_, [&](const Session& session) { return !is_over(session, now); }));
}

Router::Verdict Firewall::forward(Instant now, Side from, Header& header) {
  using enum Verdict::Onward;
  if (from == Side::kInside) {
    Verdict verdict = rules_.traffic.judge(header);
    if (verdict.onward != kDrop && rules_.is_stateful)
      remember(now, {header.transport, header.source,
                     relevant_part(header.target, rules_.filtering), now});
    return verdict;
  }
  const bool is_udp = header.transport == Transport::kUdp;
  if (is_udp ? !rules_.traffic.udp : !rules_.traffic.tcp)
    return refuse("8835:3.4#5"_rule, "this network lets nothing of the kind in");
  if (!rules_.is_stateful) return {kInside, {}, {}};
  const Session wanted{header.transport, header.target,
                       relevant_part(header.source, rules_.filtering), now};
  const auto known = std::ranges::find(sessions_, wanted.key(), &Session::key);
  if (known == sessions_.end() || is_over(*known, now))
    return refuse("4787:5#0"_rule, "the firewall has seen nothing go out to that sender");
  known->used = now;
  return {kInside, {}, {}};
}

void Firewall::remember(Instant now, const Session& session) {
  std::erase_if(sessions_, [&](const Session& old) { return is_over(old, now); });
  const auto known = std::ranges::find(sessions_, session.key(), &Session::key);
  if (known != sessions_.end()) {
    known->used = now;
    return;
  }
  if (sessions_.size() == kMaxSessions)
    sessions_.erase(std::ranges::min_element(sessions_, {}, &Session::used));
  sessions_.push_back(session);
}

}  // namespace glass::sim
