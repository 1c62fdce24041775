// DTLS 1.2 with Mbed TLS in memory, both ways round: every suite, small datagrams, bad lines.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "crypto/certificate.h"
#include "tests/dtls/support/library_end.h"
#include "tests/dtls/support/link.h"

namespace glass::dtls::test {
namespace {

// Mbed TLS as an end of a Line. Its timers are callbacks, so that virtual time suits it.
class MbedTlsEnd final : public LibraryEnd {
 public:
  MbedTlsEnd(Role role, const crypto::Identity& identity, int suite, std::uint16_t mtu)
      : suites_{suite, 0} {
    mbedtls_entropy_init(&entropy_);
    mbedtls_ctr_drbg_init(&random_);
    mbedtls_ssl_config_init(&config_);
    mbedtls_ssl_init(&ssl_);
    mbedtls_x509_crt_init(&certificate_);
    mbedtls_pk_init(&key_);
    CHECK(mbedtls_ctr_drbg_seed(&random_, mbedtls_entropy_func, &entropy_, nullptr, 0) == 0);
    CHECK(mbedtls_ssl_config_defaults(
              &config_, role == Role::kClient ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
              MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT) == 0);
    const std::string pem = identity.to_pem();
    const auto* const text = as_bytes(std::string_view(pem.c_str(), pem.size() + 1)).data();
    CHECK(mbedtls_pk_parse_key(&key_, text, pem.size() + 1, nullptr, 0) == 0);
    CHECK(mbedtls_x509_crt_parse(&certificate_, text, pem.size() + 1) == 0);
    mbedtls_ssl_conf_rng(&config_, mbedtls_ctr_drbg_random, &random_);
    mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_OPTIONAL);
    mbedtls_ssl_conf_ciphersuites(&config_, suites_.data());
    mbedtls_ssl_conf_handshake_timeout(&config_, 50, 60'000);
    mbedtls_ssl_conf_dtls_cookies(&config_, nullptr, nullptr, nullptr);
    CHECK(mbedtls_ssl_conf_own_cert(&config_, &certificate_, &key_) == 0);
    CHECK(mbedtls_ssl_setup(&ssl_, &config_) == 0);
    mbedtls_ssl_set_mtu(&ssl_, mtu);
    mbedtls_ssl_set_bio(&ssl_, this, write_datagram, take_datagram, nullptr);
    mbedtls_ssl_set_timer_cb(&ssl_, this, set_timer, get_timer);
  }
  ~MbedTlsEnd() override {
    mbedtls_ssl_free(&ssl_);
    mbedtls_ssl_config_free(&config_);
    mbedtls_x509_crt_free(&certificate_);
    mbedtls_pk_free(&key_);
    mbedtls_ctr_drbg_free(&random_);
    mbedtls_entropy_free(&entropy_);
  }
  void on_time(Instant now) override { pump(now); }
  Instant next_time() override { return is_open_ || error != 0 ? kNever : final_; }
  void send(Instant now, std::string_view text) override {
    now_ = now;
    CHECK(mbedtls_ssl_write(&ssl_, as_bytes(text).data(), text.size()) ==
          static_cast<int>(text.size()));
  }
  [[nodiscard]] std::string suite() const { return mbedtls_ssl_get_ciphersuite(&ssl_); }
  [[nodiscard]] std::string version() const { return mbedtls_ssl_get_version(&ssl_); }

 private:
  static int write_datagram(void* self, const unsigned char* data, std::size_t size) {
    static_cast<MbedTlsEnd*>(self)->wrote(Bytes(data, size));
    return static_cast<int>(size);
  }
  static int take_datagram(void* self, unsigned char* out, std::size_t size) {
    const auto count = static_cast<MbedTlsEnd*>(self)->read_datagram(MutableBytes(out, size));
    return count ? static_cast<int>(*count) : MBEDTLS_ERR_SSL_WANT_READ;
  }
  static void set_timer(void* self, std::uint32_t intermediate, std::uint32_t final) {
    MbedTlsEnd& end = *static_cast<MbedTlsEnd*>(self);
    end.intermediate_ = end.now_ + std::chrono::milliseconds(intermediate);
    end.final_ = final == 0 ? kNever : end.now_ + std::chrono::milliseconds(final);
  }
  static int get_timer(void* self) {
    const MbedTlsEnd& end = *static_cast<MbedTlsEnd*>(self);
    if (end.final_ == kNever) return -1;
    if (end.now_ >= end.final_) return 2;
    return end.now_ >= end.intermediate_ ? 1 : 0;
  }
  void pump(Instant now) override {
    now_ = now;
    if (error != 0) return;
    if (!is_open_) {
      const int result = mbedtls_ssl_handshake(&ssl_);
      if (result != 0 && result != MBEDTLS_ERR_SSL_WANT_READ) error = result;
      is_open_ = result == 0;
      if (!is_open_) return;
    }
    std::array<unsigned char, 20000> buffer{};
    for (;;) {
      const int count = mbedtls_ssl_read(&ssl_, buffer.data(), buffer.size());
      if (count <= 0) break;
      received_.emplace_back(as_text(Bytes(buffer).first(static_cast<std::size_t>(count))));
    }
  }

  std::array<int, 2> suites_;
  mbedtls_entropy_context entropy_{};
  mbedtls_ctr_drbg_context random_{};
  mbedtls_ssl_config config_{};
  mbedtls_ssl_context ssl_{};
  mbedtls_x509_crt certificate_{};
  mbedtls_pk_context key_{};
  Instant now_{};
  Instant intermediate_{};
  Instant final_ = kNever;
};

struct Case {
  int suite;
  crypto::IdentityKind kind;
};
// IANA's numbers, which are Mbed TLS's too.
constexpr std::array<Case, 6> kCases{
    {
     {0xc02b, crypto::IdentityKind::kEcdsaP256},
     {0xc02c, crypto::IdentityKind::kEcdsaP256},
     {0xcca9, crypto::IdentityKind::kEcdsaP256},
     {0xc02f, crypto::IdentityKind::kRsa2048},
     {0xc030, crypto::IdentityKind::kRsa2048},
     {0xcca8, crypto::IdentityKind::kRsa2048},
     }
};

// `ours` is one of the ends; the other is Mbed TLS. Our side can do DTLS 1.3 as well and has to
// find out that the peer cannot.
void expect_connection(const Case& each, Role role, std::size_t mtu, Line::Fate fate = {}) {
  const crypto::Identity& identity = identity_of(each.kind);
  Config config = config_for(role);
  config.max_version = Version::k13;
  config.identity = &identity;
  config.remote_fingerprints = {identity.fingerprint()};
  config.mtu = mtu;
  Ours ours(config, 1);
  MbedTlsEnd other(role == Role::kClient ? Role::kServer : Role::kClient, identity, each.suite,
                   static_cast<std::uint16_t>(mtu));
  End& client = role == Role::kClient ? static_cast<End&>(ours) : other;
  End& server = role == Role::kClient ? static_cast<End&>(other) : ours;
  Line line(client, server, std::move(fate));

  ASSERT_TRUE(line.connect(60s)) << std::hex << each.suite << ": error -0x" << -other.error << " "
                                 << (ours.closed.empty() ? "" : ours.closed[0].text);

  expect_talk(line, ours, other, "from Mbed TLS");
  EXPECT_EQ(ours.connected.at(0).version, kDtls12);
  EXPECT_EQ(ours.connected.at(0).cipher_suite, each.suite);
  EXPECT_EQ(other.version(), "DTLSv1.2");
}

TEST(MbedTls, SpeaksEverySuiteWithUsInBothRoles) {
  for (const Case& each : kCases)
    for (const Role role : {Role::kClient, Role::kServer}) expect_connection(each, role, 1200);
}

TEST(MbedTls, FitsIntoSmallDatagramsWithUs) {
  for (const Role role : {Role::kClient, Role::kServer}) expect_connection(kCases[3], role, 400);
}

TEST(MbedTls, OvercomesBadLinesWithUs) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (const Role role : {Role::kClient, Role::kServer}) {
      SeededRandom dice(seed);
      expect_connection(kCases[0], role, 600, [&](std::size_t, const Datagram&) {
        std::vector<Duration> delays;
        if (dice.below(100) >= 25) delays.push_back(Duration(1ms) * (1 + dice.below(30)));
        if (dice.below(100) < 10) delays.push_back(Duration(1ms) * (1 + dice.below(60)));
        return delays;
      });
    }
  }
}

}  // namespace
}  // namespace glass::dtls::test
