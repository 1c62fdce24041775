// dtls/suites.h - the cipher suites we speak, what each is made of, and which we like better.
//
// RFC 5289 §3.2 and RFC 7905 §2 for DTLS 1.2, RFC 8446 §B.4 for DTLS 1.3.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/signature.h"
#include "dtls/wire.h"

namespace glass::dtls {

// Whose key signs the key exchange. DTLS 1.3 leaves that to signature_algorithms.
enum class Signer : std::uint8_t { kEcdsa, kRsa, kAny };

struct Suite {
  std::uint16_t number;
  std::string_view name;
  std::uint16_t version;  // kDtls12 or kDtls13: the one version that has it
  crypto::AeadKind aead;
  crypto::HashKind hash;  // of the PRF, or of HKDF and the transcript
  Signer signer;

  // RFC 8422 §5.3: a key of Ed25519 goes with the ECDSA suites.
  [[nodiscard]] constexpr bool goes_with(crypto::KeyKind key) const {
    return signer == Signer::kAny || (signer == Signer::kRsa) == (key == crypto::KeyKind::kRsa);
  }
};

// In order of preference, those of DTLS 1.3 first. AES-128 leads in each version as both browsers
// have it: processors do it in hardware.
inline constexpr std::array<Suite, 9> kSuites{
    {
     {0x1301, "TLS_AES_128_GCM_SHA256", kDtls13, crypto::AeadKind::kAes128Gcm,
         crypto::HashKind::kSha256, Signer::kAny},
     {0x1302, "TLS_AES_256_GCM_SHA384", kDtls13, crypto::AeadKind::kAes256Gcm,
         crypto::HashKind::kSha384, Signer::kAny},
     {0x1303, "TLS_CHACHA20_POLY1305_SHA256", kDtls13, crypto::AeadKind::kChaCha20Poly1305,
         crypto::HashKind::kSha256, Signer::kAny},
     {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", kDtls12, crypto::AeadKind::kAes128Gcm,
         crypto::HashKind::kSha256, Signer::kEcdsa},
     {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", kDtls12, crypto::AeadKind::kAes128Gcm,
         crypto::HashKind::kSha256, Signer::kRsa},
     {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", kDtls12, crypto::AeadKind::kAes256Gcm,
         crypto::HashKind::kSha384, Signer::kEcdsa},
     {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", kDtls12, crypto::AeadKind::kAes256Gcm,
         crypto::HashKind::kSha384, Signer::kRsa},
     {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", kDtls12,
         crypto::AeadKind::kChaCha20Poly1305, crypto::HashKind::kSha256, Signer::kEcdsa},
     {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", kDtls12,
         crypto::AeadKind::kChaCha20Poly1305, crypto::HashKind::kSha256, Signer::kRsa},
     }
};

// nullptr: none of ours.
constexpr const Suite* find_suite(std::uint16_t number) {
  for (const Suite& each : kSuites)
    if (each.number == number) return &each;
  return nullptr;
}

}  // namespace glass::dtls
