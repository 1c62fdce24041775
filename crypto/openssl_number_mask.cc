#include <array>
#include <cstdint>
#include <memory>

#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/aead.h"
#include "crypto/number_mask.h"

namespace glass::crypto {
namespace {

const EVP_CIPHER* fetch(const char* name) {
  const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, name, nullptr);
  CHECK(cipher != nullptr);
  return cipher;
}

const EVP_CIPHER* block_cipher(AeadKind kind) {
  static const std::array<const EVP_CIPHER*, 3> kFetched{fetch("AES-128-ECB"), fetch("AES-256-ECB"),
                                                         fetch("ChaCha20")};
  return kFetched.at(static_cast<std::size_t>(kind));
}

class OpenSslNumberMask final : public NumberMask {
 public:
  OpenSslNumberMask(AeadKind kind, Bytes key)
      : is_stream_(kind == AeadKind::kChaCha20Poly1305), context_(EVP_CIPHER_CTX_new()) {
    CHECK(context_ != nullptr && key.size() == aead_key_size(kind));
    CHECK(EVP_CipherInit_ex2(context_.get(), block_cipher(kind), key.data(), nullptr, 1, nullptr) ==
          1);
    if (!is_stream_) CHECK(EVP_CIPHER_CTX_set_padding(context_.get(), 0) == 1);
  }

  NumberMaskBytes mask(Bytes sample) override {
    CHECK(sample.size() == kNumberSampleSize);
    constexpr NumberMaskBytes kZeroes{};
    Bytes input = sample;
    if (is_stream_) {
      // The sample is block counter and nonce, in the order in which OpenSSL takes them as its IV.
      CHECK(EVP_CipherInit_ex2(context_.get(), nullptr, nullptr, sample.data(), 1, nullptr) == 1);
      input = kZeroes;
    }
    // One whole block, for each packet: the call without OpenSSL's buffering.
    NumberMaskBytes out{};
    CHECK(EVP_Cipher(context_.get(), out.data(), input.data(),
                     static_cast<unsigned>(input.size())) == static_cast<int>(out.size()));
    return out;
  }

 private:
  struct Free {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  };
  bool is_stream_;
  std::unique_ptr<EVP_CIPHER_CTX, Free> context_;
};

}  // namespace

std::unique_ptr<NumberMask> make_number_mask(AeadKind kind, Bytes key) {
  return std::make_unique<OpenSslNumberMask>(kind, key);
}

}  // namespace glass::crypto
