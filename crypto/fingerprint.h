// crypto/fingerprint.h - the digest of a certificate, as a session description carries it.
//
// RFC 8122 §5: "sha-256 4A:AD:..."; MD5 and MD2 do not count, and we take SHA-1 as no better.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/hash.h"

namespace glass::crypto {

struct Fingerprint {
  HashKind kind = HashKind::kSha256;
  ByteVector digest;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

Fingerprint fingerprint(Bytes certificate_der, HashKind kind = HashKind::kSha256);
// "sha-256 AB:CD:..."
std::string to_text(const Fingerprint& fingerprint);
// The same text read back; upper and lower case alike. nullopt: another hash function, or not as
// many bytes as that function gives.
std::optional<Fingerprint> parse_fingerprint(std::string_view text);
// Is this the certificate of any of them? Digests are compared in constant time. Never for none.
[[nodiscard]] bool matches_any(std::span<const Fingerprint> fingerprints, Bytes certificate_der);

}  // namespace glass::crypto
