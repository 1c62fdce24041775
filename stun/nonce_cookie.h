// stun/nonce_cookie.h - what a server says of itself in the first 13 characters of a nonce, where
// nobody on the way can take it out without breaking the integrity of what follows.
//
// RFC 8489 §9.2, §9.2.1, §18.1.  Tested by: tests/stun/long_term_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "stun/attributes.h"
#include "stun/message.h"

namespace glass::stun {

// RFC 8489 §18.1: the set of security features, by its two bits that have a meaning.
struct SecurityFeatures {
  bool password_algorithms = false;  // bit 0, the most significant of 24
  bool username_anonymity = false;   // bit 1
  friend bool operator==(const SecurityFeatures&, const SecurityFeatures&) = default;
};

inline constexpr std::string_view kNonceCookieStart = "obMatJos2";
inline constexpr std::size_t kNonceCookieSize = 13;

// "obMatJos2wAAA"
inline std::string nonce_cookie(SecurityFeatures features) {
  const auto first = static_cast<std::uint8_t>((features.password_algorithms ? 0x80 : 0) |
                                               (features.username_anonymity ? 0x40 : 0));
  const std::array<std::uint8_t, 3> set{first, 0, 0};
  return std::string(kNonceCookieStart) + base64(set);
}

// The features of whoever made the nonce; nullopt: no cookie, a server of RFC 5389.
inline std::optional<SecurityFeatures> features_of(std::string_view nonce) {
  if (nonce.size() < kNonceCookieSize || !nonce.starts_with(kNonceCookieStart)) return std::nullopt;
  // The first of four base64 characters holds the first six bits.
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t six = kAlphabet.find(nonce[kNonceCookieStart.size()]);
  if (six == std::string_view::npos) return std::nullopt;
  return SecurityFeatures{.password_algorithms = (six & 0x20) != 0,
                          .username_anonymity = (six & 0x10) != 0};
}

// RFC 8489 §9.2.1: the nonce promises PASSWORD-ALGORITHMS and the message has none.
inline bool is_bid_down(const MessageView& message) {
  const auto nonce = get<Nonce>(message);
  if (!nonce) return false;
  const auto features = features_of(nonce->text);
  return features && features->password_algorithms &&
         !message.has(AttributeType::kPasswordAlgorithms);
}

}  // namespace glass::stun
