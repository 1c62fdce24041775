// crypto/hkdf.h - from a secret of any shape to keys: extract, then expand (RFC 5869).
#pragma once

#include "base/bytes.h"
#include "crypto/hash.h"
#include "crypto/secret.h"

namespace glass::crypto {

// RFC 5869 §2.2: a key as long as the hash's digest. No salt means as many zeroes.
Secret hkdf_extract(HashKind kind, Bytes salt, Bytes input);
// RFC 5869 §2.3: as many bytes as `out` takes, at most 255 digests.
void hkdf_expand(HashKind kind, Bytes key, Bytes info, MutableBytes out);

}  // namespace glass::crypto
