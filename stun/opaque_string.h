// stun/opaque_string.h - user names, realms and passwords in the one form that both sides hash.
//
// RFC 8265 §4.2 (OpaqueString). We carry no table of Unicode's normalisation: characters that it
// would leave alone are taken as they are, ASCII among them, and texts with others are refused
// rather than hashed into a key that the other side does not have.
// Tested by: tests/stun/opaque_string_test.cc
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glass::stun {

enum class OpaqueStringError : std::uint8_t {
  kEmpty,
  kNotUtf8,
  kControl,      // a control character, or one that cannot be seen
  kUnsupported,  // perhaps fine, but its normal form is not known here
};
std::string_view to_text(OpaqueStringError error);

// `text` as OpaqueString has it: no case mapping, every kind of blank as U+0020.
Result<std::string, OpaqueStringError> opaque_string(std::string_view text);

// The longest beginning of `text` that may be the value of SOFTWARE, REALM or NONCE: UTF-8 of fewer
// than 128 characters (RFC 8489 §14.9, §14.10, §14.14). The whole of it where it may be.
std::string_view fitting(std::string_view text);

}  // namespace glass::stun
