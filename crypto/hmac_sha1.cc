// The calls of OpenSSL that work on one digest in memory of ours. They are deprecated, and the only
// ones that fit: EVP makes a new context at the heap for each message, or for each copy of one.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/hmac_sha1.h"

#include <array>
#include <cstdint>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/equal.h"

namespace glass::crypto {
namespace {

using Block = std::array<std::uint8_t, SHA_CBLOCK>;

// What the digest knows after the padded key.
SHA_CTX begin(Bytes key, std::uint8_t pad) {
  Block block{};
  copy_bytes(key, block);
  for (std::uint8_t& byte : block) byte ^= pad;
  SHA_CTX state;
  CHECK(SHA1_Init(&state) == 1);
  CHECK(SHA1_Update(&state, block.data(), block.size()) == 1);
  wipe(block);
  return state;
}

}  // namespace

struct HmacSha1::States {
  SHA_CTX inner;
  SHA_CTX outer;
  SHA_CTX now;
};

// RFC 2104 §2: H(key ^ opad, H(key ^ ipad, text)).
HmacSha1::HmacSha1(Bytes key) : states_(std::make_unique<States>()) {
  CHECK(key.size() <= SHA_CBLOCK);
  states_->inner = begin(key, 0x36);
  states_->outer = begin(key, 0x5c);
  states_->now = states_->inner;
}

HmacSha1::~HmacSha1() { OPENSSL_cleanse(states_.get(), sizeof(States)); }

void HmacSha1::update(Bytes bytes) {
  CHECK(SHA1_Update(&states_->now, bytes.data(), bytes.size()) == 1);
}

void HmacSha1::finish(MutableBytes out) {
  CHECK(out.size() <= kSize);
  std::array<std::uint8_t, kSize> digest{};
  CHECK(SHA1_Final(digest.data(), &states_->now) == 1);
  states_->now = states_->outer;
  update(digest);
  CHECK(SHA1_Final(digest.data(), &states_->now) == 1);
  states_->now = states_->inner;
  copy_bytes(Bytes(digest).first(out.size()), out);
  wipe(digest);
}

}  // namespace glass::crypto
