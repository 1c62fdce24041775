#include "crypto/os_random.h"

#include <openssl/rand.h>

#include "base/bytes.h"
#include "base/check.h"

namespace glass::crypto {

void openssl_random(MutableBytes out) {
  if (out.empty()) return;
  // Without dice there is nothing safe to go on with.
  CHECK(RAND_bytes_ex(nullptr, out.data(), out.size(), 0) == 1);
}

}  // namespace glass::crypto
