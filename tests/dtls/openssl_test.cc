// Against another implementation: OpenSSL's DTLS 1.2, both ways round.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>

#include "base/bytes.h"
#include "base/text.h"
#include "dtls/connection.h"
#include "tests/dtls/support/link.h"
#include "tests/dtls/support/openssl_end.h"
#include "tests/support/rules.h"

namespace glass::dtls::test {
namespace {

void expect_talk(Line& line, End& client, End& server) {
  client.send(line.now, "from the client");
  server.send(line.now, "from the server");
  line.collect();
  EXPECT_TRUE(
      line.run_until([&] { return !client.received().empty() && !server.received().empty(); }, 1s));
  EXPECT_EQ(server.received(), std::vector<std::string>{"from the client"});
  EXPECT_EQ(client.received(), std::vector<std::string>{"from the server"});
}

TEST(OpenSsl, AcceptsOurClient) {
  Ours client(config_for(Role::kClient), 1);
  OpenSslEnd server({.role = Role::kServer});
  Line line(client, server);

  ASSERT_TRUE(line.connect()) << (client.closed.empty() ? "" : client.closed[0].text);

  expect_talk(line, client, server);
  EXPECT_EQ(client.connected.at(0).cipher_suite, 0xc02b);
  EXPECT_TRUE(client.connected.at(0).extended_master_secret);
  EXPECT_EQ(SSL_get_extms_support(server.ssl()), 1);
}

TEST(OpenSsl, ConnectsToOurServer) {
  OpenSslEnd client({.role = Role::kClient});
  Ours server(config_for(Role::kServer), 2);
  Line line(client, server);

  ASSERT_TRUE(line.connect()) << (server.closed.empty() ? "" : server.closed[0].text);

  expect_talk(line, client, server);
  EXPECT_EQ(SSL_get_extms_support(client.ssl()), 1);
}

// Every suite of DTLS 1.2, with a certificate of the kind that goes with it, and every group.
struct SuiteCase {
  const char* openssl;
  std::uint16_t number;
  crypto::IdentityKind kind;
};
constexpr std::array<SuiteCase, 8> kSuiteCases{
    {
     {"ECDHE-ECDSA-AES128-GCM-SHA256", 0xc02b, crypto::IdentityKind::kEcdsaP256},
     {"ECDHE-ECDSA-AES256-GCM-SHA384", 0xc02c, crypto::IdentityKind::kEcdsaP256},
     {"ECDHE-ECDSA-CHACHA20-POLY1305", 0xcca9, crypto::IdentityKind::kEcdsaP256},
     {"ECDHE-RSA-AES128-GCM-SHA256", 0xc02f, crypto::IdentityKind::kRsa2048},
     {"ECDHE-RSA-AES256-GCM-SHA384", 0xc030, crypto::IdentityKind::kRsa2048},
     {"ECDHE-RSA-CHACHA20-POLY1305", 0xcca8, crypto::IdentityKind::kRsa2048},
     {"ECDHE-ECDSA-AES128-GCM-SHA256", 0xc02b, crypto::IdentityKind::kEd25519},
     {"ECDHE-ECDSA-AES256-GCM-SHA384", 0xc02c, crypto::IdentityKind::kEd25519},
     }
};

const crypto::Identity& identity_of(crypto::IdentityKind kind) {
  static const std::array<crypto::Identity, 3> kAll{
      crypto::Identity::make("ecdsa", 1'700'000'000),
      crypto::Identity::make("rsa", 1'700'000'000, crypto::IdentityKind::kRsa2048),
      crypto::Identity::make("ed25519", 1'700'000'000, crypto::IdentityKind::kEd25519)};
  return kAll.at(static_cast<std::size_t>(kind));
}

// What OpenSSL says about its connection, in our numbers.
struct Report {
  int version = 0;
  std::uint16_t cipher_suite = 0;
  std::uint16_t group = 0;
  std::uint16_t srtp_profile = 0;
};
Report report_of(SSL* ssl) {
  Report report{.version = SSL_version(ssl),
                .cipher_suite = SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl))};
  // A server keeps no key of the client's, but knows which of the common groups it took.
  if (SSL_is_server(ssl) == 1) {
    const long group = SSL_get_shared_group(ssl, 0);
    report.group = group == NID_X25519 ? 29 : group == NID_secp384r1 ? 24 : 23;
  }
  EVP_PKEY* key = nullptr;
  if (SSL_is_server(ssl) == 0 && SSL_get_peer_tmp_key(ssl, &key) == 1) {
    std::array<char, 32> name{};
    std::size_t size = 0;
    if (EVP_PKEY_is_a(key, "X25519") == 1)
      report.group = 29;
    else if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1)
      report.group = std::string_view(name.data(), size) == "secp384r1" ? 24 : 23;
    EVP_PKEY_free(key);
  }
  if (const SRTP_PROTECTION_PROFILE* const profile = SSL_get_selected_srtp_profile(ssl))
    report.srtp_profile = static_cast<std::uint16_t>(profile->id);
  return report;
}

TEST(OpenSsl, SpeaksEverySuiteWithUsInBothRoles) {
  for (const SuiteCase& each : kSuiteCases) {
    for (const Role role : {Role::kClient, Role::kServer}) {
      // OpenSSL 3.0's server offers a key of Ed25519 in TLS only, its client knows it in DTLS too.
      if (each.kind == crypto::IdentityKind::kEd25519 && role == Role::kClient) continue;
      const crypto::Identity& identity = identity_of(each.kind);
      Config config = config_for(role);
      config.identity = &identity;
      config.remote_fingerprints = {identity.fingerprint()};
      config.max_version = Version::k13;  // and so has to find out that the peer cannot
      config.srtp_profiles = {SrtpProfile::kAeadAes256Gcm, SrtpProfile::kAeadAes128Gcm};
      Ours ours(config, 1);
      OpenSslEnd other({.role = role == Role::kClient ? Role::kServer : Role::kClient,
                        .identity = &identity,
                        .suites = each.openssl,
                        .groups = "X25519:P-384:P-256",
                        .srtp = "SRTP_AEAD_AES_128_GCM"});
      End& client = role == Role::kClient ? static_cast<End&>(ours) : other;
      End& server = role == Role::kClient ? static_cast<End&>(other) : ours;
      Line line(client, server);

      ASSERT_TRUE(line.connect()) << each.openssl << ": "
                                  << (ours.closed.empty() ? "" : ours.closed[0].text);

      expect_talk(line, client, server);
      const Connected& ours_says = ours.connected.at(0);
      EXPECT_EQ(ours_says.version, kDtls12);
      EXPECT_EQ(ours_says.cipher_suite, each.number);
      EXPECT_EQ(ours_says.group, 29);
      EXPECT_EQ(ours_says.srtp_profile, SrtpProfile::kAeadAes128Gcm);
      const Report theirs = report_of(other.ssl());
      EXPECT_EQ(theirs.version, DTLS1_2_VERSION);
      EXPECT_EQ(theirs.cipher_suite, each.number);
      EXPECT_EQ(theirs.group, 29);
      EXPECT_EQ(theirs.srtp_profile, 0x0007);
    }
  }
}

TEST(OpenSsl, AgreesOnEveryGroupWithUsInBothRoles) {
  struct Case {
    const char* openssl;
    std::uint16_t number;
  };
  for (const Case& each : {
           Case{"X25519:P-256", 29},
           Case{"P-256",        23},
           Case{"P-384:P-256",  24}
  }) {
    for (const Role role : {Role::kClient, Role::kServer}) {
      Config config = config_for(role);
      config.groups = {crypto::Group{each.number}, crypto::Group::kP256};
      Ours ours(config, 1);
      OpenSslEnd other(
          {.role = role == Role::kClient ? Role::kServer : Role::kClient, .groups = each.openssl});
      End& client = role == Role::kClient ? static_cast<End&>(ours) : other;
      End& server = role == Role::kClient ? static_cast<End&>(other) : ours;
      Line line(client, server);

      ASSERT_TRUE(line.connect()) << each.openssl;

      EXPECT_EQ(ours.connected.at(0).group, each.number);
      EXPECT_EQ(report_of(other.ssl()).group, each.number);
    }
  }
}

TEST(OpenSsl, AgreesOnP384WithUs) {
  OpenSslEnd client({.role = Role::kClient, .groups = "P-384:P-256"});
  Config config = config_for(Role::kServer);
  config.groups = {crypto::Group::kP384};
  Ours server(config, 2);
  Line line(client, server);

  ASSERT_TRUE(line.connect());

  EXPECT_EQ(server.connected.at(0).group, 24);
}

TEST(OpenSsl, BothExportTheSameKeys) {
  Config config = config_for(Role::kClient);
  config.srtp_profiles = {SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAes128CmHmacSha1Tag80};
  Ours client(config, 1);
  OpenSslEnd server({.role = Role::kServer, .srtp = "SRTP_AES128_CM_SHA1_80"});
  Line line(client, server);
  ASSERT_TRUE(line.connect());

  std::array<std::uint8_t, 60> ours{};
  std::array<std::uint8_t, 60> theirs{};
  constexpr std::string_view kLabel = "EXTRACTOR-dtls_srtp";
  ASSERT_TRUE(client.connection().export_keys(kLabel, ours));
  ASSERT_EQ(SSL_export_keying_material(server.ssl(), theirs.data(), theirs.size(), kLabel.data(),
                                       kLabel.size(), nullptr, 0, 0),
            1);

  EXPECT_EQ(hex(ours), hex(theirs));
  EXPECT_EQ(client.connected.at(0).srtp_profile, SrtpProfile::kAes128CmHmacSha1Tag80);
  EXPECT_RULE("5705:4#0");
  EXPECT_RULE("5764:4.1.1#1");
}

TEST(OpenSsl, GetsTheSrtpProfileThatWePrefer) {
  OpenSslEnd client(
      {.role = Role::kClient, .srtp = "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM"});
  Config config = config_for(Role::kServer);
  config.srtp_profiles = {SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAes128CmHmacSha1Tag80};
  Ours server(config, 2);
  Line line(client, server);

  ASSERT_TRUE(line.connect());

  EXPECT_EQ(SSL_get_selected_srtp_profile(client.ssl())->id, 7U);
  EXPECT_EQ(server.connected.at(0).srtp_profile, SrtpProfile::kAeadAes128Gcm);
  EXPECT_RULE("5764:4.1.1#2");
  EXPECT_RULE("5764:4.1.1#4");
}

TEST(OpenSsl, WithoutACommonSrtpProfileThereIsNone) {
  OpenSslEnd client({.role = Role::kClient, .srtp = "SRTP_AES128_CM_SHA1_80"});
  Config config = config_for(Role::kServer);
  config.srtp_profiles = {SrtpProfile::kAeadAes128Gcm};
  Ours server(config, 2);
  Line line(client, server);

  ASSERT_TRUE(line.connect());

  EXPECT_EQ(SSL_get_selected_srtp_profile(client.ssl()), nullptr);
  EXPECT_RULE("5764:4.1.1#5");
}

TEST(OpenSsl, AsksOurClientForACookie) {
  Ours client(config_for(Role::kClient), 1);
  OpenSslEnd server({.role = Role::kServer, .cookie_exchange = true});
  Line line(client, server);

  ASSERT_TRUE(line.connect());

  expect_talk(line, client, server);
  EXPECT_RULE("6347:4.2.1#2");
  EXPECT_RULE("6347:4.2.1#6");
  EXPECT_RULE("6347:4.2.6#2");
}

TEST(OpenSsl, BringsOurServersCookie) {
  OpenSslEnd client({.role = Role::kClient});
  Config config = config_for(Role::kServer);
  config.cookie_exchange = true;
  Ours server(config, 2);
  Line line(client, server);

  ASSERT_TRUE(line.connect());

  expect_talk(line, client, server);
  EXPECT_RULE("6347:4.2.1#10");
  EXPECT_RULE("6347:4.2.1#12");
  EXPECT_RULE("6347:4.2.1#19");
}

TEST(OpenSsl, AgreesOnP256WhereItHasNoX25519) {
  OpenSslEnd client({.role = Role::kClient, .groups = "P-256"});
  Ours server(config_for(Role::kServer), 2);
  Line line(client, server);

  ASSERT_TRUE(line.connect());

  EXPECT_EQ(server.connected.at(0).group, 23);
  EXPECT_RULE("8422:4#2");
}

TEST(OpenSsl, ChoosesP256ForOurClient) {
  Ours client(config_for(Role::kClient), 1);
  OpenSslEnd server({.role = Role::kServer, .groups = "P-256"});
  Line line(client, server);

  ASSERT_TRUE(line.connect());

  EXPECT_EQ(client.connected.at(0).group, 23);
}

TEST(OpenSsl, AndWePutSmallFragmentsTogether) {
  OpenSslEnd client({.role = Role::kClient, .mtu = 256});
  Config config = config_for(Role::kServer);
  config.mtu = 256;
  Ours server(config, 2);
  Line line(client, server);

  ASSERT_TRUE(line.connect());

  expect_talk(line, client, server);
  EXPECT_TRUE(
      std::ranges::all_of(line.sent, [](const Datagram& d) { return d.bytes.size() <= 256; }));
  EXPECT_RULE("6347:4.1.1.1#10");
  EXPECT_RULE("6347:4.2.3#4");
}

TEST(OpenSsl, AnswersOurCloseNotify) {
  Ours client(config_for(Role::kClient), 1);
  OpenSslEnd server({.role = Role::kServer});
  Line line(client, server);
  ASSERT_TRUE(line.connect());

  client.connection().close(line.now);
  client.take_events();
  line.collect();
  line.run_for(100ms);

  EXPECT_EQ(server.alerts, std::vector<int>{0});
  EXPECT_EQ(client.closed.at(0).reason, CloseReason::kLocal);
  EXPECT_RULE("5246:7.2.1#0");
}

TEST(OpenSsl, EndsTheConnectionWithCloseNotify) {
  Ours client(config_for(Role::kClient), 1);
  OpenSslEnd server({.role = Role::kServer});
  Line line(client, server);
  ASSERT_TRUE(line.connect());

  server.shutdown(line.now);
  line.collect();
  line.run_for(100ms);

  EXPECT_EQ(client.closed.at(0).reason, CloseReason::kPeer);
  EXPECT_EQ(server.alerts, std::vector<int>{0});
  EXPECT_RULE("5246:7.2.1#1");
}

TEST(OpenSsl, LearnsThatItsCertificateWasNotAnnounced) {
  Config config = config_for(Role::kClient);
  config.remote_fingerprints = {alice().fingerprint()};
  Ours client(config, 1);
  OpenSslEnd server({.role = Role::kServer});
  Line line(client, server);

  EXPECT_FALSE(line.connect(1s));

  EXPECT_EQ(client.closed.at(0).reason, CloseReason::kFingerprint);
  EXPECT_EQ(server.alerts, std::vector<int>{42});  // bad_certificate
  EXPECT_RULE("8122:6.2#2");
  EXPECT_RULE("5246:7.2.2#3");
}

TEST(OpenSsl, IsRefusedAsAClientWhoseCertificateWasNotAnnounced) {
  OpenSslEnd client({.role = Role::kClient});
  Config config = config_for(Role::kServer);
  config.remote_fingerprints.clear();
  Ours server(config, 1);
  Line line(client, server);

  EXPECT_FALSE(line.connect(1s));

  EXPECT_EQ(server.closed.at(0).reason, CloseReason::kFingerprint);
  EXPECT_EQ(server.closed.at(0).text, "no fingerprint of the peer's certificate was announced");
  EXPECT_EQ(client.alerts, std::vector<int>{42});
  EXPECT_RULE("8122:6.2#4");
}

TEST(OpenSsl, WithOtherSuitesOnlyIsToldSo) {
  OpenSslEnd client({.role = Role::kClient, .suites = "ECDHE-ECDSA-AES128-SHA256"});
  Ours server(config_for(Role::kServer), 1);
  Line line(client, server);

  EXPECT_FALSE(line.connect(1s));

  EXPECT_EQ(client.alerts, std::vector<int>{40});  // handshake_failure
  EXPECT_EQ(server.closed.at(0).text, "no cipher suite in common");
  EXPECT_RULE("8827:6.5#10");
}

TEST(OpenSsl, WithoutExtendedMasterSecretIsTakenOnlyWhenAllowed) {
  const auto connect = [](ExtendedMasterSecret wanted, Role role) {
    OpenSslEnd other({.role = role == Role::kClient ? Role::kServer : Role::kClient,
                      .options = SSL_OP_NO_EXTENDED_MASTER_SECRET});
    Config config = config_for(role);
    config.extended_master_secret = wanted;
    Ours ours(config, 1);
    Line line(role == Role::kClient ? static_cast<End&>(ours) : other,
              role == Role::kClient ? static_cast<End&>(other) : ours);
    return line.connect(1s);
  };

  EXPECT_FALSE(connect(ExtendedMasterSecret::kRequired, Role::kServer));
  EXPECT_RULE("7627:5.2#3");
  EXPECT_FALSE(connect(ExtendedMasterSecret::kRequired, Role::kClient));
  EXPECT_RULE("7627:5.2#5");
  EXPECT_TRUE(connect(ExtendedMasterSecret::kPreferred, Role::kServer));
  EXPECT_TRUE(connect(ExtendedMasterSecret::kPreferred, Role::kClient));
  EXPECT_RULE("7627:5.2#6");
}

TEST(OpenSsl, AsksForARenegotiationInVain) {
  Ours client(config_for(Role::kClient), 1);
  OpenSslEnd server({.role = Role::kServer});
  Line line(client, server);
  ASSERT_TRUE(line.connect());

  SSL_renegotiate(server.ssl());
  SSL_do_handshake(server.ssl());
  line.collect();
  line.run_for(20ms);

  EXPECT_EQ(server.alerts, std::vector<int>{100});                 // no_renegotiation
  EXPECT_EQ(client.closed.at(0).reason, CloseReason::kPeerAlert);  // OpenSSL will not do without
  EXPECT_RULE("5246:7.2.2#1");
  EXPECT_RULE("8827:6.5#13");
}

}  // namespace
}  // namespace glass::dtls::test
