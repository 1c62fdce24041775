// crypto/transparent.h - cryptography that hides and checks nothing, so that a fuzzer gets past it.
//
// For fuzz/ and tests/ alone, injected where a configuration takes Primitives. The text stays as it
// is, every tag, signature and code is accepted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "crypto/aead.h"
#include "crypto/number_mask.h"
#include "crypto/primitives.h"
#include "crypto/stream_cipher.h"

namespace glass::crypto {

class TransparentAead final : public Aead {
 public:
  void seal(Bytes /*nonce*/, Bytes /*associated*/, MutableBytes /*text*/,
            MutableBytes tag) override {
    std::ranges::fill(tag, std::uint8_t{0});
  }
  bool open(Bytes /*nonce*/, Bytes /*associated*/, MutableBytes /*text*/, Bytes /*tag*/) override {
    return true;
  }
};

class TransparentNumberMask final : public NumberMask {
 public:
  [[nodiscard]] NumberMaskBytes mask(Bytes /*sample*/) override { return {}; }
};

class TransparentStreamCipher final : public StreamCipher {
 public:
  void apply(Bytes /*counter*/, MutableBytes /*text*/) override {}
};

class TransparentPrimitives final : public Primitives {
 public:
  [[nodiscard]] std::unique_ptr<Aead> aead(AeadKind /*kind*/, Bytes /*key*/) const override {
    return std::make_unique<TransparentAead>();
  }
  [[nodiscard]] std::unique_ptr<NumberMask> number_mask(AeadKind /*kind*/,
                                                        Bytes /*key*/) const override {
    return std::make_unique<TransparentNumberMask>();
  }
  [[nodiscard]] std::unique_ptr<StreamCipher> aes_counter(Bytes /*key*/) const override {
    return std::make_unique<TransparentStreamCipher>();
  }
  [[nodiscard]] bool verify(const PublicKey& /*key*/, SignatureScheme /*scheme*/, Bytes /*message*/,
                            Bytes /*signature*/) const override {
    return true;
  }
  [[nodiscard]] bool same_code(Bytes expected, Bytes received) const override {
    return expected.size() == received.size();
  }
};

}  // namespace glass::crypto
