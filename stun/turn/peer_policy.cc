#include "stun/turn/peer_policy.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/text.h"

namespace glass::stun::turn {
namespace {

bool starts_with(Bytes address, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), address.begin());
}

std::optional<std::string_view> refusal_v4(const Address& peer) {
  const Bytes ip = peer.ip_bytes();
  if (ip[0] == 0) return "an unspecified address";
  if (peer.is_loopback()) return "a loopback address";
  if (peer.is_link_local()) return "a link-local address";
  if (peer.is_private()) return "a private address";
  if (ip[0] == 100 && (ip[1] & 0xC0) == 64) return "an address shared behind NATs";
  if (peer.is_multicast()) return "a multicast address";
  if (ip[0] >= 240 || starts_with(ip, {192, 0, 0})) return "a reserved address";
  return std::nullopt;
}

std::optional<std::string_view> refusal_v6(const Address& peer) {
  const Bytes ip = peer.ip_bytes();
  if (peer.is_unspecified()) return "an unspecified address";
  if (peer.is_loopback()) return "a loopback address";
  if (peer.is_link_local() || (ip[0] == 0xFE && (ip[1] & 0xC0) == 0xC0))
    return "a link-local address";
  if (peer.is_private()) return "a private address";
  if (peer.is_multicast()) return "a multicast address";
  // RFC 6052 §2.1: a translator on the way would make it an IPv4 address.
  if (starts_with(ip, {0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0}))
    return refusal_v4(Address::v4(ip.last(4), 0));
  if (ip[0] == 0) return "a reserved address";
  return std::nullopt;
}

bool any_contains(const std::vector<Prefix>& prefixes, const Address& address) {
  return std::ranges::any_of(prefixes,
                             [&](const Prefix& prefix) { return prefix.contains(address); });
}

}  // namespace

bool Prefix::contains(const Address& other) const {
  if (address.is_v4() != other.is_v4()) return false;
  const Bytes mine = address.ip_bytes();
  const Bytes theirs = other.ip_bytes();
  const std::size_t whole = bits / 8;
  if (!equal(mine.first(whole), theirs.first(whole))) return false;
  if (bits % 8 == 0) return true;
  return ((mine[whole] ^ theirs[whole]) >> (8 - bits % 8)) == 0;
}

std::optional<Prefix> parse_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) return std::nullopt;
  const std::size_t all = 8 * address->ip_bytes().size();
  if (slash == std::string_view::npos) return Prefix{*address, static_cast<std::uint8_t>(all)};
  const auto bits = parse_decimal(text.substr(slash + 1), all);
  if (!bits) return std::nullopt;
  return Prefix{*address, static_cast<std::uint8_t>(*bits)};
}

bool is_tunneled(const Address& address) {
  if (address.is_v4()) return false;
  return starts_with(address.ip_bytes(), {0x20, 0x01, 0, 0}) ||  // Teredo (RFC 4380)
         starts_with(address.ip_bytes(), {0x20, 0x02});          // 6to4 (RFC 3056)
}

std::optional<std::string_view> PeerPolicy::refusal(const Address& peer) const {
  if (is_tunneled(peer)) return "a tunneled address";
  if (any_contains(allow, peer)) return std::nullopt;
  if (any_contains(deny, peer)) return "an address that the administrator denies";
  return peer.is_v4() ? refusal_v4(peer) : refusal_v6(peer);
}

}  // namespace glass::stun::turn
