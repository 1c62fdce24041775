// DTLS 1.2 with GnuTLS in memory, both ways round: every suite and group, SRTP profiles, record
// size limits, and what both ends report of it.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/text.h"
#include "crypto/certificate.h"
#include "tests/dtls/support/library_end.h"
#include "tests/dtls/support/link.h"

namespace glass::dtls::test {
namespace {

struct Options {
  Role role = Role::kClient;
  const crypto::Identity* identity = nullptr;
  std::string key_exchange;  // in GnuTLS's names
  std::string cipher;
  std::string group = "GROUP-X25519";
  std::string srtp;               // empty: none
  std::size_t receive_limit = 0;  // RFC 8449; 0: GnuTLS's own
};

// GnuTLS as an end of a Line. It has a clock of its own, so the line must not lose anything.
class GnuTlsEnd final : public LibraryEnd {
 public:
  explicit GnuTlsEnd(const Options& options) {
    const bool is_client = options.role == Role::kClient;
    CHECK(gnutls_init(&session_, (is_client ? GNUTLS_CLIENT : GNUTLS_SERVER) | GNUTLS_DATAGRAM |
                                     GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS) == 0);
    const std::string priority = "NONE:+VERS-DTLS1.2:+AEAD:+SIGN-ALL:+COMP-NULL:+CTYPE-ALL:+" +
                                 options.key_exchange + ":+" + options.cipher + ":+" +
                                 options.group;
    const char* where = nullptr;
    const int parsed = gnutls_priority_set_direct(session_, priority.c_str(), &where);
    CHECK(parsed == 0);
    CHECK(gnutls_certificate_allocate_credentials(&credentials_) == 0);
    std::string pem = options.identity->to_pem();
    const gnutls_datum_t text{const_cast<unsigned char*>(as_bytes(pem).data()),
                              static_cast<unsigned>(pem.size())};
    CHECK(gnutls_certificate_set_x509_key_mem(credentials_, &text, &text, GNUTLS_X509_FMT_PEM) ==
          0);
    CHECK(gnutls_credentials_set(session_, GNUTLS_CRD_CERTIFICATE, credentials_) == 0);
    if (!is_client) gnutls_certificate_server_set_request(session_, GNUTLS_CERT_REQUIRE);
    gnutls_dtls_set_mtu(session_, 1200);
    gnutls_dtls_set_timeouts(session_, 600'000, 3'600'000);
    if (!options.srtp.empty())
      CHECK(gnutls_srtp_set_profile_direct(session_, options.srtp.c_str(), &where) == 0);
    if (options.receive_limit > 0)
      CHECK(gnutls_record_set_max_recv_size(session_, options.receive_limit) == 0);
    gnutls_transport_set_ptr(session_, this);
    gnutls_transport_set_push_function(session_, write_datagram);
    gnutls_transport_set_pull_function(session_, take_datagram);
    gnutls_transport_set_pull_timeout_function(session_, is_there_one);
  }
  ~GnuTlsEnd() override {
    gnutls_deinit(session_);
    gnutls_certificate_free_credentials(credentials_);
  }
  void on_time(Instant /*now*/) override {}
  Instant next_time() override { return kNever; }
  void send(Instant /*now*/, std::string_view text) override {
    CHECK(gnutls_record_send(session_, text.data(), text.size()) ==
          static_cast<ssize_t>(text.size()));
  }

  [[nodiscard]] std::string version() const {
    return gnutls_protocol_get_name(gnutls_protocol_get_version(session_));
  }
  [[nodiscard]] std::string suite() const { return gnutls_ciphersuite_get(session_); }
  [[nodiscard]] std::string group() const {
    return gnutls_group_get_name(gnutls_group_get(session_));
  }
  [[nodiscard]] std::string srtp() const {
    gnutls_srtp_profile_t profile{};
    if (gnutls_srtp_get_selected_profile(session_, &profile) != 0) return "none";
    return gnutls_srtp_get_profile_name(profile);
  }
  [[nodiscard]] bool has_extended_master_secret() const {
    return (gnutls_session_get_flags(session_) & GNUTLS_SFLAGS_EXT_MASTER_SECRET) != 0;
  }
  [[nodiscard]] std::string exported(std::string_view label, std::size_t size) const {
    ByteVector out(size);
    CHECK(gnutls_prf_rfc5705(session_, label.size(), label.data(), 0, nullptr, size,
                             reinterpret_cast<char*>(out.data())) == 0);
    return hex(out);
  }
  // How many bytes it was willing to put into one record, or its error.
  ssize_t try_to_send(std::size_t size) {
    const std::string text(size, 'g');
    return gnutls_record_send(session_, text.data(), text.size());
  }

 private:
  static ssize_t write_datagram(gnutls_transport_ptr_t self, const void* data, std::size_t size) {
    const auto* const bytes = static_cast<const std::uint8_t*>(data);
    static_cast<GnuTlsEnd*>(self)->wrote(Bytes(bytes, size));
    return static_cast<ssize_t>(size);
  }
  static ssize_t take_datagram(gnutls_transport_ptr_t self, void* out, std::size_t size) {
    GnuTlsEnd& end = *static_cast<GnuTlsEnd*>(self);
    const auto count = end.read_datagram(MutableBytes(static_cast<std::uint8_t*>(out), size));
    if (count) return static_cast<ssize_t>(*count);
    gnutls_transport_set_errno(end.session_, EAGAIN);
    return -1;
  }
  static int is_there_one(gnutls_transport_ptr_t self, unsigned /*ms*/) {
    return static_cast<GnuTlsEnd*>(self)->has_datagram() ? 1 : 0;
  }
  void pump(Instant /*now*/) override {
    if (error != 0) return;
    if (!is_open_) {
      const int result = gnutls_handshake(session_);
      if (result != 0 && gnutls_error_is_fatal(result) != 0) error = result;
      is_open_ = result == 0;
      if (!is_open_) return;
    }
    std::array<char, 20000> buffer{};
    for (;;) {
      const ssize_t count = gnutls_record_recv(session_, buffer.data(), buffer.size());
      if (count <= 0) break;
      received_.emplace_back(buffer.data(), static_cast<std::size_t>(count));
    }
  }

  gnutls_session_t session_ = nullptr;
  gnutls_certificate_credentials_t credentials_ = nullptr;
};

// One end is ours, which can do DTLS 1.3 too and has to find out that the other cannot.
struct Meeting {
  Meeting(Options options, Role our_role, const std::function<void(Config&)>& change = {})
      : ours(config(our_role, options, change), 1),
        theirs(with_role(options, our_role)),
        line(our_role == Role::kClient ? static_cast<End&>(ours) : theirs,
             our_role == Role::kClient ? static_cast<End&>(theirs) : ours) {}
  static Options with_role(Options options, Role our_role) {
    options.role = our_role == Role::kClient ? Role::kServer : Role::kClient;
    return options;
  }
  static Config config(Role role, const Options& options,
                       const std::function<void(Config&)>& change) {
    Config config = config_for(role);
    config.max_version = Version::k13;
    config.identity = options.identity;
    config.remote_fingerprints = {options.identity->fingerprint()};
    if (change) change(config);
    return config;
  }
  [[nodiscard]] std::string why() const {
    return std::string(gnutls_strerror(theirs.error)) + "; " +
           (ours.closed.empty() ? "" : ours.closed[0].text);
  }
  void expect_talk() {
    ours.send(line.now, "from us");
    theirs.send(line.now, "from GnuTLS");
    line.collect();
    line.run_for(100ms);
    EXPECT_EQ(ours.received(), std::vector<std::string>{"from GnuTLS"});
    EXPECT_EQ(theirs.received(), std::vector<std::string>{"from us"});
  }

  Ours ours;
  GnuTlsEnd theirs;
  Line line;
};

struct SuiteCase {
  std::uint16_t number;
  const char* name;
  const char* key_exchange;
  const char* cipher;
  crypto::IdentityKind kind;
};
constexpr std::array<SuiteCase, 6> kSuiteCases{
    {
     {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA", "AES-128-GCM",
         crypto::IdentityKind::kEcdsaP256},
     {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA", "AES-256-GCM",
         crypto::IdentityKind::kEcdsaP256},
     {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA",
         "CHACHA20-POLY1305", crypto::IdentityKind::kEcdsaP256},
     {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA", "AES-128-GCM",
         crypto::IdentityKind::kRsa2048},
     {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA", "AES-256-GCM",
         crypto::IdentityKind::kRsa2048},
     {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA", "CHACHA20-POLY1305",
         crypto::IdentityKind::kRsa2048},
     }
};

Options options_for(const SuiteCase& each) {
  return {.identity = &identity_of(each.kind),
          .key_exchange = each.key_exchange,
          .cipher = each.cipher};
}

TEST(GnuTls, SpeaksEverySuiteWithUsInBothRoles) {
  for (const SuiteCase& each : kSuiteCases) {
    for (const Role role : {Role::kClient, Role::kServer}) {
      Options options = options_for(each);
      // A certificate on P-256 calls for that curve among the groups (RFC 8422 §4).
      options.group = "GROUP-X25519:+GROUP-SECP256R1";
      Meeting meeting(options, role);

      ASSERT_TRUE(meeting.line.connect()) << each.name << ": " << meeting.why();

      meeting.expect_talk();
      const Connected& ours = meeting.ours.connected.at(0);
      EXPECT_EQ(ours.version, kDtls12);
      EXPECT_EQ(ours.cipher_suite, each.number);
      EXPECT_EQ(ours.group, 29);
      EXPECT_TRUE(ours.extended_master_secret);
      EXPECT_EQ(meeting.theirs.version(), "DTLS1.2");
      EXPECT_EQ(meeting.theirs.suite(), each.name);
      EXPECT_EQ(meeting.theirs.group(), "X25519");
      EXPECT_TRUE(meeting.theirs.has_extended_master_secret());
      ByteVector exported(32);
      ASSERT_TRUE(meeting.ours.connection().export_keys("EXPERIMENTAL", exported));
      EXPECT_EQ(hex(exported), meeting.theirs.exported("EXPERIMENTAL", 32));
    }
  }
}

TEST(GnuTls, AgreesOnEveryGroupWithUs) {
  struct Group {
    const char* priority;
    const char* name;
    std::uint16_t number;
  };
  for (const Group& each : {
           Group{"GROUP-SECP256R1",                  "SECP256R1", 23},
           Group{"GROUP-SECP384R1:+GROUP-SECP256R1", "SECP384R1", 24},
           Group{"GROUP-X25519:+GROUP-SECP256R1",    "X25519",    29}
  }) {
    for (const Role role : {Role::kClient, Role::kServer}) {
      Options options = options_for(kSuiteCases[0]);
      options.group = each.priority;
      // Whoever chooses takes the first of its own.
      Meeting meeting(options, role, [&](Config& config) {
        config.groups = {crypto::Group{each.number}, crypto::Group::kP256};
      });

      ASSERT_TRUE(meeting.line.connect()) << each.name << ": " << meeting.why();

      EXPECT_EQ(meeting.ours.connected.at(0).group, each.number);
      EXPECT_EQ(meeting.theirs.group(), each.name);
    }
  }
}

TEST(GnuTls, AgreesOnSrtpProfilesWithUs) {
  struct Profile {
    SrtpProfile ours;
    const char* theirs;
  };
  for (const Profile& each : {
           Profile{SrtpProfile::kAes128CmHmacSha1Tag80, "SRTP_AES128_CM_HMAC_SHA1_80"},
           Profile{SrtpProfile::kAes128CmHmacSha1Tag32, "SRTP_AES128_CM_HMAC_SHA1_32"}
  }) {
    for (const Role role : {Role::kClient, Role::kServer}) {
      Options options = options_for(kSuiteCases[0]);
      options.group = "GROUP-X25519:+GROUP-SECP256R1";
      options.srtp = each.theirs;
      Meeting meeting(options, role, [&](Config& config) { config.srtp_profiles = {each.ours}; });

      ASSERT_TRUE(meeting.line.connect()) << each.theirs << ": " << meeting.why();

      EXPECT_EQ(meeting.ours.connected.at(0).srtp_profile, each.ours);
      EXPECT_EQ(meeting.theirs.srtp(), each.theirs);
      ByteVector exported(60);
      ASSERT_TRUE(meeting.ours.connection().export_keys("EXTRACTOR-dtls_srtp", exported));
      EXPECT_EQ(hex(exported), meeting.theirs.exported("EXTRACTOR-dtls_srtp", 60));
    }
  }
}

// RFC 8449: GnuTLS says what it takes, and heeds what we take.
TEST(GnuTls, KeepsToOurRecordSizeLimitAndWeToItsOwn) {
  for (const Role role : {Role::kClient, Role::kServer}) {
    Options options = options_for(kSuiteCases[0]);
    options.group = "GROUP-X25519:+GROUP-SECP256R1";
    options.receive_limit = 700;
    Meeting meeting(options, role, [](Config& config) { config.record_size_limit = 600; });

    ASSERT_TRUE(meeting.line.connect()) << meeting.why();

    meeting.expect_talk();
    EXPECT_EQ(meeting.ours.connection().max_payload(), 700U);
    EXPECT_EQ(meeting.theirs.try_to_send(601), GNUTLS_E_LARGE_PACKET);
    EXPECT_EQ(meeting.theirs.try_to_send(600), 600);
    meeting.ours.send(meeting.line.now, std::string(700, 'o'));
    meeting.line.collect();
    meeting.line.run_for(100ms);
    EXPECT_EQ(meeting.ours.received().back().size(), 600U);
    EXPECT_EQ(meeting.theirs.received().back().size(), 700U);
  }
}

}  // namespace
}  // namespace glass::dtls::test
