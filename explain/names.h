// explain/names.h - names of registered numbers, for people; those that no layer needs itself.
//
// An empty text: a number that we have no name for.
#pragma once

#include <cstdint>
#include <string_view>

namespace glass::explain {

std::string_view content_type_name(std::uint8_t type);      // "Handshake"
std::string_view dtls_version_name(std::uint16_t version);  // "DTLS 1.2"
std::string_view cipher_suite_name(std::uint16_t suite);
std::string_view extension_name(std::uint16_t type);
std::string_view group_name(std::uint16_t group);
std::string_view signature_name(std::uint16_t scheme);
std::string_view srtp_profile_name(std::uint16_t profile);
std::string_view ppid_name(std::uint32_t ppid);  // "text"
std::string_view sctp_parameter_name(std::uint16_t type);
std::string_view channel_type_name(std::uint8_t type);
// By the beginning of a line: "v=", "a=fingerprint".
std::string_view sdp_line_name(std::string_view start);

}  // namespace glass::explain
