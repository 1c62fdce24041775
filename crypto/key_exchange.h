// crypto/key_exchange.h - ephemeral Diffie-Hellman on X25519, P-256 and P-384.
//
// RFC 7748 §6.1 and RFC 8422 §5.10, §5.11: a public value that is no point of the curve, or that
// leads to the all-zero secret, gives no secret at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "crypto/secret.h"

struct evp_pkey_st;  // OpenSSL's name

namespace glass::crypto {

// The numbers are those of TLS's registry of supported groups.
enum class Group : std::uint16_t { kP256 = 23, kP384 = 24, kX25519 = 29 };

// 32 bytes, or those of an uncompressed point: 65 or 97.
std::size_t public_key_size(Group group);

struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};
using KeyHandle = std::unique_ptr<evp_pkey_st, FreeKey>;

// One side of one exchange.
class KeyShare {
 public:
  // A fresh pair.
  explicit KeyShare(Group group);
  // The pair of a known X25519 private value, for test vectors.
  static KeyShare from_x25519_private(Bytes private_value);

  [[nodiscard]] Group group() const { return group_; }
  [[nodiscard]] Bytes public_key() const { return public_key_; }
  // nullopt: the peer's value is not valid.
  [[nodiscard]] std::optional<Secret> agree(Bytes peer_public_key) const;

 private:
  KeyShare(Group group, KeyHandle key);

  Group group_;
  KeyHandle key_;
  ByteVector public_key_;
};

}  // namespace glass::crypto
