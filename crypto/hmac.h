// crypto/hmac.h - keyed digests (RFC 2104) whose key is set once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "crypto/hash.h"

namespace glass::crypto {

// Keeps the key padded both ways and one digest context, of which OpenSSL renews a part for each
// message: packets want hmac_sha1.h. The padded keys are wiped when the Hmac goes.
class Hmac {
 public:
  Hmac(HashKind kind, Bytes key);
  ~Hmac();
  Hmac(const Hmac&) = delete;
  Hmac& operator=(const Hmac&) = delete;

  [[nodiscard]] std::size_t size() const { return hash_.size(); }
  void update(Bytes bytes);
  // Writes the code, cut to what `out` takes (SRTP wants 10 bytes of 20), and is ready for the next
  // message under the same key.
  void finish(MutableBytes out);

 private:
  static constexpr std::size_t kBlockMax = 128;

  [[nodiscard]] Bytes pad(const std::array<std::uint8_t, kBlockMax>& padded) const;
  Hash hash_;
  std::array<std::uint8_t, kBlockMax> inner_{};
  std::array<std::uint8_t, kBlockMax> outer_{};
};

// The code of one message.
ByteVector hmac(HashKind kind, Bytes key, Bytes data);

}  // namespace glass::crypto
