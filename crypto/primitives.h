// crypto/primitives.h - the checks and ciphers that a fuzzer may replace, behind one seam.
//
// Production code passes none and gets real_primitives(). crypto/transparent.h is the other one.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "crypto/aead.h"
#include "crypto/equal.h"
#include "crypto/number_mask.h"
#include "crypto/signature.h"
#include "crypto/stream_cipher.h"

namespace glass::crypto {

class Primitives {
 public:
  virtual ~Primitives() = default;
  [[nodiscard]] virtual std::unique_ptr<Aead> aead(AeadKind kind, Bytes key) const {
    return make_aead(kind, key);
  }
  [[nodiscard]] virtual std::unique_ptr<NumberMask> number_mask(AeadKind kind, Bytes key) const {
    return make_number_mask(kind, key);
  }
  [[nodiscard]] virtual std::unique_ptr<StreamCipher> aes_counter(Bytes key) const {
    return make_aes_counter(key);
  }
  [[nodiscard]] virtual bool verify(const PublicKey& key, SignatureScheme scheme, Bytes message,
                                    Bytes signature) const {
    return key.verify(scheme, message, signature);
  }
  // Is what the peer has sent the value that only the owner of a secret can know?
  [[nodiscard]] virtual bool same_code(Bytes expected, Bytes received) const {
    return equal_secret(expected, received);
  }
};

inline const Primitives& real_primitives() {
  static const Primitives kReal;
  return kReal;
}

}  // namespace glass::crypto
