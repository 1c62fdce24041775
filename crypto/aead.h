// crypto/aead.h - authenticated encryption in place, one context per key.
//
// Knows key, nonce, associated data and text; nothing about records or sequence numbers: a nonce
// that never repeats is the caller's duty. RFC 5116.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace glass::crypto {

enum class AeadKind : std::uint8_t { kAes128Gcm, kAes256Gcm, kChaCha20Poly1305 };

inline constexpr std::size_t kAeadNonceSize = 12;  // RFC 5116 §5.1, RFC 8439 §2.8
inline constexpr std::size_t kAeadTagSize = 16;

std::size_t aead_key_size(AeadKind kind);

// One key. A seam: fuzzers put crypto/transparent.h in its place.
class Aead {
 public:
  virtual ~Aead() = default;
  // Encrypts `text` in place and fills `tag`.
  virtual void seal(Bytes nonce, Bytes associated, MutableBytes text, MutableBytes tag) = 0;
  // Decrypts `text` in place. False: not what the owner of the key has sealed; what `text` then
  // holds must not be used.
  [[nodiscard]] virtual bool open(Bytes nonce, Bytes associated, MutableBytes text, Bytes tag) = 0;
};

// OpenSSL's. The cipher is set up here once; a record costs no allocation.
std::unique_ptr<Aead> make_aead(AeadKind kind, Bytes key);

}  // namespace glass::crypto
