#include <memory>

#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/stream_cipher.h"

namespace glass::crypto {
namespace {

const EVP_CIPHER* fetch(const char* name) {
  const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, name, nullptr);
  CHECK(cipher != nullptr);
  return cipher;
}

const EVP_CIPHER* counter_cipher(std::size_t key_size) {
  static const EVP_CIPHER* const kAes128 = fetch("AES-128-CTR");
  static const EVP_CIPHER* const kAes256 = fetch("AES-256-CTR");
  CHECK(key_size == 16 || key_size == 32);
  return key_size == 16 ? kAes128 : kAes256;
}

class OpenSslCounter final : public StreamCipher {
 public:
  explicit OpenSslCounter(Bytes key) : context_(EVP_CIPHER_CTX_new()) {
    CHECK(context_ != nullptr);
    CHECK(EVP_CipherInit_ex2(context_.get(), counter_cipher(key.size()), key.data(), nullptr, 1,
                             nullptr) == 1);
  }

  void apply(Bytes counter, MutableBytes text) override {
    CHECK(counter.size() == kCounterBlockSize);
    if (text.empty()) return;
    CHECK(EVP_CipherInit_ex2(context_.get(), nullptr, nullptr, counter.data(), 1, nullptr) == 1);
    int done = 0;
    CHECK(EVP_CipherUpdate(context_.get(), text.data(), &done, text.data(),
                           static_cast<int>(text.size())) == 1);
  }

 private:
  struct Free {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  };
  std::unique_ptr<EVP_CIPHER_CTX, Free> context_;
};

}  // namespace

std::unique_ptr<StreamCipher> make_aes_counter(Bytes key) {
  return std::make_unique<OpenSslCounter>(key);
}

}  // namespace glass::crypto
