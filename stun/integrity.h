// stun/integrity.h - what protects a message: MESSAGE-INTEGRITY, its SHA-256 kin, FINGERPRINT; and
// the keys that they need. Writing them is MessageBuilder's part.
//
// RFC 8489 §9.1.1, §9.2.2 (keys), §14.5 to §14.7.  Tested by: tests/stun/integrity_test.cc and
// tests/stun/rfc5769_test.cc
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "stun/attributes.h"
#include "stun/message.h"

namespace glass::stun {

inline constexpr std::size_t kIntegritySize = 20;             // RFC 8489 §14.5
inline constexpr std::size_t kIntegritySha256Size = 32;       // RFC 8489 §14.6
inline constexpr std::uint32_t kFingerprintXor = 0x5354554E;  // RFC 8489 §14.7: "STUN"

enum class Verdict : std::uint8_t {
  kAbsent,  // the message has no such attribute that counts
  kWrong,   // wrong value, size or place
  kValid,
};

// MESSAGE-INTEGRITY against an HMAC-SHA1 key. Compared in constant time.
Verdict check_integrity(const MessageView& message, Bytes key);
// MESSAGE-INTEGRITY-SHA256. A truncated value is kWrong: no usage of ours allows one.
Verdict check_integrity_sha256(const MessageView& message, Bytes key);
// FINGERPRINT; kWrong also where it is not the last attribute.
Verdict check_fingerprint(const MessageView& message);

// RFC 8489 §9.1.1: the key of a short-term credential is the password itself. The caller has seen
// to it that the password is in OpaqueString form, which plain ASCII (as ICE makes) always is.
ByteVector short_term_key(std::string_view password);
// RFC 8489 §9.2.2: the key of a long-term credential. Texts in OpaqueString form, as above.
ByteVector long_term_key(PasswordAlgorithmNumber algorithm, std::string_view username,
                         std::string_view realm, std::string_view password);
// RFC 8489 §14.4: stands for a user name that is not to be seen on the wire.
Userhash userhash(std::string_view username, std::string_view realm);

// CRC-32 as in ITU-T V.42 and zip. crc32("123456789") == 0xCBF43926.
std::uint32_t crc32(Bytes bytes);

}  // namespace glass::stun
