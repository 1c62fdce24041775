#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/fingerprint.h"
#include "crypto/hash.h"
#include "crypto/key_exchange.h"
#include "crypto/openssl_digest.h"
#include "crypto/os_random.h"
#include "crypto/signature.h"

namespace glass::crypto {
namespace {

struct FreeX509 {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using CertificateHandle = std::unique_ptr<X509, FreeX509>;
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioHandle = std::unique_ptr<BIO, FreeBio>;
struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using DigestHandle = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

constexpr std::uint64_t kDay = 86400;
constexpr std::uint64_t kValidDays = 30;
constexpr std::size_t kSerialSize = 16;

void set_serial(X509* certificate) {
  std::array<std::uint8_t, kSerialSize> serial{};
  openssl_random(serial);
  // RFC 5280 §4.1.2.2: positive, so the first bit is clear, and one more is set to keep it long.
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x40);
  BIGNUM* const number = BN_bin2bn(serial.data(), serial.size(), nullptr);
  CHECK(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr);
  BN_free(number);
}

void set_names(X509* certificate, std::string_view common_name) {
  constexpr std::size_t kCommonNameMax = 64;  // RFC 5280 §A.1, ub-common-name
  const Bytes name = as_bytes(common_name.substr(0, kCommonNameMax));
  X509_NAME* const subject = X509_get_subject_name(certificate);
  CHECK(X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, name.data(),
                                   static_cast<int>(name.size()), -1, 0) == 1);
  CHECK(X509_set_issuer_name(certificate, subject) == 1);
}

void set_validity(X509* certificate, std::uint64_t wall_seconds) {
  const std::uint64_t from = wall_seconds > kDay ? wall_seconds - kDay : 0;  // clocks differ
  const std::uint64_t until = wall_seconds + kValidDays * kDay;
  CHECK(ASN1_TIME_set(X509_getm_notBefore(certificate), static_cast<std::time_t>(from)) != nullptr);
  CHECK(ASN1_TIME_set(X509_getm_notAfter(certificate), static_cast<std::time_t>(until)) != nullptr);
}

ByteVector der_of(X509* certificate) {
  const int size = i2d_X509(certificate, nullptr);
  CHECK(size > 0);
  ByteVector der(static_cast<std::size_t>(size));
  unsigned char* at = der.data();
  CHECK(i2d_X509(certificate, &at) == size);
  return der;
}

// Without it OpenSSL would ask on the terminal.
int no_password(char* /*out*/, int /*size*/, int /*writing*/, void* /*user*/) { return -1; }

BioHandle reading(std::string_view text) {
  BioHandle bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  CHECK(bio != nullptr);
  return bio;
}

CertificateHandle parse_der(Bytes der) {
  const unsigned char* at = der.data();
  CertificateHandle certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (certificate == nullptr || at != der.data() + der.size()) return nullptr;
  return certificate;
}

bool is_p256(EVP_PKEY* key) {
  std::array<char, 32> name{};
  std::size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1 &&
         std::string_view(name.data(), size) == "prime256v1";
}

struct SchemeFacts {
  SignatureScheme scheme;
  KeyKind key;
  HashKind hash;
  bool pss;
};
constexpr std::array<SchemeFacts, 10> kSchemes{
    {
     {SignatureScheme::kEcdsaSha256, KeyKind::kEc, HashKind::kSha256, false},
     {SignatureScheme::kEcdsaSha384, KeyKind::kEc, HashKind::kSha384, false},
     {SignatureScheme::kEcdsaSha512, KeyKind::kEc, HashKind::kSha512, false},
     {SignatureScheme::kEd25519, KeyKind::kEd25519, HashKind::kSha512, false},
     {SignatureScheme::kRsaPkcs1Sha256, KeyKind::kRsa, HashKind::kSha256, false},
     {SignatureScheme::kRsaPkcs1Sha384, KeyKind::kRsa, HashKind::kSha384, false},
     {SignatureScheme::kRsaPkcs1Sha512, KeyKind::kRsa, HashKind::kSha512, false},
     {SignatureScheme::kRsaPssSha256, KeyKind::kRsa, HashKind::kSha256, true},
     {SignatureScheme::kRsaPssSha384, KeyKind::kRsa, HashKind::kSha384, true},
     {SignatureScheme::kRsaPssSha512, KeyKind::kRsa, HashKind::kSha512, true},
     }
};

constexpr std::array<SignatureScheme, 1> kEcdsaSchemes{SignatureScheme::kEcdsaSha256};
constexpr std::array<SignatureScheme, 1> kEd25519Schemes{SignatureScheme::kEd25519};
constexpr std::array<SignatureScheme, 6> kRsaSchemes{
    SignatureScheme::kRsaPssSha256,   SignatureScheme::kRsaPssSha384,
    SignatureScheme::kRsaPssSha512,   SignatureScheme::kRsaPkcs1Sha256,
    SignatureScheme::kRsaPkcs1Sha384, SignatureScheme::kRsaPkcs1Sha512};

const SchemeFacts* facts_of(SignatureScheme scheme) {
  const auto* const facts = std::ranges::find(kSchemes, scheme, &SchemeFacts::scheme);
  return facts == kSchemes.end() ? nullptr : facts;
}

// Ed25519 hashes by itself (RFC 8032 §5.1.6) and takes no digest of the caller's.
const EVP_MD* digest_of(const SchemeFacts& facts) {
  return facts.key == KeyKind::kEd25519 ? nullptr : openssl_digest(facts.hash);
}

EVP_PKEY* generate(IdentityKind kind) {
  constexpr std::size_t kRsaBits = 2048;
  switch (kind) {
    case IdentityKind::kEcdsaP256: return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    case IdentityKind::kRsa2048: return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", kRsaBits);
    case IdentityKind::kEd25519: return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  }
  return nullptr;
}

std::optional<IdentityKind> identity_kind(EVP_PKEY* key) {
  if (key == nullptr) return std::nullopt;
  if (is_p256(key)) return IdentityKind::kEcdsaP256;
  if (EVP_PKEY_is_a(key, "RSA") == 1) return IdentityKind::kRsa2048;
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return IdentityKind::kEd25519;
  return std::nullopt;
}

bool use_pss(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

}  // namespace

std::string_view to_text(IdentityError error) {
  switch (error) {
    case IdentityError::kNoKey: return "no private key that we can sign with";
    case IdentityError::kNoCertificate: return "no certificate";
    case IdentityError::kMismatch: return "the certificate is of another key";
  }
  return "unknown";
}

Identity::Identity(IdentityKind kind, KeyHandle key, ByteVector certificate)
    : kind_(kind), key_(std::move(key)), certificate_(std::move(certificate)) {}

Identity Identity::make(std::string_view common_name, std::uint64_t wall_seconds,
                        IdentityKind kind) {
  KeyHandle key(generate(kind));
  CHECK(key != nullptr);
  const CertificateHandle certificate(X509_new());
  CHECK(certificate != nullptr);
  CHECK(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  set_serial(certificate.get());
  set_names(certificate.get(), common_name);
  set_validity(certificate.get(), wall_seconds);
  CHECK(X509_set_pubkey(certificate.get(), key.get()) == 1);
  CHECK(X509_sign(certificate.get(), key.get(),
                  kind == IdentityKind::kEd25519 ? nullptr : openssl_digest(HashKind::kSha256)) >
        0);
  return {kind, std::move(key), der_of(certificate.get())};
}

Result<Identity, IdentityError> Identity::from_pem(std::string_view text) {
  KeyHandle key(PEM_read_bio_PrivateKey(reading(text).get(), nullptr, no_password, nullptr));
  const std::optional<IdentityKind> kind = identity_kind(key.get());
  if (!kind) return std::unexpected(IdentityError::kNoKey);
  const CertificateHandle certificate(
      PEM_read_bio_X509(reading(text).get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return std::unexpected(IdentityError::kNoCertificate);
  if (X509_check_private_key(certificate.get(), key.get()) != 1)
    return std::unexpected(IdentityError::kMismatch);
  return Identity(*kind, std::move(key), der_of(certificate.get()));
}

std::string Identity::to_pem() const {
  const BioHandle bio(BIO_new(BIO_s_secmem()));
  CHECK(bio != nullptr);
  CHECK(PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
        1);
  CHECK(PEM_write_bio_X509(bio.get(), parse_der(certificate_).get()) == 1);
  std::string text(BIO_ctrl_pending(bio.get()), '\0');
  CHECK(BIO_read(bio.get(), text.data(), static_cast<int>(text.size())) ==
        static_cast<int>(text.size()));
  return text;
}

Fingerprint Identity::fingerprint(HashKind kind) const {
  return crypto::fingerprint(certificate_, kind);
}

std::span<const SignatureScheme> Identity::schemes() const {
  switch (kind_) {
    case IdentityKind::kEcdsaP256: return kEcdsaSchemes;
    case IdentityKind::kRsa2048: return kRsaSchemes;
    case IdentityKind::kEd25519: return kEd25519Schemes;
  }
  return {};
}

ByteVector Identity::sign(Bytes message, SignatureScheme scheme) const {
  const SchemeFacts* const facts = facts_of(scheme);
  CHECK(facts != nullptr);
  const DigestHandle context(EVP_MD_CTX_new());
  CHECK(context != nullptr);
  EVP_PKEY_CTX* key_context = nullptr;
  CHECK(EVP_DigestSignInit(context.get(), &key_context, digest_of(*facts), nullptr, key_.get()) ==
        1);
  if (facts->pss) CHECK(use_pss(key_context));
  std::size_t size = 0;
  CHECK(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) == 1);
  ByteVector signature(size);
  CHECK(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) ==
        1);
  signature.resize(size);
  return signature;
}

std::optional<PublicKey> PublicKey::from_certificate(Bytes der) {
  const CertificateHandle certificate = parse_der(der);
  if (certificate == nullptr) return std::nullopt;
  KeyHandle key(X509_get_pubkey(certificate.get()));
  if (key == nullptr) return std::nullopt;
  if (EVP_PKEY_is_a(key.get(), "EC") == 1) return PublicKey(KeyKind::kEc, std::move(key));
  if (EVP_PKEY_is_a(key.get(), "RSA") == 1) return PublicKey(KeyKind::kRsa, std::move(key));
  if (EVP_PKEY_is_a(key.get(), "ED25519") == 1) return PublicKey(KeyKind::kEd25519, std::move(key));
  return std::nullopt;
}

std::optional<Group> PublicKey::curve() const {
  std::array<char, 32> name{};
  std::size_t size = 0;
  if (kind_ != KeyKind::kEc ||
      EVP_PKEY_get_group_name(key_.get(), name.data(), name.size(), &size) != 1)
    return std::nullopt;
  const std::string_view curve(name.data(), size);
  if (curve == "prime256v1") return Group::kP256;
  if (curve == "secp384r1") return Group::kP384;
  return std::nullopt;
}

bool PublicKey::verify(SignatureScheme scheme, Bytes message, Bytes signature) const {
  const SchemeFacts* const facts = facts_of(scheme);
  if (facts == nullptr || facts->key != kind_) return false;
  const DigestHandle context(EVP_MD_CTX_new());
  CHECK(context != nullptr);
  EVP_PKEY_CTX* key_context = nullptr;
  if (EVP_DigestVerifyInit(context.get(), &key_context, digest_of(*facts), nullptr, key_.get()) !=
      1)
    return false;
  if (facts->pss && !use_pss(key_context)) return false;
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

}  // namespace glass::crypto
