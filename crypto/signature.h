// crypto/signature.h - checking what a peer has signed.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "crypto/key_exchange.h"

namespace glass::crypto {

// The numbers are those of TLS's registry; those of TLS 1.2's (hash, signature) pairs are the same.
enum class SignatureScheme : std::uint16_t {
  kEcdsaSha256 = 0x0403,
  kEcdsaSha384 = 0x0503,
  kEcdsaSha512 = 0x0603,
  kEd25519 = 0x0807,
  kRsaPkcs1Sha256 = 0x0401,
  kRsaPkcs1Sha384 = 0x0501,
  kRsaPkcs1Sha512 = 0x0601,
  kRsaPssSha256 = 0x0804,
  kRsaPssSha384 = 0x0805,
  kRsaPssSha512 = 0x0806,
};

enum class KeyKind : std::uint8_t { kEc, kRsa, kEd25519 };

// The key of a peer, out of its certificate. Nothing else of the certificate is believed: WebRTC
// trusts the fingerprint that came with the description
// (RFC 8122 §5).
class PublicKey {
 public:
  // nullopt: no X.509 certificate, trailing bytes, or a key that is none of KeyKind.
  static std::optional<PublicKey> from_certificate(Bytes der);

  [[nodiscard]] KeyKind kind() const { return kind_; }
  // The curve of an EC key, when it is one we know.
  [[nodiscard]] std::optional<Group> curve() const;
  // Does `signature` over `message` come from the owner of this key? False for a scheme that does
  // not go with the key.
  [[nodiscard]] bool verify(SignatureScheme scheme, Bytes message, Bytes signature) const;

 private:
  PublicKey(KeyKind kind, KeyHandle key) : kind_(kind), key_(std::move(key)) {}

  KeyKind kind_;
  KeyHandle key_;
};

}  // namespace glass::crypto
