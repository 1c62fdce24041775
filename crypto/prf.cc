#include "crypto/prf.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "crypto/equal.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"

namespace glass::crypto {

// RFC 5246 §5: A(0) is label + seed, A(i) = HMAC(secret, A(i-1)), and the output is
// HMAC(secret, A(i) + label + seed) for i = 1, 2, ... until there is enough of it.
void prf(HashKind kind, const PrfInput& input, MutableBytes out) {
  Hmac mac(kind, input.secret);
  const auto add_seed = [&] {
    mac.update(as_bytes(input.label));
    mac.update(input.seed);
    mac.update(input.more_seed);
  };
  std::array<std::uint8_t, kHashSizeMax> storage{};
  const MutableBytes a = MutableBytes(storage).first(mac.size());
  add_seed();
  mac.finish(a);
  while (!out.empty()) {
    mac.update(a);
    add_seed();
    const std::size_t count = std::min(out.size(), mac.size());
    mac.finish(out.first(count));
    out = out.subspan(count);
    mac.update(a);
    mac.finish(a);
  }
  wipe(storage);
}

}  // namespace glass::crypto
