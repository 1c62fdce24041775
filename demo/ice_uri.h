// demo/ice_uri.h - where a STUN or TURN server is, as RFC 7064 and RFC 7065 write it.
//
// "stun:host", "stuns:host:port", "turn:host:port?transport=tcp", "turns:[2001:db8::1]".
// Tested by: tests/relay/ice_uri_test.cc
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/result.h"

namespace glass::demo {

struct IceUri {
  bool is_turn = false;
  Transport transport = Transport::kUdp;
  std::string host{};      // without brackets
  std::uint16_t port = 0;  // 3478, or 5349 over TLS, unless given
};

// The error says what is wrong, for people.
Result<IceUri, std::string> parse_ice_uri(std::string_view text);
std::string to_text(const IceUri& uri);

}  // namespace glass::demo
