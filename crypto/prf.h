// crypto/prf.h - the pseudorandom function of TLS 1.2 (RFC 5246 §5).
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "crypto/hash.h"

namespace glass::crypto {

// The seed comes in two parts because TLS always joins two randoms, or a random and a context.
struct PrfInput {
  Bytes secret;
  std::string_view label;
  Bytes seed;
  Bytes more_seed;
};
// P_hash(secret, label + seed), as many bytes as `out` takes.
void prf(HashKind kind, const PrfInput& input, MutableBytes out);

}  // namespace glass::crypto
