// DTLS 1.2 with wolfSSL in memory, both ways round: every suite and group, small datagrams, bad
// lines. Debian builds it without DTLS 1.3 and without use_srtp: see dtls/README.md.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "base/text.h"
#include "crypto/certificate.h"
#include "tests/dtls/support/library_end.h"
#include "tests/dtls/support/link.h"

namespace glass::dtls::test {
namespace {

struct Options {
  const crypto::Identity* identity = nullptr;
  const char* cipher = "";
  std::vector<std::uint16_t> groups{29, 23};
};

// wolfSSL as an end of a Line. It counts its timer in whole seconds, and we tell it when that is
// over.
class WolfSslEnd final : public LibraryEnd {
 public:
  WolfSslEnd(Role role, const Options& options) : role_(role) {
    static const int kReady = wolfSSL_Init();
    CHECK(kReady == WOLFSSL_SUCCESS);
    context_ = wolfSSL_CTX_new(role == Role::kClient ? wolfDTLSv1_2_client_method()
                                                     : wolfDTLSv1_2_server_method());
    CHECK(context_ != nullptr);
    const std::string pem = options.identity->to_pem();
    const auto* const text = as_bytes(pem).data();
    const auto size = static_cast<long>(pem.size());
    CHECK(wolfSSL_CTX_use_certificate_buffer(context_, text, size, WOLFSSL_FILETYPE_PEM) ==
          WOLFSSL_SUCCESS);
    CHECK(wolfSSL_CTX_use_PrivateKey_buffer(context_, text, size, WOLFSSL_FILETYPE_PEM) ==
          WOLFSSL_SUCCESS);
    CHECK(wolfSSL_CTX_set_cipher_list(context_, options.cipher) == WOLFSSL_SUCCESS);
    for (const std::uint16_t group : options.groups)
      CHECK(wolfSSL_CTX_UseSupportedCurve(context_, group) == WOLFSSL_SUCCESS);
    wolfSSL_CTX_set_verify(context_, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           [](int, WOLFSSL_X509_STORE_CTX*) { return 1; });
    wolfSSL_CTX_SetIORecv(context_, take_datagram);
    wolfSSL_CTX_SetIOSend(context_, write_datagram);
    wolfSSL_CTX_SetGenCookie(context_, make_cookie);
    ssl_ = wolfSSL_new(context_);
    CHECK(ssl_ != nullptr);
    wolfSSL_SetIOReadCtx(ssl_, this);
    wolfSSL_SetIOWriteCtx(ssl_, this);
    wolfSSL_dtls_set_using_nonblock(ssl_, 1);
  }
  ~WolfSslEnd() override {
    wolfSSL_free(ssl_);
    wolfSSL_CTX_free(context_);
  }
  void on_time(Instant now) override {
    if (now < next_time()) return;
    now_ = now;
    (void)wolfSSL_dtls_got_timeout(ssl_);
    set_timer();
    pump(now);
  }
  Instant next_time() override { return is_open_ || error != 0 ? kNever : deadline_; }
  void send(Instant now, std::string_view text) override {
    now_ = now;
    CHECK(wolfSSL_write(ssl_, text.data(), static_cast<int>(text.size())) ==
          static_cast<int>(text.size()));
  }
  [[nodiscard]] int suite() const { return wolfSSL_get_current_cipher_suite(ssl_); }
  [[nodiscard]] std::string version() const { return wolfSSL_get_version(ssl_); }
  [[nodiscard]] std::string group() const { return wolfSSL_get_curve_name(ssl_); }
  [[nodiscard]] std::string exported(std::string_view label, std::size_t size) const {
    ByteVector out(size);
    CHECK(wolfSSL_export_keying_material(ssl_, out.data(), size, label.data(), label.size(),
                                         nullptr, 0, 0) == WOLFSSL_SUCCESS);
    return hex(out);
  }
  [[nodiscard]] std::string why() const {
    return std::to_string(error) + " " +
           wolfSSL_ERR_reason_error_string(static_cast<unsigned long>(-error));
  }

 private:
  static int write_datagram(WOLFSSL*, char* data, int size, void* self) {
    static_cast<WolfSslEnd*>(self)->wrote(
        as_bytes(std::string_view(data, static_cast<std::size_t>(size))));
    return size;
  }
  static int take_datagram(WOLFSSL*, char* out, int size, void* self) {
    const MutableBytes room(reinterpret_cast<std::uint8_t*>(out), static_cast<std::size_t>(size));
    const auto count = static_cast<WolfSslEnd*>(self)->read_datagram(room);
    return count ? static_cast<int>(*count) : WOLFSSL_CBIO_ERR_WANT_READ;
  }
  // The line has one client only.
  static int make_cookie(WOLFSSL*, unsigned char* out, int size, void*) {
    std::fill_n(out, size, std::uint8_t{7});
    return size;
  }
  void set_timer() { deadline_ = now_ + 1s * wolfSSL_dtls_get_current_timeout(ssl_); }
  void pump(Instant now) override {
    now_ = now;
    if (error != 0) return;
    if (!is_open_) {
      const std::size_t before = written();
      const int result = role_ == Role::kClient ? wolfSSL_connect(ssl_) : wolfSSL_accept(ssl_);
      if (written() > before || deadline_ == kNever) set_timer();
      is_open_ = result == WOLFSSL_SUCCESS;
      const int reason = wolfSSL_get_error(ssl_, result);
      if (!is_open_ && reason != WOLFSSL_ERROR_WANT_READ) error = reason;
      if (!is_open_) return;
    }
    std::array<char, 20000> buffer{};
    for (;;) {
      const int count = wolfSSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()));
      if (count <= 0) break;
      received_.emplace_back(buffer.data(), static_cast<std::size_t>(count));
    }
  }

  Role role_;
  WOLFSSL_CTX* context_ = nullptr;
  WOLFSSL* ssl_ = nullptr;
  Instant now_{};
  Instant deadline_ = kNever;
};

struct SuiteCase {
  std::uint16_t number;
  const char* name;  // wolfSSL's
  crypto::IdentityKind kind;
};
constexpr std::array<SuiteCase, 6> kSuiteCases{
    {
     {0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256", crypto::IdentityKind::kEcdsaP256},
     {0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384", crypto::IdentityKind::kEcdsaP256},
     {0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305", crypto::IdentityKind::kEcdsaP256},
     {0xc02f, "ECDHE-RSA-AES128-GCM-SHA256", crypto::IdentityKind::kRsa2048},
     {0xc030, "ECDHE-RSA-AES256-GCM-SHA384", crypto::IdentityKind::kRsa2048},
     {0xcca8, "ECDHE-RSA-CHACHA20-POLY1305", crypto::IdentityKind::kRsa2048},
     }
};

// wolfSSL repeats after 1 s, 2 s, 4 s, ...: a bad line takes it longer than us.
constexpr Duration kLimit = 120s;

// Ours and wolfSSL's on a line. Ours can do DTLS 1.3 as well and has to find out that the peer
// cannot.
struct Meeting {
  Meeting(const SuiteCase& suite, Role role, std::vector<std::uint16_t> groups = {29, 23},
          std::size_t mtu = 1200, Line::Fate fate = {})
      : ours(config(suite, role, groups, mtu), 1),
        theirs(role == Role::kClient ? Role::kServer : Role::kClient,
               {.identity = &identity_of(suite.kind), .cipher = suite.name, .groups = groups}),
        line(role == Role::kClient ? static_cast<End&>(ours) : theirs,
             role == Role::kClient ? static_cast<End&>(theirs) : ours, std::move(fate)) {}

  static Config config(const SuiteCase& suite, Role role, const std::vector<std::uint16_t>& groups,
                       std::size_t mtu) {
    Config config = config_for(role);
    config.max_version = Version::k13;
    config.identity = &identity_of(suite.kind);
    config.remote_fingerprints = {config.identity->fingerprint()};
    config.mtu = mtu;
    config.handshake_limit = kLimit;
    config.groups.clear();
    for (const std::uint16_t group : groups) config.groups.push_back(crypto::Group{group});
    return config;
  }
  [[nodiscard]] std::string why() const {
    return theirs.why() + " / " + (ours.closed.empty() ? "" : ours.closed[0].text);
  }
  void expect_talk() { test::expect_talk(line, ours, theirs, "from wolfSSL"); }

  Ours ours;
  WolfSslEnd theirs;
  Line line;
};

TEST(WolfSsl, SpeaksEverySuiteWithUsInBothRoles) {
  for (const SuiteCase& each : kSuiteCases) {
    for (const Role role : {Role::kClient, Role::kServer}) {
      Meeting meeting(each, role);

      ASSERT_TRUE(meeting.line.connect()) << each.name << ": " << meeting.why();

      meeting.expect_talk();
      const Connected& ours = meeting.ours.connected.at(0);
      EXPECT_EQ(ours.version, kDtls12);
      EXPECT_EQ(ours.cipher_suite, each.number);
      EXPECT_TRUE(ours.extended_master_secret);
      EXPECT_EQ(meeting.theirs.version(), "DTLSv1.2");
      EXPECT_EQ(meeting.theirs.suite(), each.number);
      ByteVector exported(60);
      ASSERT_TRUE(meeting.ours.connection().export_keys("EXTRACTOR-dtls_srtp", exported));
      EXPECT_EQ(hex(exported), meeting.theirs.exported("EXTRACTOR-dtls_srtp", 60));
    }
  }
}

TEST(WolfSsl, AgreesOnEveryGroupWithUs) {
  struct Group {
    std::uint16_t number;
    const char* name;
  };
  for (const Group& each : {
           Group{29, "X25519"   },
           Group{23, "SECP256R1"},
           Group{24, "SECP384R1"}
  }) {
    for (const Role role : {Role::kClient, Role::kServer}) {
      // A certificate on P-256 would call for that curve as well (RFC 8422 §4).
      Meeting meeting(kSuiteCases[3], role, {each.number});

      ASSERT_TRUE(meeting.line.connect()) << each.name << ": " << meeting.why();

      EXPECT_EQ(meeting.ours.connected.at(0).group, each.number);
      EXPECT_EQ(meeting.theirs.group(), each.name);
    }
  }
}

TEST(WolfSsl, PutsOurSmallDatagramsTogether) {
  for (const Role role : {Role::kClient, Role::kServer}) {
    Meeting meeting(kSuiteCases[3], role, {29, 23}, 400);

    ASSERT_TRUE(meeting.line.connect()) << meeting.why();

    meeting.expect_talk();
  }
}

// As a server wolfSSL 5.5.4 is done when it has sent its last flight, and does not send it again to
// a client that repeats its own, as RFC 6347 §4.2.4 asks: that one is not lost here.
bool is_last_of_server(const Datagram& datagram) {
  return !datagram.from_client &&
         datagram.bytes[0] == std::to_underlying(ContentType::kChangeCipherSpec);
}

TEST(WolfSsl, OvercomesBadLinesWithUs) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (const Role role : {Role::kClient, Role::kServer}) {
      SeededRandom dice(seed);
      const auto fate = [&](std::size_t, const Datagram& datagram) {
        const bool is_spared = role == Role::kClient && is_last_of_server(datagram);
        std::vector<Duration> delays;
        if (is_spared || dice.below(100) >= 25)
          delays.push_back(Duration(1ms) * (1 + dice.below(30)));
        if (dice.below(100) < 10) delays.push_back(Duration(1ms) * (1 + dice.below(60)));
        return delays;
      };
      Meeting meeting(kSuiteCases[0], role, {29, 23}, 600, fate);

      ASSERT_TRUE(meeting.line.connect(kLimit)) << "seed " << seed << ": " << meeting.why();

      meeting.expect_talk();
    }
  }
}

}  // namespace
}  // namespace glass::dtls::test
