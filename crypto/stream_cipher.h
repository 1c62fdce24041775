// crypto/stream_cipher.h - AES in counter mode (NIST SP 800-38A §6.5), one context per key.
//
// Adds a keystream to bytes, which hides them and protects them from nothing: whoever uses it also
// authenticates (SRTP does, RFC 3711 §4.2). A counter block that never repeats under a key is the
// caller's duty.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"

namespace glass::crypto {

inline constexpr std::size_t kCounterBlockSize = 16;

// One key. A seam, as Aead is.
class StreamCipher {
 public:
  virtual ~StreamCipher() = default;
  // Adds the keystream that begins at `counter` (kCounterBlockSize bytes, a number in network order
  // that grows by one a block) to `text` in place. Doing it twice restores the text.
  virtual void apply(Bytes counter, MutableBytes text) = 0;
};

// OpenSSL's AES-128 or AES-256, as the 16 or 32 bytes of the key say. The cipher is set up here
// once; a packet costs no allocation.
std::unique_ptr<StreamCipher> make_aes_counter(Bytes key);

}  // namespace glass::crypto
