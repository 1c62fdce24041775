// crypto/openssl_digest.h - OpenSSL's digest for each of our names, fetched once per process.
//
// For crypto/*.cc only: the one header here that includes OpenSSL.
#pragma once

#include <openssl/types.h>

#include "crypto/hash.h"

namespace glass::crypto {

const EVP_MD* openssl_digest(HashKind kind);

}  // namespace glass::crypto
