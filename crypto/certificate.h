// crypto/certificate.h - who we are in a call: a key pair and a certificate that we sign ourselves.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/fingerprint.h"
#include "crypto/key_exchange.h"
#include "crypto/signature.h"

namespace glass::crypto {

enum class IdentityError : std::uint8_t {
  kNoKey,          // there is no private key in the text, or not one we can sign with
  kNoCertificate,  // there is no certificate in the text
  kMismatch,       // the certificate is of another key
};
std::string_view to_text(IdentityError error);

// What an identity signs with. RFC 8827 §6.5: everyone has to support ECDSA on P-256.
enum class IdentityKind : std::uint8_t { kEcdsaP256, kRsa2048, kEd25519 };

// A private key with its certificate.
class Identity {
 public:
  // A fresh key and a certificate for it: random serial number, `common_name` as subject and
  // issuer, valid from a day before `wall_seconds` (seconds since 1970) until 30 days after it.
  static Identity make(std::string_view common_name, std::uint64_t wall_seconds,
                       IdentityKind kind = IdentityKind::kEcdsaP256);
  // What to_pem() wrote, or other PEM text with one such key and one certificate.
  static Result<Identity, IdentityError> from_pem(std::string_view text);

  // The private key, then the certificate. The text is a secret.
  [[nodiscard]] std::string to_pem() const;
  [[nodiscard]] Bytes certificate_der() const { return certificate_; }
  [[nodiscard]] Fingerprint fingerprint(HashKind kind = HashKind::kSha256) const;
  [[nodiscard]] IdentityKind kind() const { return kind_; }
  // All that this key can sign with, the one to prefer first.
  [[nodiscard]] std::span<const SignatureScheme> schemes() const;
  [[nodiscard]] SignatureScheme scheme() const { return schemes().front(); }
  // A signature over `message` that PublicKey::verify accepts under `scheme`, one of schemes().
  [[nodiscard]] ByteVector sign(Bytes message, SignatureScheme scheme) const;
  [[nodiscard]] ByteVector sign(Bytes message) const { return sign(message, scheme()); }

 private:
  Identity(IdentityKind kind, KeyHandle key, ByteVector certificate);

  IdentityKind kind_;
  KeyHandle key_;
  ByteVector certificate_;
};

}  // namespace glass::crypto
