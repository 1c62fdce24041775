#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/aead.h"

namespace glass::crypto {
namespace {

struct Facts {
  const char* openssl;
  std::size_t key_size;
};
constexpr std::array<Facts, 3> kFacts{
    {{"AES-128-GCM", 16}, {"AES-256-GCM", 32}, {"ChaCha20-Poly1305", 32}}
};

const Facts& facts(AeadKind kind) { return kFacts.at(std::to_underlying(kind)); }

EVP_CIPHER* fetch(AeadKind kind) {
  EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, facts(kind).openssl, nullptr);
  CHECK(cipher != nullptr);
  return cipher;
}

const EVP_CIPHER* openssl_cipher(AeadKind kind) {
  static const std::array<const EVP_CIPHER*, 3> kFetched{
      fetch(AeadKind::kAes128Gcm), fetch(AeadKind::kAes256Gcm), fetch(AeadKind::kChaCha20Poly1305)};
  return kFetched.at(std::to_underlying(kind));
}

int size_of(Bytes bytes) { return static_cast<int>(bytes.size()); }

enum class Way : int { kOpen = 0, kSeal = 1 };

class OpenSslAead final : public Aead {
 public:
  OpenSslAead(AeadKind kind, Bytes key) : context_(EVP_CIPHER_CTX_new()) {
    CHECK(context_ != nullptr);
    CHECK(key.size() == facts(kind).key_size);
    CHECK(EVP_CipherInit_ex2(context_.get(), openssl_cipher(kind), key.data(), nullptr, 1,
                             nullptr) == 1);
  }

  void seal(Bytes nonce, Bytes associated, MutableBytes text, MutableBytes tag) override {
    begin(Way::kSeal, nonce, nullptr);
    authenticate(associated);
    CHECK(convert(text));
    int end = 0;
    CHECK(EVP_CipherFinal_ex(context_.get(), tag.data(), &end) == 1);
    CHECK(tag.size() == kAeadTagSize);
    std::array<OSSL_PARAM, 2> made{tag_parameter(tag), OSSL_PARAM_construct_end()};
    CHECK(EVP_CIPHER_CTX_get_params(context_.get(), made.data()) == 1);
  }

  bool open(Bytes nonce, Bytes associated, MutableBytes text, Bytes tag) override {
    CHECK(tag.size() == kAeadTagSize);
    std::array<std::uint8_t, kAeadTagSize> expected{};  // OpenSSL asks for one it may write to
    copy_bytes(tag, expected);
    const std::array<OSSL_PARAM, 2> wanted{tag_parameter(expected), OSSL_PARAM_construct_end()};
    begin(Way::kOpen, nonce, wanted.data());
    authenticate(associated);
    if (!convert(text)) return false;
    std::array<std::uint8_t, kAeadTagSize> nothing{};
    int end = 0;
    return EVP_CipherFinal_ex(context_.get(), nothing.data(), &end) == 1;
  }

 private:
  struct Free {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  };

  // In one call with the nonce: each call of its own looks names up, for every packet.
  static OSSL_PARAM tag_parameter(MutableBytes tag) {
    return OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag.data(), tag.size());
  }
  void begin(Way way, Bytes nonce, const OSSL_PARAM* parameters) {
    CHECK(nonce.size() == kAeadNonceSize);
    CHECK(EVP_CipherInit_ex2(context_.get(), nullptr, nullptr, nonce.data(), static_cast<int>(way),
                             parameters) == 1);
  }
  void authenticate(Bytes associated) {
    int done = 0;
    if (associated.empty()) return;
    CHECK(EVP_CipherUpdate(context_.get(), nullptr, &done, associated.data(),
                           size_of(associated)) == 1);
  }
  bool convert(MutableBytes text) {
    int done = 0;
    if (text.empty()) return true;
    return EVP_CipherUpdate(context_.get(), text.data(), &done, text.data(), size_of(text)) == 1;
  }

  std::unique_ptr<EVP_CIPHER_CTX, Free> context_;
};

}  // namespace

std::size_t aead_key_size(AeadKind kind) { return facts(kind).key_size; }

std::unique_ptr<Aead> make_aead(AeadKind kind, Bytes key) {
  return std::make_unique<OpenSslAead>(kind, key);
}

}  // namespace glass::crypto
