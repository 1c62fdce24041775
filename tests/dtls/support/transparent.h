// tests/dtls/support/transparent.h - cryptography that anybody can see through, for peers that a
// test plays by hand.
#pragma once

#include "crypto/transparent.h"

namespace glass::dtls::test {

inline const crypto::TransparentPrimitives& transparent() {
  static const crypto::TransparentPrimitives kTransparent;
  return kTransparent;
}

}  // namespace glass::dtls::test
