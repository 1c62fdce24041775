#include "crypto/hash.h"

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/equal.h"
#include "crypto/openssl_digest.h"

namespace glass::crypto {
namespace {

struct Facts {
  const char* openssl;
  std::string_view iana;
  std::size_t size;
  std::size_t block;
};

constexpr std::array<Facts, 5> kFacts{
    {
     {"MD5", "md5", 16, 64},
     {"SHA1", "sha-1", 20, 64},
     {"SHA2-256", "sha-256", 32, 64},
     {"SHA2-384", "sha-384", 48, 128},
     {"SHA2-512", "sha-512", 64, 128},
     }
};

const Facts& facts(HashKind kind) { return kFacts.at(std::to_underlying(kind)); }

EVP_MD* fetch(HashKind kind) {
  EVP_MD* digest = EVP_MD_fetch(nullptr, facts(kind).openssl, nullptr);
  CHECK(digest != nullptr);
  return digest;
}

}  // namespace

const EVP_MD* openssl_digest(HashKind kind) {
  static const std::array<const EVP_MD*, 5> kFetched{
      fetch(HashKind::kMd5), fetch(HashKind::kSha1), fetch(HashKind::kSha256),
      fetch(HashKind::kSha384), fetch(HashKind::kSha512)};
  return kFetched.at(std::to_underlying(kind));
}

std::size_t hash_size(HashKind kind) { return facts(kind).size; }
std::size_t hash_block_size(HashKind kind) { return facts(kind).block; }
std::string_view to_text(HashKind kind) { return facts(kind).iana; }

void Hash::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Hash::Hash(HashKind kind) : kind_(kind), context_(EVP_MD_CTX_new()) {
  CHECK(context_ != nullptr);
  CHECK(EVP_DigestInit_ex2(context_.get(), openssl_digest(kind), nullptr) == 1);
}

void Hash::update(Bytes bytes) {
  CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

void Hash::finish(MutableBytes out) {
  std::array<std::uint8_t, kHashSizeMax> digest{};
  CHECK(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
  CHECK(EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) == 1);
  CHECK(out.size() <= size());
  copy_bytes(Bytes(digest).first(out.size()), out);
  wipe(digest);
}

Hash Hash::fork() const {
  Hash twin(kind_);
  CHECK(EVP_MD_CTX_copy_ex(twin.context_.get(), context_.get()) == 1);
  return twin;
}

ByteVector hash(HashKind kind, Bytes bytes) {
  ByteVector digest(hash_size(kind));
  Hash context(kind);
  context.update(bytes);
  context.finish(digest);
  return digest;
}

}  // namespace glass::crypto
