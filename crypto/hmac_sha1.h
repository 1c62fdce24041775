// crypto/hmac_sha1.h - HMAC-SHA1 (RFC 2104) for packets: no allocation, the key digested once.
//
// Hmac does the same for any digest and rarely; here both padded keys are kept as digest states, so
// that a message costs its own blocks and one more. SHA-1 is what SRTP has (RFC 3711 §4.2.1): as a
// keyed code it stands, where collisions matter it does not.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"

namespace glass::crypto {

class HmacSha1 {
 public:
  static constexpr std::size_t kSize = 20;

  // At most a block of key, 64 bytes.
  explicit HmacSha1(Bytes key);
  ~HmacSha1();
  HmacSha1(const HmacSha1&) = delete;
  HmacSha1& operator=(const HmacSha1&) = delete;

  void update(Bytes bytes);
  // Writes the code, cut to what `out` takes, and is ready for the next message.
  void finish(MutableBytes out);

 private:
  struct States;  // OpenSSL's, wiped when they go
  std::unique_ptr<States> states_;
};

}  // namespace glass::crypto
