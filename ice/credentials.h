// ice/credentials.h - user name fragment and password of one ICE session.
//
// RFC 8445 §5.3 (randomness), RFC 8839 §5.4 (form).  Tested by: tests/ice/credentials_test.cc
#pragma once

#include <cstddef>
#include <string>

#include "base/random.h"

namespace glass::ice {

struct Credentials {
  std::string ufrag;
  std::string pwd;
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

inline constexpr std::size_t kUfragMin = 4;  // RFC 8839 §5.4, and so for the three below
inline constexpr std::size_t kPwdMin = 22;
inline constexpr std::size_t kCredentialMax = 256;

// Each character carries six random bits: 8 make 48 (24 are asked for), 24 make 144 (128).
inline constexpr std::size_t kUfragSize = 8;
inline constexpr std::size_t kPwdSize = 24;

Credentials make_credentials(Random& random);
// Lengths and characters as RFC 8839 §5.4 has them.
bool is_well_formed(const Credentials& credentials);

}  // namespace glass::ice
