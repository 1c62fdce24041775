#include "crypto/hmac.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/equal.h"
#include "crypto/hash.h"

namespace glass::crypto {

// RFC 2104 §2: a key longer than a block is digested first, a shorter one is filled up with zeros;
// then H(key ^ opad, H(key ^ ipad, text)).
Hmac::Hmac(HashKind kind, Bytes key) : hash_(kind) {
  constexpr std::uint8_t kInnerPad = 0x36;
  constexpr std::uint8_t kOuterPad = 0x5c;
  if (key.size() > hash_block_size(kind)) {
    hash_.update(key);
    hash_.finish(MutableBytes(inner_).first(hash_size(kind)));
  } else {
    copy_bytes(key, inner_);
  }
  for (std::size_t i = 0; i < kBlockMax; ++i) {
    outer_.at(i) = inner_.at(i) ^ kOuterPad;
    inner_.at(i) ^= kInnerPad;
  }
  hash_.update(pad(inner_));
}

Hmac::~Hmac() {
  wipe(inner_);
  wipe(outer_);
}

Bytes Hmac::pad(const std::array<std::uint8_t, kBlockMax>& padded) const {
  return Bytes(padded).first(hash_block_size(hash_.kind()));
}

void Hmac::update(Bytes bytes) { hash_.update(bytes); }

void Hmac::finish(MutableBytes out) {
  std::array<std::uint8_t, kHashSizeMax> digest{};
  const MutableBytes inside = MutableBytes(digest).first(size());
  hash_.finish(inside);
  hash_.update(pad(outer_));
  hash_.update(inside);
  hash_.finish(out);
  wipe(digest);
  hash_.update(pad(inner_));
}

ByteVector hmac(HashKind kind, Bytes key, Bytes data) {
  ByteVector code(hash_size(kind));
  Hmac context(kind, key);
  context.update(data);
  context.finish(code);
  return code;
}

}  // namespace glass::crypto
