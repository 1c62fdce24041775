#include "base/address.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/text.h"

namespace glass {
namespace {

constexpr std::array<std::uint8_t, 12> kV4Prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<std::array<std::uint8_t, 4>> parse_v4(std::string_view text) {
  std::array<std::uint8_t, 4> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (i == 3)) return std::nullopt;
    const std::string_view part = text.substr(0, dot);
    const auto value = parse_decimal(part, 255);
    if (!value || part.size() > 3 || (part.size() > 1 && part.front() == '0')) return std::nullopt;
    out.at(i) = static_cast<std::uint8_t>(*value);
    if (i < 3) text.remove_prefix(dot + 1);
  }
  return out;
}

std::optional<std::uint16_t> parse_group(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    const bool lower = c >= 'a' && c <= 'f';
    const bool upper = c >= 'A' && c <= 'F';
    if (!digit && !lower && !upper) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit   ? c - '0'
                                               : lower ? c - 'a' + 10
                                                       : c - 'A' + 10);
  }
  return static_cast<std::uint16_t>(value);
}

// The groups of one side of "::". False: a group is none.
bool parse_groups(std::string_view text, ByteVector& out) {
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    if (colon == std::string_view::npos && part.contains('.')) {
      const auto v4 = parse_v4(part);
      if (!v4) return false;
      out.insert(out.end(), v4->begin(), v4->end());
      return true;
    }
    const auto group = parse_group(part);
    if (!group) return false;
    out.push_back(static_cast<std::uint8_t>(*group >> 8));
    out.push_back(static_cast<std::uint8_t>(*group));
    if (colon == std::string_view::npos) return true;
    text.remove_prefix(colon + 1);
    if (text.empty()) return false;
  }
  return true;
}

std::optional<std::array<std::uint8_t, 16>> parse_v6(std::string_view text) {
  const std::size_t gap = text.find("::");
  ByteVector head;
  ByteVector tail;
  std::array<std::uint8_t, 16> out{};
  if (gap == std::string_view::npos) {
    if (!parse_groups(text, head) || head.size() != 16) return std::nullopt;
  } else {
    if (text.substr(0, gap).contains('.')) return std::nullopt;
    if (!parse_groups(text.substr(0, gap), head)) return std::nullopt;
    if (!parse_groups(text.substr(gap + 2), tail)) return std::nullopt;
    if (head.size() + tail.size() > 14) return std::nullopt;
  }
  std::ranges::copy(head, out.begin());
  std::ranges::copy(tail, out.end() - static_cast<std::ptrdiff_t>(tail.size()));
  return out;
}

// RFC 5952 §4: lower case, no leading zeros, "::" for the longest run of two or more zero groups.
std::string v6_text(Bytes ip) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i)
    groups.at(i) = static_cast<unsigned>(ip[2 * i] << 8 | ip[2 * i + 1]);
  std::size_t best = 8;
  std::size_t longest = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t run = 0;
    while (i + run < 8 && groups.at(i + run) == 0) ++run;
    if (run > longest) {
      best = i;
      longest = run;
    }
  }
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == best) {
      out += "::";
      i += longest - 1;
      continue;
    }
    if (!out.empty() && !out.ends_with(':')) out += ':';
    out += hex_number(groups.at(i), 1).substr(2);
  }
  return out;
}

}  // namespace

Address Address::v4(std::uint32_t host_order, std::uint16_t port) {
  const std::array<std::uint8_t, 4> raw{
      static_cast<std::uint8_t>(host_order >> 24), static_cast<std::uint8_t>(host_order >> 16),
      static_cast<std::uint8_t>(host_order >> 8), static_cast<std::uint8_t>(host_order)};
  return v4(raw, port);
}

Address Address::v4(Bytes four_bytes, std::uint16_t port) {
  CHECK(four_bytes.size() == 4);
  Address out;
  std::ranges::copy(kV4Prefix, out.ip.begin());
  std::ranges::copy(four_bytes, out.ip.begin() + 12);
  out.port = port;
  return out;
}

Address Address::v6(Bytes sixteen_bytes, std::uint16_t port) {
  CHECK(sixteen_bytes.size() == 16);
  Address out;
  std::ranges::copy(sixteen_bytes, out.ip.begin());
  out.port = port;
  return out;
}

bool Address::is_v4() const { return std::equal(kV4Prefix.begin(), kV4Prefix.end(), ip.begin()); }

Bytes Address::ip_bytes() const { return is_v4() ? Bytes(ip).last(4) : Bytes(ip); }

bool Address::is_unspecified() const {
  return std::ranges::all_of(ip_bytes(), [](std::uint8_t byte) { return byte == 0; });
}

bool Address::is_loopback() const {
  if (is_v4()) return ip[12] == 127;
  return ip[15] == 1 && std::all_of(ip.begin(), ip.end() - 1, [](auto byte) { return byte == 0; });
}

bool Address::is_link_local() const {
  if (is_v4()) return ip[12] == 169 && ip[13] == 254;
  return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

bool Address::is_private() const {
  if (!is_v4()) return (ip[0] & 0xfe) == 0xfc;
  return ip[12] == 10 || (ip[12] == 172 && (ip[13] & 0xf0) == 16) ||
         (ip[12] == 192 && ip[13] == 168);
}

bool Address::is_multicast() const { return is_v4() ? (ip[12] & 0xf0) == 0xe0 : ip[0] == 0xff; }

Address Address::with_port(std::uint16_t other) const {
  Address out = *this;
  out.port = other;
  return out;
}

std::string ip_text(const Address& address) {
  if (!address.is_v4()) return v6_text(address.ip_bytes());
  std::string out;
  for (const std::uint8_t byte : address.ip_bytes()) {
    if (!out.empty()) out += '.';
    out += decimal(byte);
  }
  return out;
}

std::string to_text(const Address& address) {
  if (address.is_v4()) return ip_text(address) + ':' + decimal(address.port);
  return '[' + ip_text(address) + "]:" + decimal(address.port);
}

std::string_view to_text(Transport transport) {
  constexpr std::array<std::string_view, 3> kNames{"udp", "tcp", "tls"};
  return kNames.at(static_cast<std::size_t>(transport));
}

std::optional<Address> parse_ip(std::string_view text, std::uint16_t port) {
  if (const auto v4 = parse_v4(text)) return Address::v4(*v4, port);
  if (const auto v6 = parse_v6(text)) return Address::v6(*v6, port);
  return std::nullopt;
}

std::optional<Address> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_decimal(text.substr(colon + 1), 65535);
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!port || bracketed != host.contains(':')) return std::nullopt;
  return parse_ip(host, static_cast<std::uint16_t>(*port));
}

}  // namespace glass
