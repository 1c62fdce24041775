// crypto/os_random.h - the operating system's dice, by way of OpenSSL's generator.
#pragma once

#include "base/bytes.h"
#include "base/random.h"

namespace glass::crypto {

// Fills `out` from OpenSSL's generator; after seed_openssl() that is a repeatable one.
void openssl_random(MutableBytes out);

class OsRandom final : public Random {
 public:
  void fill(MutableBytes out) override { openssl_random(out); }
};

}  // namespace glass::crypto
