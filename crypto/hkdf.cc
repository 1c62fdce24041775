#include "crypto/hkdf.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/equal.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "crypto/secret.h"

namespace glass::crypto {

Secret hkdf_extract(HashKind kind, Bytes salt, Bytes input) {
  Hmac mac(kind, salt);  // a short key is padded with zeroes, so that no salt is a salt of zeroes
  mac.update(input);
  Secret key(mac.size());
  mac.finish(key.bytes());
  return key;
}

// RFC 5869 §2.3: T(i) = HMAC(key, T(i-1) + info + i), one after the other.
void hkdf_expand(HashKind kind, Bytes key, Bytes info, MutableBytes out) {
  Hmac mac(kind, key);
  CHECK(out.size() <= 255 * mac.size());
  std::array<std::uint8_t, kHashSizeMax> storage{};
  const MutableBytes block = MutableBytes(storage).first(mac.size());
  for (std::uint8_t counter = 1; !out.empty(); ++counter) {
    if (counter > 1) mac.update(block);
    mac.update(info);
    mac.update(Bytes(&counter, 1));
    mac.finish(block);
    const std::size_t count = std::min(out.size(), block.size());
    copy_bytes(Bytes(block).first(count), out);
    out = out.subspan(count);
  }
  wipe(storage);
}

}  // namespace glass::crypto
