#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/key_exchange.h"
#include "crypto/secret.h"

namespace glass::crypto {
namespace {

constexpr std::size_t kX25519Size = 32;
constexpr std::uint8_t kUncompressed = 4;  // RFC 8422 §5.4.1: the first byte of such a point

struct FreeContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using ContextHandle = std::unique_ptr<EVP_PKEY_CTX, FreeContext>;

const char* curve_name(Group group) { return group == Group::kP384 ? "P-384" : "P-256"; }

std::size_t field_size(Group group) { return group == Group::kP384 ? 48 : 32; }

KeyHandle generate(Group group) {
  EVP_PKEY* const key = group == Group::kX25519
                            ? EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519")
                            : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve_name(group));
  CHECK(key != nullptr);
  return KeyHandle(key);
}

// OpenSSL refuses a point that does not satisfy the equation of the curve.
KeyHandle key_from_point(Group group, Bytes point) {
  if (point.size() != public_key_size(group) || point.front() != kUncompressed) return nullptr;
  ByteVector copy(point.begin(), point.end());  // OSSL_PARAM wants what it could write to
  std::string name(curve_name(group));
  const std::array<OSSL_PARAM, 3> params{
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy.data(), copy.size()),
      OSSL_PARAM_construct_end()};
  const ContextHandle context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  CHECK(context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1);
  EVP_PKEY* key = nullptr;
  std::array<OSSL_PARAM, 3> writable = params;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, writable.data()) != 1)
    return nullptr;
  return KeyHandle(key);
}

KeyHandle peer_key(Group group, Bytes public_key) {
  if (group != Group::kX25519) return key_from_point(group, public_key);
  if (public_key.size() != kX25519Size) return nullptr;
  return KeyHandle(EVP_PKEY_new_raw_public_key_ex(nullptr, "X25519", nullptr, public_key.data(),
                                                  public_key.size()));
}

ByteVector public_bytes(EVP_PKEY* key, Group group) {
  ByteVector out(public_key_size(group));
  std::size_t size = 0;
  CHECK(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, out.data(),
                                        out.size(), &size) == 1);
  CHECK(size == out.size());
  return out;
}

}  // namespace

void FreeKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

std::size_t public_key_size(Group group) {
  return group == Group::kX25519 ? kX25519Size : 1 + 2 * field_size(group);
}

KeyShare::KeyShare(Group group) : KeyShare(group, generate(group)) {}

KeyShare::KeyShare(Group group, KeyHandle key)
    : group_(group), key_(std::move(key)), public_key_(public_bytes(key_.get(), group)) {}

KeyShare KeyShare::from_x25519_private(Bytes private_value) {
  KeyHandle key(EVP_PKEY_new_raw_private_key_ex(nullptr, "X25519", nullptr, private_value.data(),
                                                private_value.size()));
  CHECK(key != nullptr);
  return {Group::kX25519, std::move(key)};
}

std::optional<Secret> KeyShare::agree(Bytes peer_public_key) const {
  const KeyHandle peer = peer_key(group_, peer_public_key);
  if (peer == nullptr) return std::nullopt;
  const ContextHandle context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  CHECK(context != nullptr && EVP_PKEY_derive_init(context.get()) == 1);
  if (EVP_PKEY_derive_set_peer_ex(context.get(), peer.get(), 1) != 1) return std::nullopt;
  Secret shared(field_size(group_));
  std::size_t size = shared.size();
  if (EVP_PKEY_derive(context.get(), shared.bytes().data(), &size) != 1) return std::nullopt;
  CHECK(size == shared.size());
  return shared;
}

}  // namespace glass::crypto
