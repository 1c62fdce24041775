#include "crypto/hash.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/text.h"
#include "crypto/equal.h"
#include "crypto/hmac.h"
#include "crypto/hmac_sha1.h"
#include "crypto/os_random.h"

namespace glass::crypto {
namespace {

std::string hashed(HashKind kind, std::string_view text) { return hex(hash(kind, as_bytes(text))); }

TEST(Hash, KnowsTheAnswersForAbc) {
  EXPECT_EQ(hashed(HashKind::kMd5, "abc"), "900150983cd24fb0d6963f7d28e17f72");  // RFC 1321 §A.5
  EXPECT_EQ(hashed(HashKind::kSha1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hashed(HashKind::kSha256, "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hashed(HashKind::kSha384, "abc"),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
            "8086072ba1e7cc2358baeca134c825a7");
  EXPECT_EQ(hashed(HashKind::kSha512, "abc"),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Hash, BeginsAgainAfterFinish) {
  Hash context(HashKind::kSha256);
  std::array<std::uint8_t, 32> first{};
  std::array<std::uint8_t, 32> second{};

  context.update(as_bytes("abc"));
  context.finish(first);
  context.update(as_bytes("a"));
  context.update(as_bytes("bc"));
  context.finish(second);

  EXPECT_EQ(first, second);
}

TEST(Hash, ForkGoesItsOwnWay) {
  Hash context(HashKind::kSha256);
  context.update(as_bytes("a"));
  Hash twin = context.fork();
  std::array<std::uint8_t, 32> digest{};

  context.update(as_bytes("z"));
  twin.update(as_bytes("bc"));
  twin.finish(digest);

  EXPECT_EQ(hex(digest), hashed(HashKind::kSha256, "abc"));
}

TEST(Hash, FinishCutsToWhatIsAskedFor) {
  Hash context(HashKind::kSha256);
  std::array<std::uint8_t, 4> digest{};

  context.update(as_bytes("abc"));
  context.finish(digest);

  EXPECT_EQ(hex(digest), "ba7816bf");
}

// RFC 4231 §4: key, data, HMAC-SHA-256, HMAC-SHA-384.
void expect_hmac(std::string_view key, std::string_view data, std::string_view sha256,
                 std::string_view sha384) {
  const ByteVector key_bytes = from_hex(key).value();
  const ByteVector data_bytes = from_hex(data).value();
  EXPECT_EQ(hex(hmac(HashKind::kSha256, key_bytes, data_bytes)), sha256);
  EXPECT_EQ(hex(hmac(HashKind::kSha384, key_bytes, data_bytes)), sha384);
}

TEST(Rfc4231Section4, TestCase1) {
  expect_hmac("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
              "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
              "faea9ea9076ede7f4af152e8b2fa9cb6");
}

TEST(Rfc4231Section4, TestCase2TheKeyIsShort) {
  expect_hmac("4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
              "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
              "8e2240ca5e69e2c78b3239ecfab21649");
}

TEST(Rfc4231Section4, TestCase6TheKeyIsLongerThanABlock) {
  std::string key;
  for (int i = 0; i < 131; ++i) key += "aa";
  expect_hmac(key,
              "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a"
              "65204b6579202d2048617368204b6579204669727374",
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
              "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
              "0c2ef6ab4030fe8296248df163f44952");
}

TEST(Rfc2202Section3, HmacSha1WithAShortKey) {
  EXPECT_EQ(hex(hmac(HashKind::kSha1, as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

TEST(Rfc2202Section3, HmacSha1OfPacketsGivesTheSameCodes) {
  struct Case {
    ByteVector key;
    ByteVector text;
    std::string_view code;
  };
  const std::string_view what = "what do ya want for nothing?";
  const Bytes jefe = as_bytes("Jefe");
  const std::vector<Case> cases{
      {ByteVector(20, 0x0b), from_hex("4869205468657265").value(),
       "b617318655057264e28bc0b6fb378c8ef146be00"},
      {{jefe.begin(), jefe.end()},
       {what.begin(), what.end()},
       "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
      {ByteVector(20, 0xaa), ByteVector(50, 0xdd), "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
  };
  for (const Case& one : cases) {
    HmacSha1 mac(one.key);
    ByteVector code(HmacSha1::kSize);
    for (int again = 0; again < 2; ++again) {
      mac.update(Bytes(one.text).first(3));
      mac.update(Bytes(one.text).subspan(3));
      mac.finish(code);
      EXPECT_EQ(hex(code), one.code);
    }
  }
}

TEST(Hmac, KeepsItsKeyForTheNextMessage) {
  Hmac context(HashKind::kSha256, as_bytes("Jefe"));
  std::array<std::uint8_t, 32> first{};
  std::array<std::uint8_t, 32> second{};

  context.update(as_bytes("what do ya want for nothing?"));
  context.finish(first);
  context.update(as_bytes("what do ya want "));
  context.update(as_bytes("for nothing?"));
  context.finish(second);

  EXPECT_EQ(hex(first), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(first, second);
}

TEST(EqualSecret, ComparesLengthAndBytes) {
  EXPECT_TRUE(equal_secret(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(equal_secret(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal_secret(as_bytes("abc"), as_bytes("ab")));
  EXPECT_TRUE(equal_secret({}, {}));
}

TEST(Wipe, LeavesZeroes) {
  ByteVector secret(100, 7);

  wipe(secret);

  EXPECT_EQ(secret, ByteVector(100, 0));
}

TEST(OsRandom, FillsAndDiffers) {
  OsRandom random;

  EXPECT_NE(random.u64(), random.u64());
}

}  // namespace
}  // namespace glass::crypto
