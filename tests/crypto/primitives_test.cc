// Key exchange, AEAD, PRF, certificates: known answers, and what must be refused.
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/certificate.h"
#include "crypto/fingerprint.h"
#include "crypto/key_exchange.h"
#include "crypto/prf.h"
#include "crypto/secret.h"
#include "crypto/seeded_random.h"
#include "crypto/signature.h"
#include "crypto/transparent.h"

namespace glass::crypto {
namespace {

constexpr std::uint64_t kWall = 1'700'000'000;

ByteVector bytes(std::string_view text) { return from_hex(text).value(); }

TEST(Rfc7748Section61, X25519TestVector) {
  const KeyShare alice =
      KeyShare::from_x25519_private(bytes("77076d0a7318a57d3c16c17251b26645"
                                          "df4c2f87ebc0992ab177fba51db92c2a"));
  const ByteVector bob_public =
      bytes("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");

  EXPECT_EQ(hex(alice.public_key()),
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  EXPECT_EQ(hex(alice.agree(bob_public)->bytes()),
            "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

TEST(KeyShare, BothSidesAgree) {
  for (const Group group : {Group::kX25519, Group::kP256, Group::kP384}) {
    const KeyShare one(group);
    const KeyShare other(group);

    const auto here = one.agree(other.public_key());
    const auto there = other.agree(one.public_key());

    ASSERT_TRUE(here && there);
    EXPECT_TRUE(equal(here->bytes(), there->bytes()));
    EXPECT_EQ(one.public_key().size(), public_key_size(group));
  }
}

TEST(KeyShare, RefusesWhatIsNoPublicKey) {
  const KeyShare p256(Group::kP256);
  const KeyShare x25519(Group::kX25519);
  ByteVector off_curve(p256.public_key().begin(), p256.public_key().end());
  off_curve.back() ^= 1;
  ByteVector compressed(33, 2);

  EXPECT_FALSE(p256.agree(off_curve));
  EXPECT_FALSE(p256.agree(compressed));
  EXPECT_FALSE(p256.agree(ByteVector{0}));  // the point at infinity
  EXPECT_FALSE(p256.agree({}));
  EXPECT_FALSE(x25519.agree(ByteVector(32, 0)));  // leads to the all-zero secret
  EXPECT_FALSE(x25519.agree(ByteVector(31, 9)));
}

// Test case 4 of McGrew and Viega, "The Galois/Counter Mode of Operation".
TEST(Aead, Aes128GcmKnownAnswer) {
  const auto aead = make_aead(AeadKind::kAes128Gcm, bytes("feffe9928665731c6d6a8f9467308308"));
  const ByteVector nonce = bytes("cafebabefacedbaddecaf888");
  const ByteVector associated = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const ByteVector plain = bytes(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
  ByteVector text = plain;
  ByteVector tag(kAeadTagSize);

  for (int round = 0; round < 3; ++round) {  // the context is used again
    aead->seal(nonce, associated, text, tag);
    EXPECT_EQ(hex(text),
              "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
              "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091");
    EXPECT_EQ(hex(tag), "5bc94fbc3221a5db94fae95ae7121a47");
    EXPECT_TRUE(aead->open(nonce, associated, text, tag));
    EXPECT_EQ(text, plain);
  }
}

TEST(Aead, EveryKindOpensOnlyWhatItHasSealed) {
  for (const AeadKind kind :
       {AeadKind::kAes128Gcm, AeadKind::kAes256Gcm, AeadKind::kChaCha20Poly1305}) {
    const auto aead = make_aead(kind, ByteVector(aead_key_size(kind), 7));
    const ByteVector nonce(kAeadNonceSize, 1);
    const ByteVector other(kAeadNonceSize, 2);
    ByteVector text(100, 3);
    ByteVector tag(kAeadTagSize);
    aead->seal(nonce, other, text, tag);
    ByteVector bad_tag = tag;
    bad_tag[15] ^= 1;

    for (const auto& [n, a, t] : {
             std::tuple{nonce, other, bad_tag},
             std::tuple{other, other, tag    },
             std::tuple{nonce, nonce, tag    }
    }) {
      ByteVector copy = text;
      EXPECT_FALSE(aead->open(n, a, copy, t));
    }
    EXPECT_TRUE(aead->open(nonce, other, text, tag));
    EXPECT_EQ(text, ByteVector(100, 3));
  }
}

TEST(Aead, TextMayBeEmpty) {
  const auto aead = make_aead(AeadKind::kAes128Gcm, ByteVector(16, 7));
  const ByteVector nonce(kAeadNonceSize, 1);
  ByteVector tag(kAeadTagSize);

  aead->seal(nonce, nonce, {}, tag);

  EXPECT_TRUE(aead->open(nonce, nonce, {}, tag));
}

// The vector for P_SHA256 that the TLS working group's list has passed round since 2009.
TEST(Prf, KnownAnswerForSha256) {
  ByteVector out(100);
  const ByteVector secret = bytes("9bbe436ba940f017b17652849a71db35");
  const ByteVector seed = bytes("a0ba9f936cda311827a6f796ffd5198c");

  prf(HashKind::kSha256,
      {.secret = secret,
       .label = "test label",
       .seed = Bytes(seed).first(5),
       .more_seed = Bytes(seed).subspan(5)},
      out);

  EXPECT_EQ(hex(out),
            "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"
            "6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"
            "4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701"
            "87347b66");
}

TEST(Identity, SignsWhatItsCertificateVerifies) {
  const Identity identity = Identity::make("glass", kWall);
  const ByteVector signature = identity.sign(as_bytes("a message"));
  const auto key = PublicKey::from_certificate(identity.certificate_der());

  ASSERT_TRUE(key);
  EXPECT_EQ(key->kind(), KeyKind::kEc);
  EXPECT_TRUE(key->verify(identity.scheme(), as_bytes("a message"), signature));
  EXPECT_FALSE(key->verify(identity.scheme(), as_bytes("b message"), signature));
  EXPECT_FALSE(key->verify(SignatureScheme::kEcdsaSha384, as_bytes("a message"), signature));
  EXPECT_FALSE(key->verify(SignatureScheme::kRsaPssSha256, as_bytes("a message"), signature));
  EXPECT_FALSE(key->verify(identity.scheme(), as_bytes("a message"), {}));
}

TEST(Identity, OfEveryKindSignsInEveryWayItSays) {
  for (const IdentityKind kind :
       {IdentityKind::kEcdsaP256, IdentityKind::kRsa2048, IdentityKind::kEd25519}) {
    const Identity identity = Identity::make("each", kWall, kind);
    const auto key = PublicKey::from_certificate(identity.certificate_der());
    const auto again = Identity::from_pem(identity.to_pem());
    ASSERT_TRUE(key && again);
    EXPECT_EQ(again->kind(), kind);
    for (const SignatureScheme scheme : identity.schemes()) {
      const ByteVector signature = identity.sign(as_bytes("words"), scheme);

      EXPECT_TRUE(key->verify(scheme, as_bytes("words"), signature));
      EXPECT_FALSE(key->verify(scheme, as_bytes("other words"), signature));
      EXPECT_FALSE(key->verify(SignatureScheme::kEcdsaSha384, as_bytes("words"), signature));
    }
    EXPECT_EQ(key->curve().has_value(), kind == IdentityKind::kEcdsaP256);
  }
}

TEST(Identity, SurvivesPem) {
  const Identity identity = Identity::make("glass", kWall);

  const auto again = Identity::from_pem(identity.to_pem());

  ASSERT_TRUE(again);
  EXPECT_TRUE(equal(again->certificate_der(), identity.certificate_der()));
  const auto key = PublicKey::from_certificate(identity.certificate_der());
  EXPECT_TRUE(key->verify(again->scheme(), as_bytes("x"), again->sign(as_bytes("x"))));
}

TEST(Identity, RefusesPemOfOtherThings) {
  const std::string one = Identity::make("one", kWall).to_pem();
  const std::string other = Identity::make("other", kWall).to_pem();
  const std::size_t cut = one.find("-----BEGIN CERTIFICATE");
  const std::size_t other_cut = other.find("-----BEGIN CERTIFICATE");

  EXPECT_EQ(Identity::from_pem("").error(), IdentityError::kNoKey);
  EXPECT_EQ(Identity::from_pem(one.substr(0, cut)).error(), IdentityError::kNoCertificate);
  EXPECT_EQ(Identity::from_pem(one.substr(0, cut) + other.substr(other_cut)).error(),
            IdentityError::kMismatch);
}

TEST(PublicKey, RefusesWhatIsNoCertificate) {
  const Identity identity = Identity::make("glass", kWall);
  ByteVector longer(identity.certificate_der().begin(), identity.certificate_der().end());
  longer.push_back(0);

  EXPECT_FALSE(PublicKey::from_certificate({}));
  EXPECT_FALSE(PublicKey::from_certificate(longer));
  EXPECT_FALSE(PublicKey::from_certificate(Bytes(longer).first(100)));
}

TEST(SeededRandom, MakesKeysAndSignaturesRepeatable) {
  const auto run = [](std::uint64_t seed) {
    seed_openssl(seed);
    const Identity identity = Identity::make("glass", kWall);
    const KeyShare share(Group::kP256);
    const KeyShare other(Group::kX25519);
    return identity.to_pem() + hex(identity.sign(as_bytes("x"))) + hex(share.public_key()) +
           hex(other.public_key());
  };

  const std::string first = run(7);
  const std::string again = run(7);
  const std::string another = run(8);
  unseed_openssl();

  EXPECT_EQ(first, again);
  EXPECT_NE(first, another);
}

TEST(Fingerprint, ReadsWhatItWrites) {
  const Identity identity = Identity::make("glass", kWall);
  for (const HashKind kind : {HashKind::kSha256, HashKind::kSha384, HashKind::kSha512}) {
    const Fingerprint print = identity.fingerprint(kind);

    EXPECT_EQ(parse_fingerprint(to_text(print)), print);
    EXPECT_TRUE(matches_any(std::array{print}, identity.certificate_der()));
  }
}

TEST(Fingerprint, TextIsThatOfSdp) {
  const Fingerprint print = fingerprint(as_bytes("abc"));

  EXPECT_EQ(to_text(print).substr(0, 20), "sha-256 BA:78:16:BF:");
  EXPECT_EQ(parse_fingerprint("SHA-256 ba:78" + to_text(print).substr(13)), print);
}

TEST(Fingerprint, WeakOrBrokenOnesDoNotCount) {
  EXPECT_FALSE(parse_fingerprint("md5 90:01:50:98:3C:D2:4F:B0:D6:96:3F:7D:28:E1:7F:72"));
  EXPECT_FALSE(
      parse_fingerprint("sha-1 A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D"));
  EXPECT_FALSE(parse_fingerprint("sha-256 BA:78"));
  EXPECT_FALSE(parse_fingerprint("sha-256"));
  EXPECT_FALSE(matches_any({}, as_bytes("abc")));
}

TEST(Secret, IsGoneWhenForgotten) {
  Secret secret(as_bytes("password"));
  Secret taken = std::move(secret);

  EXPECT_EQ(as_text(taken.bytes()), "password");
  taken.forget();
  EXPECT_TRUE(taken.empty());
}

TEST(TransparentPrimitives, HideAndCheckNothing) {
  const TransparentPrimitives primitives;
  const auto aead = primitives.aead(AeadKind::kAes128Gcm, {});
  ByteVector text{1, 2, 3};
  ByteVector tag(kAeadTagSize, 9);

  aead->seal({}, {}, text, tag);

  EXPECT_EQ(text, (ByteVector{1, 2, 3}));
  EXPECT_TRUE(aead->open({}, {}, text, ByteVector(16, 5)));
}

}  // namespace
}  // namespace glass::crypto
