// base/address.h - transport addresses and the path between two of them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace glass {

enum class Transport : std::uint8_t { kUdp, kTcp, kTls };

// An IP address and a port. IPv4 is held as ::ffff:a.b.c.d, so that both families compare alike.
struct Address {
  std::array<std::uint8_t, 16> ip{};
  std::uint16_t port = 0;

  static Address v4(std::uint32_t host_order, std::uint16_t port);
  static Address v4(Bytes four_bytes, std::uint16_t port);
  static Address v6(Bytes sixteen_bytes, std::uint16_t port);

  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] Bytes ip_bytes() const;  // 4 or 16 bytes, network order
  [[nodiscard]] bool is_unspecified() const;
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_link_local() const;
  [[nodiscard]] bool is_private() const;  // RFC 1918, RFC 4193
  [[nodiscard]] bool is_multicast() const;
  [[nodiscard]] Address with_port(std::uint16_t other) const;
  [[nodiscard]] bool same_ip(const Address& other) const { return ip == other.ip; }
  friend constexpr auto operator<=>(const Address&, const Address&) = default;
};

// Where a datagram goes from and to, seen from here.
struct Path {
  Transport transport = Transport::kUdp;
  Address local;
  Address remote;
  friend constexpr auto operator<=>(const Path&, const Path&) = default;
};

// "192.0.2.1", "2001:db8::1" (RFC 5952 form); without the port.
std::string ip_text(const Address& address);
// "192.0.2.1:3478", "[2001:db8::1]:3478".
std::string to_text(const Address& address);
std::string_view to_text(Transport transport);

// An IP address literal without brackets, port as given. nullopt: not a literal of either family.
std::optional<Address> parse_ip(std::string_view text, std::uint16_t port = 0);
// "a.b.c.d:port" or "[v6]:port". nullopt: anything else.
std::optional<Address> parse_address(std::string_view text);

}  // namespace glass
