// crypto/number_mask.h - sixteen bytes that hide a record number, made from the ciphertext itself.
//
// RFC 9147 §4.2.3: AES in ECB mode for the AES suites, a ChaCha20 block for the other one. Knows a
// key and a sample; what is masked with the result is the caller's business.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "crypto/aead.h"

namespace glass::crypto {

inline constexpr std::size_t kNumberSampleSize = 16;
using NumberMaskBytes = std::array<std::uint8_t, kNumberSampleSize>;

// One key. A seam, as Aead is.
class NumberMask {
 public:
  virtual ~NumberMask() = default;
  // `sample`: the first kNumberSampleSize bytes of the ciphertext.
  [[nodiscard]] virtual NumberMaskBytes mask(Bytes sample) = 0;
};

// OpenSSL's, set up once; the key is as long as that of the Aead.
std::unique_ptr<NumberMask> make_number_mask(AeadKind kind, Bytes key);

}  // namespace glass::crypto
