// HKDF and the masks of record numbers against the numbers that their documents give.
#include "crypto/hkdf.h"

#include <string_view>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/number_mask.h"

namespace glass::crypto {
namespace {

ByteVector bytes(std::string_view text) { return from_hex(text).value(); }

ByteVector counting(std::uint8_t from, std::size_t count) {
  ByteVector out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>(from + i);
  return out;
}

void expect_hkdf(HashKind kind, Bytes input, Bytes salt, Bytes info, std::string_view key_text,
                 std::string_view output_text) {
  const Secret key = hkdf_extract(kind, salt, input);
  ByteVector out(output_text.size() / 2);
  hkdf_expand(kind, key.bytes(), info, out);

  EXPECT_EQ(hex(key.bytes()), key_text);
  EXPECT_EQ(hex(out), output_text);
}

TEST(Rfc5869AppendixA, Sha256) {
  expect_hkdf(
      HashKind::kSha256, ByteVector(22, 0x0b), counting(0, 13), counting(0xf0, 10),
      "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

TEST(Rfc5869AppendixA, Sha256WithLongerInputs) {
  expect_hkdf(HashKind::kSha256, counting(0, 80), counting(0x60, 80), counting(0xb0, 80),
              "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
              "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
              "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
              "cc30c58179ec3e87c14c01d5c1f3434f1d87");
}

TEST(Rfc5869AppendixA, Sha256WithoutSaltAndInfo) {
  expect_hkdf(HashKind::kSha256, ByteVector(22, 0x0b), {}, {},
              "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
              "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
              "9d201395faa4b61a96c8");
}

TEST(Rfc5869AppendixA, Sha1) {
  expect_hkdf(HashKind::kSha1, ByteVector(11, 0x0b), counting(0, 13), counting(0xf0, 10),
              "9b6c18c432a7bf8f0e71c8eb88f4b30baa2ba243",
              "085a01ea1b10f36933068b56efa5ad81a4f14b822f5b091568a9cdd4f155fda2"
              "c22e422478d305f3f896");
}

TEST(NumberMask, IsAnAesBlockOfTheSample) {
  // FIPS 197, appendix C.1 and C.3.
  const ByteVector sample = bytes("00112233445566778899aabbccddeeff");

  const auto small = make_number_mask(AeadKind::kAes128Gcm, counting(0, 16));
  const auto large = make_number_mask(AeadKind::kAes256Gcm, counting(0, 32));

  EXPECT_EQ(hex(small->mask(sample)), "69c4e0d86a7b0430d8cdb78070b4c55a");
  EXPECT_EQ(hex(large->mask(sample)), "8ea2b7ca516745bfeafc49904b496089");
  EXPECT_EQ(hex(small->mask(sample)), "69c4e0d86a7b0430d8cdb78070b4c55a");
}

TEST(NumberMask, IsAChaCha20BlockOfCounterAndNonce) {
  // RFC 8439 §2.3.2: the counter is little-endian.
  const ByteVector sample = bytes("01000000000000090000004a00000000");

  const auto mask = make_number_mask(AeadKind::kChaCha20Poly1305, counting(0, 32));

  EXPECT_EQ(hex(mask->mask(sample)), "10f1e7e4d13b5915500fdd1fa32071c4");
  EXPECT_EQ(hex(mask->mask(sample)), "10f1e7e4d13b5915500fdd1fa32071c4");
}

}  // namespace
}  // namespace glass::crypto
