// DTLS 1.3 between two ends of our own: the ways through a handshake, and what comes after it.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "crypto/certificate.h"
#include "crypto/key_exchange.h"
#include "dtls/connection.h"
#include "tests/dtls/support/link.h"
#include "tests/support/rules.h"

namespace glass::dtls::test {
namespace {

Config config13(Role role) {
  Config config = config_for(role);
  config.max_version = Version::k13;
  return config;
}

struct Pair {
  explicit Pair(const Config& client_config = config13(Role::kClient),
                const Config& server_config = config13(Role::kServer), Line::Fate fate = {})
      : client(client_config, 1), server(server_config, 2), line(client, server, std::move(fate)) {}

  void expect_talk() {
    const std::size_t before = server.received().size();
    client.send(line.now, "from the client");
    server.send(line.now, "from the server");
    line.collect();
    line.run_for(50ms);
    ASSERT_EQ(server.received().size(), before + 1);
    ASSERT_EQ(client.received().size(), before + 1);
    EXPECT_EQ(server.received().back(), "from the client");
    EXPECT_EQ(client.received().back(), "from the server");
  }
  [[nodiscard]] std::string why() const {
    return (client.closed.empty() ? "" : "client: " + client.closed[0].text + "; ") +
           (server.closed.empty() ? "" : "server: " + server.closed[0].text);
  }

  Ours client;
  Ours server;
  Line line;
};

TEST(Handshake13, IsDoneInOneRoundTrip) {
  Pair pair;

  ASSERT_TRUE(pair.line.connect()) << pair.why();

  EXPECT_EQ(pair.line.now - Instant{}, 15ms);  // three ways of 5 ms
  pair.expect_talk();
  EXPECT_EQ(pair.client.connected.at(0).version, kDtls13);
  EXPECT_EQ(pair.client.connected.at(0).cipher_suite, 0x1301);
  EXPECT_EQ(pair.client.connected.at(0).group, 29);
  EXPECT_EQ(pair.server.connected.at(0).version, kDtls13);
  pair.line.run_for(10s);
  EXPECT_EQ(pair.client.connection().counters().retransmits, 0);
  EXPECT_EQ(pair.server.connection().counters().retransmits, 0);
  EXPECT_EQ(pair.client.connection().next_time(), kNever);
  EXPECT_EQ(pair.server.connection().next_time(), kNever);
  EXPECT_RULE("8446:A.1#0");
  EXPECT_RULE("8446:A.2#0");
  EXPECT_RULE("8446:4.1.2#11");
  EXPECT_RULE("8446:4.1.3#9");
  EXPECT_RULE("8446:4.2.1#4");
  EXPECT_RULE("8446:4.2.1#9");
  EXPECT_RULE("8446:4.2.8#7");
  EXPECT_RULE("8446:4.2.8#13");
  EXPECT_RULE("8446:4.3.2#6");
  EXPECT_RULE("8446:4.4.2#2");
  EXPECT_RULE("8446:4.4.3#2");
  EXPECT_RULE("8446:4.4.3#7");
  EXPECT_RULE("8446:4.4.3#10");
  EXPECT_RULE("8446:4.4.4#1");
  EXPECT_RULE("9147:5#1");
  EXPECT_RULE("9147:5.3#1");
  EXPECT_RULE("9147:5.9#1");
  EXPECT_RULE("9147:7#6");
  EXPECT_RULE("9147:7.1#5");
  EXPECT_RULE("9147:7.2#1");
  EXPECT_RULE("9147:7.2#3");
}

TEST(Handshake13, WorksWithEveryGroupAndKindOfCertificate) {
  for (const crypto::Group group :
       {crypto::Group::kX25519, crypto::Group::kP256, crypto::Group::kP384}) {
    for (const crypto::IdentityKind kind :
         {crypto::IdentityKind::kEcdsaP256, crypto::IdentityKind::kRsa2048,
          crypto::IdentityKind::kEd25519}) {
      const crypto::Identity identity = crypto::Identity::make("each", 1'700'000'000, kind);
      Config client = config13(Role::kClient);
      Config server = config13(Role::kServer);
      client.groups = {group};
      for (Config* each : {&client, &server}) {
        each->identity = &identity;
        each->remote_fingerprints = {identity.fingerprint()};
      }
      Pair pair(client, server);

      ASSERT_TRUE(pair.line.connect()) << pair.why();

      EXPECT_EQ(pair.server.connected.at(0).group, static_cast<std::uint16_t>(group));
      pair.expect_talk();
    }
  }
}

TEST(Handshake13, IsTriedAgainWithAGroupThatTheServerHas) {
  Config client = config13(Role::kClient);
  client.groups = {crypto::Group::kX25519, crypto::Group::kP384};
  Config server = config13(Role::kServer);
  server.groups = {crypto::Group::kP384};
  Pair pair(client, server);

  ASSERT_TRUE(pair.line.connect()) << pair.why();

  EXPECT_EQ(pair.client.connected.at(0).group, 24);
  pair.expect_talk();
  EXPECT_RULE("8446:4.1.1#1");
  EXPECT_RULE("8446:4.1.1#3");
  EXPECT_RULE("8446:4.1.4#7");
  EXPECT_RULE("8446:4.2.8#9");
  EXPECT_RULE("9147:5.1#1");
}

TEST(Handshake13, CookieIsAskedForAndGiven) {
  Config server = config13(Role::kServer);
  server.cookie_exchange = true;
  Pair pair(config13(Role::kClient), server);

  ASSERT_TRUE(pair.line.connect()) << pair.why();

  EXPECT_EQ(pair.client.connected.at(0).version, kDtls13);
  pair.expect_talk();
  EXPECT_RULE("8446:4.2.2#2");
  EXPECT_RULE("9147:5.1#2");
  EXPECT_RULE("9147:5.1#12");
}

TEST(Handshake13, EitherSideMayBringItDownToDtls12) {
  for (const Role old : {Role::kClient, Role::kServer}) {
    Config client = config13(Role::kClient);
    Config server = config13(Role::kServer);
    (old == Role::kClient ? client : server).max_version = Version::k12;
    Pair pair(client, server);

    ASSERT_TRUE(pair.line.connect()) << pair.why();

    EXPECT_EQ(pair.client.connected.at(0).version, kDtls12);
    EXPECT_EQ(pair.server.connected.at(0).version, kDtls12);
    pair.expect_talk();
  }
  EXPECT_RULE("8446:4.1.3#11");
}

TEST(Handshake13, NoLessIsTakenWhenNoLessIsAllowed) {
  for (const Role strict : {Role::kClient, Role::kServer}) {
    Config client = config13(Role::kClient);
    Config server = config13(Role::kServer);
    (strict == Role::kClient ? client : server).min_version = Version::k13;
    (strict == Role::kClient ? server : client).max_version = Version::k12;
    Pair pair(client, server);

    EXPECT_FALSE(pair.line.connect(1s));

    EXPECT_FALSE(pair.why().empty());
  }
}

TEST(Handshake13, BothExportTheSameKeysAndAgreeOnSrtp) {
  Config client = config13(Role::kClient);
  client.srtp_profiles = {SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAes128CmHmacSha1Tag80};
  Config server = config13(Role::kServer);
  server.srtp_profiles = {SrtpProfile::kAes128CmHmacSha1Tag80};
  Pair pair(client, server);
  ASSERT_TRUE(pair.line.connect()) << pair.why();
  std::array<std::uint8_t, 60> here{};
  std::array<std::uint8_t, 60> there{};

  ASSERT_TRUE(pair.client.connection().export_keys("EXTRACTOR-dtls_srtp", here));
  ASSERT_TRUE(pair.server.connection().export_keys("EXTRACTOR-dtls_srtp", there));

  EXPECT_EQ(here, there);
  EXPECT_NE(here[0] | here[1] | here[2], 0);
  EXPECT_EQ(pair.client.connected.at(0).srtp_profile, SrtpProfile::kAes128CmHmacSha1Tag80);
  EXPECT_RULE("8446:7.5#1");
}

TEST(Handshake13, FitsIntoTheSmallestDatagrams) {
  Config client = config13(Role::kClient);
  Config server = config13(Role::kServer);
  client.mtu = 256;
  server.mtu = 256;
  Pair pair(client, server);

  ASSERT_TRUE(pair.line.connect()) << pair.why();

  pair.expect_talk();
  EXPECT_TRUE(
      std::ranges::all_of(pair.line.sent, [](const Datagram& d) { return d.bytes.size() <= 256; }));
}

TEST(Handshake13, WrongCertificateIsRefused) {
  Config client = config13(Role::kClient);
  client.remote_fingerprints = {alice().fingerprint()};
  Pair pair(client);

  EXPECT_FALSE(pair.line.connect(1s));

  EXPECT_EQ(pair.client.closed.at(0).reason, CloseReason::kFingerprint);
  EXPECT_EQ(pair.server.closed.at(0).reason, CloseReason::kPeerAlert);
  EXPECT_RULE("8446:6#4");
}

TEST(Handshake13, EndsWithCloseNotify) {
  Pair pair;
  ASSERT_TRUE(pair.line.connect());

  pair.client.connection().close(pair.line.now);
  pair.client.take_events();
  pair.line.collect();
  pair.line.run_for(100ms);

  EXPECT_EQ(pair.client.closed.at(0).reason, CloseReason::kLocal);
  EXPECT_EQ(pair.server.closed.at(0).reason, CloseReason::kPeer);
}

TEST(KeyUpdate, BothSidesHaveNewKeysAndGoOn) {
  Pair pair;
  ASSERT_TRUE(pair.line.connect());
  pair.line.run_for(100ms);

  for (int round = 0; round < 5; ++round) {
    (round % 2 == 0 ? pair.client : pair.server).connection().update_keys(pair.line.now);
    pair.line.collect();
    pair.expect_talk();
    pair.line.run_for(100ms);
    pair.expect_talk();
  }

  EXPECT_TRUE(pair.client.is_open() && pair.server.is_open()) << pair.why();
  EXPECT_RULE("8446:4.6.3#3");
  EXPECT_RULE("8446:4.6.3#5");
  EXPECT_RULE("9147:8#1");
  EXPECT_RULE("9147:8#2");
  EXPECT_RULE("9147:8#4");
}

TEST(KeyUpdate, ComesByItselfBeforeAKeyIsWornOut) {
  Config client = config13(Role::kClient);
  client.limits.records_before_update = 10;
  Pair pair(client);
  ASSERT_TRUE(pair.line.connect());
  pair.line.run_for(100ms);

  for (int i = 0; i < 50; ++i) pair.expect_talk();

  EXPECT_TRUE(pair.client.is_open()) << pair.why();
  EXPECT_RULE("9147:4.5.3#2");
  EXPECT_NO_RULE("9147:4.5.3#1");
}

TEST(KeyUpdate, APeerThatTakesNoNewKeysIsLeft) {
  Config client = config13(Role::kClient);
  client.limits.records_before_update = 20;
  Pair pair(client);
  ASSERT_TRUE(pair.line.connect());
  pair.line.run_for(100ms);

  for (int i = 0; i < 40 && pair.client.is_open(); ++i) pair.client.send(pair.line.now, "x");

  pair.client.take_events();
  EXPECT_EQ(pair.client.closed.at(0).reason, CloseReason::kKeysWornOut);
  EXPECT_RULE("9147:4.5.3#1");
}

// Every handshake is over in the time that the timers allow, whatever the line does.
TEST(Loss13, EachDatagramOfTheHandshakeMayBeLost) {
  Config client = config13(Role::kClient);
  Config server = config13(Role::kServer);
  client.mtu = 500;
  server.mtu = 500;
  std::size_t datagrams = 0;
  {
    Pair pair(client, server);
    ASSERT_TRUE(pair.line.connect());
    pair.line.run_for(1s);
    datagrams = pair.line.sent.size();
  }
  EXPECT_GE(datagrams, 6U);
  for (std::size_t lost = 0; lost < datagrams; ++lost) {
    Pair pair(client, server, [&](std::size_t number, const Datagram&) {
      return number == lost ? std::vector<Duration>{} : std::vector<Duration>{5ms};
    });

    ASSERT_TRUE(pair.line.connect(5s)) << "lost " << lost << ": " << pair.why();

    EXPECT_LE(pair.line.now - Instant{}, 15ms + 60ms) << lost;
    pair.line.run_for(1s);
    pair.expect_talk();
    pair.line.run_for(1s);
    EXPECT_LE(pair.client.connection().counters().retransmits +
                  pair.server.connection().counters().retransmits,
              2U)
        << lost;
    EXPECT_EQ(pair.client.connection().next_time(), kNever) << lost;
    EXPECT_EQ(pair.server.connection().next_time(), kNever) << lost;
  }
  EXPECT_RULE("9147:5.2#1");
  EXPECT_RULE("9147:4.2.1#2");
}

TEST(Loss13, BadLinesOfManySeedsAreOvercome) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SeededRandom dice(seed);
    Config client = config13(Role::kClient);
    Config server = config13(Role::kServer);
    client.mtu = 296 + dice.below(1200);
    server.mtu = 296 + dice.below(1200);
    server.cookie_exchange = dice.below(2) == 0;
    const std::uint32_t loss = dice.below(41);
    Pair pair(client, server, [&](std::size_t, const Datagram&) {
      std::vector<Duration> delays;
      if (dice.below(100) >= loss) delays.push_back(std::chrono::milliseconds(1 + dice.below(40)));
      if (dice.below(10) == 0) delays.push_back(std::chrono::milliseconds(1 + dice.below(90)));
      return delays;
    });

    ASSERT_TRUE(pair.line.connect(55s)) << "seed " << seed << ": " << pair.why();
    ASSERT_EQ(pair.client.connected.at(0).version, kDtls13) << seed;
    pair.line.run_for(20s);
    ASSERT_TRUE(pair.client.is_open() && pair.server.is_open()) << seed << pair.why();
  }
  EXPECT_RULE("9147:4.5.1#3");
  EXPECT_RULE("9147:5.8.1#2");
  EXPECT_RULE("9147:7.1#1");
  EXPECT_RULE("9147:7.2#2");
}

}  // namespace
}  // namespace glass::dtls::test
