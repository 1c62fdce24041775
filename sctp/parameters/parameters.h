// sctp/parameters/parameters.h - the parameters of INIT and INIT ACK, and what unknown ones ask
// for.
//
// RFC 9260 §3.2.1, §3.3.2.1, §3.3.3.1; RFC 3758 §3.1; RFC 5061 §4.2.7 (supported extensions).
// Tested by: parameters/parameters_test.cc
#pragma once

#include <cstdint>

namespace glass::sctp {

enum class ParameterType : std::uint16_t {
  kHeartbeatInfo = 1,
  kIpv4Address = 5,
  kIpv6Address = 6,
  kStateCookie = 7,
  kUnrecognizedParameter = 8,
  kCookiePreservative = 9,
  kHostNameAddress = 11,
  kSupportedAddressTypes = 12,
  kOutgoingSsnReset = 13,
  kIncomingSsnReset = 14,
  kSsnTsnReset = 15,
  kReconfigResponse = 16,
  kAddOutgoingStreams = 17,
  kAddIncomingStreams = 18,
  kZeroChecksum = 0x8001,  // RFC 9653 §4
  kSupportedExtensions = 0x8008,
  kForwardTsnSupported = 0xc000,
};

// RFC 9653 §6: what protects the packets in the place of the checksum.
constexpr std::uint32_t kProtectedByDtls = 1;

// RFC 9260 §3.2 and §3.2.1: the two highest bits of an unknown chunk or parameter type tell what
// to do with it.
struct UnknownAction {
  bool stop = false;    // leave the rest alone
  bool report = false;  // tell the sender
};
constexpr UnknownAction action_of(std::uint8_t top_two_bits) {
  return {.stop = (top_two_bits & 2) == 0, .report = (top_two_bits & 1) != 0};
}
constexpr UnknownAction unknown_parameter_action(std::uint16_t type) {
  return action_of(static_cast<std::uint8_t>(type >> 14));
}
constexpr UnknownAction unknown_chunk_action(std::uint8_t type) {
  return action_of(static_cast<std::uint8_t>(type >> 6));
}

}  // namespace glass::sctp
