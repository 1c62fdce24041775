// RFC 8449 in both versions: what is said in the hellos, what goes out from then on, what is taken.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "dtls/config.h"
#include "dtls/connection.h"
#include "tests/dtls/support/link.h"
#include "tests/dtls/support/puppet.h"
#include "tests/dtls/support/puppet13.h"
#include "tests/support/rules.h"

namespace glass::dtls::test {
namespace {

Config limited(Role role, Version version, std::optional<std::uint16_t> limit) {
  Config config = config_for(role);
  config.max_version = version;
  config.record_size_limit = limit;
  return config;
}

class SizeLimit : public ::testing::TestWithParam<Version> {
 protected:
  // The longest sealed text in what this side has sent so far; the plain ones have no limit.
  static std::size_t longest_text(const Line& line, bool from_client) {
    std::size_t longest = 0;
    for (const Datagram& each : line.sent) {
      if (each.from_client != from_client) continue;
      Reader in(each.bytes);
      while (in.left() > 0) {
        if (is_unified(in.rest().front())) {
          const auto record = parse_unified(in);
          longest = std::max(longest, record->whole.size() - record->header_size - 17);
        } else if (const auto record = parse_record(in); record && record->epoch > 0) {
          longest = std::max(longest, record->fragment.size() - 24);
        }
      }
    }
    return longest;
  }
  static std::size_t type_size() { return GetParam() == Version::k13 ? 1 : 0; }
};

TEST_P(SizeLimit, OfThePeerHoldsForHandshakeAndData) {
  Ours client(limited(Role::kClient, GetParam(), 64), 1);
  Ours server(limited(Role::kServer, GetParam(), 100), 2);
  Line line(client, server);

  ASSERT_TRUE(line.connect());
  line.run_for(1s);

  EXPECT_EQ(server.connection().max_payload(), 64 - type_size());
  EXPECT_EQ(client.connection().max_payload(), 100 - type_size());
  EXPECT_LE(longest_text(line, true), 100 - type_size());
  EXPECT_LE(longest_text(line, false), 64 - type_size());
  client.send(line.now, std::string(client.connection().max_payload(), 'c'));
  server.send(line.now, std::string(server.connection().max_payload(), 's'));
  line.collect();
  line.run_for(50ms);
  EXPECT_EQ(server.received().size(), 1U);
  EXPECT_EQ(client.received().size(), 1U);
  EXPECT_RULE("8449:4#2");
  EXPECT_RULE("8449:4#8");
  EXPECT_RULE("8449:4#5");

  PacketBuffer packet;
  packet.assign(ByteVector(client.connection().max_payload() + 1, 1));
  client.connection().seal(packet);
  EXPECT_TRUE(packet.empty());
  EXPECT_RULE("8449:4#1");
}

TEST_P(SizeLimit, IsOurOwnBusinessWhereTheOtherSideDoesNotKnowIt) {
  for (const bool client_knows : {true, false}) {
    Ours client(limited(Role::kClient, GetParam(),
                        client_knows ? std::optional(std::uint16_t{64}) : std::nullopt),
                1);
    Ours server(limited(Role::kServer, GetParam(),
                        client_knows ? std::nullopt : std::optional(std::uint16_t{64})),
                2);
    Line line(client, server);

    ASSERT_TRUE(line.connect());

    EXPECT_EQ(client.connection().max_payload(), 16384U);
    EXPECT_EQ(server.connection().max_payload(), 16384U);
  }
}

TEST_P(SizeLimit, IsNeverMoreThanTheProtocolHas) {
  Ours client(limited(Role::kClient, GetParam(), 65535), 1);
  Ours server(limited(Role::kServer, GetParam(), 65535), 2);
  Line line(client, server);

  ASSERT_TRUE(line.connect());

  EXPECT_EQ(client.connection().max_payload(), 16384U);
  EXPECT_EQ(server.connection().max_payload(), 16384U);
}

INSTANTIATE_TEST_SUITE_P(Versions, SizeLimit, ::testing::Values(Version::k12, Version::k13),
                         [](const auto& version) {
                           return version.param == Version::k12 ? "Dtls12" : "Dtls13";
                         });

void want_100(Config& config) { config.record_size_limit = 100; }

TEST(SizeLimit12, BelowTheLeastEndsTheHandshake) {
  ClientPuppet client(want_100);
  ClientHello hello = client.hello();
  const ByteVector limit{0, 63};
  hello.extensions.all.push_back({ExtensionType::kRecordSizeLimit, limit});

  client.send_hello(hello);

  EXPECT_EQ(client.alert(), 47);
  EXPECT_RULE("8449:4#9");
}

TEST(SizeLimit12, BeyondAnyRecordIsNoReasonToRefuseAClient) {
  ClientPuppet client(want_100);
  ClientHello hello = client.hello();
  const ByteVector limit{0xff, 0xff};
  hello.extensions.all.push_back({ExtensionType::kRecordSizeLimit, limit});

  client.send_hello(hello);

  EXPECT_EQ(client.alert(), -1);
  EXPECT_RULE("8449:4#3");
}

TEST(SizeLimit12, RecordsThatAreLongerAreDropped) {
  ClientPuppet client([](Config& config) {
    be_transparent(config);
    want_100(config);
  });
  ClientHello hello = client.hello();
  const ByteVector limit{1, 0};
  hello.extensions.all.push_back({ExtensionType::kRecordSizeLimit, limit});
  client.send_hello(hello);
  client.send_certificate();
  client.send_key_exchange();
  client.send_verify();
  client.change_cipher();
  client.message(HandshakeType::kFinished, ByteVector(12, 0), 1);
  ASSERT_TRUE(client.ours->is_open()) << client.end();

  client.sealed(ContentType::kApplicationData, ByteVector(101, 'x'));
  client.sealed(ContentType::kApplicationData, ByteVector(100, 'y'));

  EXPECT_EQ(client.ours->received(), std::vector<std::string>{std::string(100, 'y')});
  EXPECT_EQ(client.end(), "open");
  EXPECT_RULE("8449:4#6");
}

// 22 records come at once, and the ACK has room for 14: the client sends the others again.
TEST(SizeLimit13, OfDatagramsHoldsForAcksOfManyRecords) {
  constexpr std::size_t kMtu = 256;
  const auto rsa = crypto::Identity::make("rsa", 1'700'000'000, crypto::IdentityKind::kRsa2048);
  Config client_config = limited(Role::kClient, Version::k13, 16384);
  client_config.identity = &rsa;
  Config server_config = limited(Role::kServer, Version::k13, 64);
  server_config.remote_fingerprints = {rsa.fingerprint()};
  server_config.mtu = kMtu;
  Ours client(client_config, 1);
  Ours server(server_config, 2);
  Line line(client, server);

  ASSERT_TRUE(line.connect());
  line.run_for(1s);

  for (const Datagram& each : line.sent) {
    if (!each.from_client) {
      EXPECT_LE(each.bytes.size(), kMtu);
    }
  }
  EXPECT_EQ(client.connection().counters().retransmits, 1U);
  EXPECT_EQ(client.connection().next_time(), kNever);
  EXPECT_RULE("9147:7.1#5");
}

TEST(SizeLimit13, BelongsIntoEncryptedExtensions) {
  Server13Puppet right(want_100);
  right.send_hello();
  Extensions answers;
  answers.set(ExtensionType::kRecordSizeLimit, {0, 64});
  right.send_encrypted(answers);
  EXPECT_EQ(right.alert(), -1);

  Server13Puppet small(want_100);
  small.send_hello();
  answers.set(ExtensionType::kRecordSizeLimit, {0, 63});
  small.send_encrypted(answers);
  EXPECT_EQ(small.alert(), 47);

  Server13Puppet misplaced(want_100);
  misplaced.extensions.set(ExtensionType::kRecordSizeLimit, {0, 64});
  misplaced.send_hello();
  EXPECT_EQ(misplaced.alert(), 47);
  EXPECT_RULE("8446:4.2#5");

  Server13Puppet unasked;
  unasked.send_hello();
  answers.set(ExtensionType::kRecordSizeLimit, {0, 64});
  unasked.send_encrypted(answers);
  EXPECT_EQ(unasked.alert(), 110);
}

}  // namespace
}  // namespace glass::dtls::test
