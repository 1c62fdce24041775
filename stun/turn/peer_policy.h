// stun/turn/peer_policy.h - to whom a TURN server relays, and to whom it does not.
//
// RFC 8656 §10.2, §11.2, §12.2 (restrictions), §21.4 (tunnels).
// Tested by: tests/stun/turn/tables_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/address.h"

namespace glass::stun::turn {

// All addresses whose first `bits` bits are those of `address`; an IPv4 prefix counts bits of the
// four bytes.
struct Prefix {
  Address address;
  std::uint8_t bits = 0;

  [[nodiscard]] bool contains(const Address& other) const;
  friend bool operator==(const Prefix&, const Prefix&) = default;
};
// "192.0.2.0/24", "2001:db8::/32" or an address alone. nullopt: anything else.
std::optional<Prefix> parse_prefix(std::string_view text);

// By default the unspecified, loopback, link-local, private, shared (RFC 6598), reserved and
// multicast addresses are no peers, not even when they hide in an IPv6 address that translates to
// one (RFC 6052). Teredo and 6to4 addresses never are (RFC 8656 §21.4).
struct PeerPolicy {
  std::vector<Prefix> allow;  // wins over `deny` and over the default
  std::vector<Prefix> deny;   // on top of the default

  // Why this address is no peer; nullopt: it may be one. Ports do not count.
  [[nodiscard]] std::optional<std::string_view> refusal(const Address& peer) const;
};

// RFC 8656 §21.4: whose IPv4 destination is named inside the address by whoever made it up.
bool is_tunneled(const Address& address);

}  // namespace glass::stun::turn
