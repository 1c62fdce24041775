// Connection ids in both versions: negotiated, in each sealed record, asked for and given anew.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "dtls/connection.h"
#include "dtls/connection_ids.h"
#include "dtls/messages/connection_id_update.h"
#include "dtls/record.h"
#include "tests/dtls/support/link.h"
#include "tests/dtls/support/puppet.h"
#include "tests/dtls/support/puppet13.h"
#include "tests/support/rules.h"

namespace glass::dtls::test {
namespace {

const ByteVector kClientId{0xc1, 0xc2, 0xc3};
const ByteVector kServerId{0x51, 0x52, 0x53, 0x54, 0x55};

Config with_id(Role role, Version version, std::optional<ByteVector> id) {
  Config config = config_for(role);
  config.max_version = version;
  config.connection_id = std::move(id);
  return config;
}

struct Pair {
  explicit Pair(Version version, std::optional<ByteVector> client_id = kClientId,
                std::optional<ByteVector> server_id = kServerId)
      : client(with_id(Role::kClient, version, std::move(client_id)), 1),
        server(with_id(Role::kServer, version, std::move(server_id)), 2),
        line(client, server) {}
  void talk() {
    client.send(line.now, "from the client");
    server.send(line.now, "from the server");
    line.collect();
    line.run_for(50ms);
  }
  // The ids of the sealed records that this side has sent, each once; "" for records without one.
  [[nodiscard]] std::vector<std::string> ids_from(bool client_side, std::size_t id_size) const {
    std::vector<std::string> ids;
    for (const Datagram& each : line.sent) {
      if (each.from_client != client_side) continue;
      Reader in(each.bytes);
      while (in.left() > 0) {
        std::optional<std::string> id;
        if (is_unified(in.rest().front())) {
          const auto record = parse_unified(in, id_size);
          if (record) id = hex(record->connection_id);
        } else {
          const auto record = parse_record(in, id_size);
          if (record && record->epoch > 0) id = hex(record->connection_id);
        }
        if (id && (ids.empty() || ids.back() != *id)) ids.push_back(*id);
      }
    }
    return ids;
  }

  Ours client;
  Ours server;
  Line line;
};

class ConnectionIdTest : public ::testing::TestWithParam<Version> {};

TEST_P(ConnectionIdTest, IsInEachSealedRecordOfBothDirections) {
  Pair pair(GetParam());
  ASSERT_TRUE(pair.line.connect());

  pair.talk();

  EXPECT_EQ(pair.ids_from(true, kServerId.size()), std::vector<std::string>{"5152535455"});
  EXPECT_EQ(pair.ids_from(false, kClientId.size()), std::vector<std::string>{"c1c2c3"});
  EXPECT_EQ(pair.server.received(), std::vector<std::string>{"from the client"});
  EXPECT_EQ(pair.client.received(), std::vector<std::string>{"from the server"});
  EXPECT_TRUE(pair.client.connected.at(0).connection_ids);
  EXPECT_TRUE(pair.server.connected.at(0).connection_ids);
  EXPECT_EQ(pair.client.connected.at(0).version, GetParam() == Version::k13 ? kDtls13 : kDtls12);
  EXPECT_EQ(pair.client.connection().counters().dropped, 0);
  EXPECT_EQ(pair.server.connection().counters().dropped, 0);
  EXPECT_RULE("9146:3#1");
  EXPECT_RULE("9146:3#2");
  EXPECT_RULE("9146:3#4");
}

// RFC 9146 §7: the example of an id from client to server only.
TEST_P(ConnectionIdTest, MayBeInOneDirectionOnly) {
  Pair pair(GetParam(), ByteVector{}, kServerId);
  ASSERT_TRUE(pair.line.connect());

  pair.talk();

  EXPECT_EQ(pair.ids_from(true, kServerId.size()), std::vector<std::string>{"5152535455"});
  EXPECT_EQ(pair.ids_from(false, 0), std::vector<std::string>{""});
  EXPECT_EQ(pair.server.received().size(), 1U);
  EXPECT_EQ(pair.client.received().size(), 1U);
  EXPECT_RULE("9146:3#3");
}

TEST_P(ConnectionIdTest, IsLeftOutWhereOneSideDoesNotKnowIt) {
  for (const bool client_knows : {true, false}) {
    Pair pair(GetParam(), client_knows ? std::optional(kClientId) : std::nullopt,
              client_knows ? std::nullopt : std::optional(kServerId));
    ASSERT_TRUE(pair.line.connect());

    pair.talk();

    EXPECT_EQ(pair.ids_from(true, 0), std::vector<std::string>{""});
    EXPECT_EQ(pair.ids_from(false, 0), std::vector<std::string>{""});
    EXPECT_EQ(pair.server.received().size(), 1U);
    EXPECT_FALSE(pair.client.connected.at(0).connection_ids);
    EXPECT_FALSE(pair.server.connected.at(0).connection_ids);
  }
}

TEST_P(ConnectionIdTest, OfTheGreatestLengthFits) {
  Pair longest(GetParam(), ByteVector(kConnectionIdMax, 7), ByteVector(kConnectionIdMax, 8));
  ASSERT_TRUE(longest.line.connect());
  longest.talk();
  EXPECT_EQ(longest.server.received().size(), 1U);
  EXPECT_EQ(longest.client.received().size(), 1U);
}

TEST_P(ConnectionIdTest, IsThereWithSmallDatagramsAndLosses) {
  for (std::size_t lost = 0; lost < 12; ++lost) {
    Config client = with_id(Role::kClient, GetParam(), kClientId);
    Config server = with_id(Role::kServer, GetParam(), kServerId);
    client.mtu = server.mtu = 296;
    Ours one(client, 1);
    Ours other(server, 2);
    Line line(one, other, [&](std::size_t number, const Datagram& datagram) {
      EXPECT_LE(datagram.bytes.size(), 296U);
      return number == lost ? std::vector<Duration>{} : std::vector<Duration>{5ms};
    });

    EXPECT_TRUE(line.connect(5s)) << "lost " << lost;
  }
}

TEST_P(ConnectionIdTest, RecordsWithoutOrWithAnotherAreDropped) {
  Pair pair(GetParam());
  ASSERT_TRUE(pair.line.connect());
  PacketBuffer packet;
  packet.assign(as_bytes("hello"));
  pair.client.connection().seal(packet);
  const std::size_t at = GetParam() == Version::k13 ? 1 : 11;
  ByteVector other(packet.bytes().begin(), packet.bytes().end());
  other.at(at) ^= 1;
  ByteVector none(packet.bytes().begin(), packet.bytes().end());
  none.erase(none.begin() + static_cast<std::ptrdiff_t>(at),
             none.begin() + static_cast<std::ptrdiff_t>(at + kServerId.size()));
  none[0] = GetParam() == Version::k13 ? static_cast<std::uint8_t>(none[0] & 0xef) : 23;
  const std::uint64_t before = pair.server.connection().counters().dropped;

  pair.server.receive(pair.line.now, other);
  pair.server.receive(pair.line.now, none);
  EXPECT_EQ(pair.server.connection().counters().dropped, before + 2);
  EXPECT_TRUE(pair.server.received().empty());
  pair.server.receive(pair.line.now, ByteVector(packet.bytes().begin(), packet.bytes().end()));

  EXPECT_EQ(pair.server.received(), std::vector<std::string>{"hello"});
  if (GetParam() == Version::k13) {
    EXPECT_RULE("9147:4#8");
    EXPECT_RULE("9147:4#10");
    // What stands behind a foreign record goes with it.
    const std::uint64_t counted = pair.server.connection().counters().dropped;
    PacketBuffer next;
    next.assign(as_bytes("next"));
    pair.client.connection().seal(next);
    ByteVector both = other;
    both.insert(both.end(), next.bytes().begin(), next.bytes().end());
    pair.server.receive(pair.line.now, both);
    EXPECT_EQ(pair.server.connection().counters().dropped, counted + 2);
    EXPECT_EQ(pair.server.received().size(), 1U);
  } else {
    EXPECT_RULE("9146:3#5");
    EXPECT_RULE("9146:3#6");
    EXPECT_RULE("9146:6#2");
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, ConnectionIdTest, ::testing::Values(Version::k12, Version::k13),
                         [](const auto& version) {
                           return version.param == Version::k12 ? "Dtls12" : "Dtls13";
                         });

// RFC 9146 §5.3, spelled out: what a record is authenticated with, opened by the bare cipher.
TEST(ConnectionId, IsAuthenticatedInTheFormOfDtls12) {
  const ByteVector key(16, 1);
  const ByteVector salt(4, 2);
  Protection protection(crypto::make_aead(crypto::AeadKind::kAes128Gcm, key), salt);
  const ByteVector id{0xaa, 0xbb};
  ByteVector sealed(8 + 3 + 16);
  sealed[8] = 'h';
  sealed[9] = 'i';
  sealed[10] = 23;  // the real type

  protection.seal({.type = ContentType::kApplicationData,
                   .epoch = 1,
                   .sequence = 5,
                   .connection_id = id,
                   .fragment = {}},
                  sealed);

  const ByteVector associated{
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,  // seq_num_placeholder
      25,   2,    25,                                  // tls12_cid, length
      0xfe, 0xfd, 0,    1,    0,    0,    0,    0,    0, 5, 0xaa, 0xbb, 0, 3};
  ByteVector nonce = salt;
  nonce.insert(nonce.end(), sealed.begin(), sealed.begin() + 8);
  const auto aead = crypto::make_aead(crypto::AeadKind::kAes128Gcm, key);
  MutableBytes text = MutableBytes(sealed).subspan(8, 3);
  EXPECT_TRUE(aead->open(nonce, associated, text, Bytes(sealed).last(16)));
  EXPECT_EQ(hex(text), "686917");
}

TEST(ConnectionId, InARecordOfDtls12ThatAgreedOnNoneIsDropped) {
  ClientPuppet client(be_transparent);
  client.connect();
  ASSERT_TRUE(client.ours->is_open());

  client.sealed(ContentType::kTls12Cid, ByteVector{'x', 23});

  EXPECT_EQ(client.end(), "open");
  EXPECT_TRUE(client.ours->received().empty());
  EXPECT_RULE("9146:5#1");
}

TEST(ConnectionId, ThatIsTooLongForUsIsNotUsed) {
  const auto with_ids = [](Config& config) { config.connection_id = kServerId; };
  ByteVector data(1 + kConnectionIdMax + 1, 7);
  data[0] = kConnectionIdMax + 1;

  ClientPuppet client(with_ids);
  ClientHello hello = client.hello();
  hello.extensions.all.push_back({ExtensionType::kConnectionId, data});
  client.send_hello(hello);
  Client13Puppet client13(with_ids);
  client13.extensions.set(ExtensionType::kConnectionId, data);
  client13.send_hello();

  EXPECT_FALSE(client.sent.empty()) << client.end();
  EXPECT_FALSE(client13.sent.empty()) << client13.end();
  EXPECT_RULE("9146:3#2");
  EXPECT_NO_RULE("9146:3#4");
}

// A client of DTLS 1.2 that is asked to put the id 07 into its records.
struct ClientWithId : ClientPuppet {
  ClientWithId()
      : ClientPuppet([](Config& config) {
          be_transparent(config);
          config.connection_id = ByteVector{7};
        }) {
    const ByteVector none{0};
    ClientHello first = hello();
    first.extensions.all.push_back({ExtensionType::kConnectionId, none});
    send_hello(first);
    send_certificate();
    send_key_exchange();
    send_verify();
    change_cipher();
  }
  void with_id(Bytes inside) {
    const ByteVector id{7};
    ByteVector fragment(kExplicitNonceSize, 0);
    fragment.insert(fragment.end(), inside.begin(), inside.end());
    fragment.resize(fragment.size() + crypto::kAeadTagSize);
    ByteVector bytes;
    Writer out(bytes);
    write(out, Record{.type = ContentType::kTls12Cid,
                      .epoch = 1,
                      .sequence = sequence++,
                      .connection_id = id,
                      .fragment = fragment});
    feed(bytes);
  }
  void finish() {
    ByteVector text;
    Writer out(text);
    write_whole(out, {.type = HandshakeType::kFinished,
                      .message_seq = next_message++,
                      .body = ByteVector(12, 0)});
    text.push_back(22);
    with_id(text);
  }
};

TEST(ConnectionId, HidesTheTypeAndAllowsPadding) {
  ClientWithId client;
  client.with_id(ByteVector{'x', 23});  // data before Finished
  EXPECT_TRUE(client.ours->received().empty());
  client.finish();
  ASSERT_TRUE(client.ours->is_open()) << client.end();

  client.with_id(ByteVector{'y', 23, 0, 0, 0});
  client.with_id(ByteVector{0, 0, 0});     // of no type
  client.with_id(ByteVector{'z', 25, 0});  // of its own type

  EXPECT_EQ(client.ours->received(), std::vector<std::string>{"y"});
  EXPECT_EQ(client.end(), "open");
}

TEST(ConnectionId, LeavesNoMoreRoomInARecord) {
  ClientWithId client;
  client.finish();
  ASSERT_TRUE(client.ours->is_open()) << client.end();
  ByteVector inside(kPlaintextMax + 1, 'x');
  inside.back() = 23;

  client.with_id(inside);
  inside.erase(inside.begin());
  client.with_id(inside);

  ASSERT_EQ(client.ours->received().size(), 1U);
  EXPECT_EQ(client.ours->received()[0].size(), kPlaintextMax - 1);
  EXPECT_RULE("9146:5#2");
}

// --- DTLS 1.3: other ids ---

TEST(ConnectionId, MoreAreAskedForAndUsedInTheirOrder) {
  Pair pair(Version::k13);
  ASSERT_TRUE(pair.line.connect());
  pair.line.run_for(1s);
  EXPECT_FALSE(pair.client.connection().use_next_connection_id(pair.line.now));

  EXPECT_TRUE(pair.client.connection().request_connection_ids(pair.line.now, 2));
  EXPECT_FALSE(pair.client.connection().request_connection_ids(pair.line.now, 2));
  EXPECT_RULE("9147:9#11");
  pair.line.collect();
  pair.line.run_for(1s);

  pair.line.sent.clear();
  pair.talk();
  EXPECT_TRUE(pair.client.connection().use_next_connection_id(pair.line.now));
  pair.talk();
  EXPECT_TRUE(pair.client.connection().use_next_connection_id(pair.line.now));
  pair.talk();
  EXPECT_FALSE(pair.client.connection().use_next_connection_id(pair.line.now));
  const std::vector<std::string> ids = pair.ids_from(true, kServerId.size());
  ASSERT_EQ(ids.size(), 3U);
  EXPECT_EQ(ids[0], "5152535455");
  EXPECT_NE(ids[1], ids[0]);
  EXPECT_NE(ids[2], ids[1]);
  EXPECT_EQ(pair.server.received().size(), 3U);
  EXPECT_EQ(pair.client.connection().next_time(), kNever);
  EXPECT_EQ(pair.server.connection().next_time(), kNever);
  EXPECT_RULE("9147:9#3");
  EXPECT_RULE("9147:9#4");
  EXPECT_RULE("9147:9#5");
  EXPECT_RULE("9147:9#10");
}

TEST(ConnectionId, WaitsForTheMessageThatIsOnItsWay) {
  Pair pair(Version::k13);
  ASSERT_TRUE(pair.line.connect());
  pair.line.run_for(1s);

  pair.client.connection().update_keys(pair.line.now);
  EXPECT_TRUE(pair.client.connection().request_connection_ids(pair.line.now, 1));
  pair.server.connection().update_keys(pair.line.now);
  pair.line.collect();
  pair.line.run_for(2s);

  EXPECT_TRUE(pair.client.connection().use_next_connection_id(pair.line.now));
  pair.talk();
  EXPECT_EQ(pair.server.received().size(), 1U);
  EXPECT_EQ(pair.client.received().size(), 1U);
  EXPECT_EQ(pair.client.connection().next_time(), kNever);
}

TEST(ConnectionId, IsNotAskedForWhereThereIsNone) {
  Pair none(Version::k13, std::nullopt, std::nullopt);
  ASSERT_TRUE(none.line.connect());
  EXPECT_FALSE(none.client.connection().request_connection_ids(none.line.now, 1));
  EXPECT_RULE("9147:9#14");

  Pair empty(Version::k13, kClientId, ByteVector{});
  ASSERT_TRUE(empty.line.connect());
  EXPECT_FALSE(empty.client.connection().request_connection_ids(empty.line.now, 1));
  EXPECT_RULE("9147:9#7");

  Pair old(Version::k12);
  ASSERT_TRUE(old.line.connect());
  EXPECT_FALSE(old.client.connection().request_connection_ids(old.line.now, 1));
  EXPECT_FALSE(old.client.connection().use_next_connection_id(old.line.now));
}

// A server that has a use for our ids, and whose ids we put into our records.
struct Server13WithId : Server13Puppet {
  explicit Server13WithId(ByteVector wanted = {9, 9}, ByteVector given = {})
      : Server13Puppet([&](Config& config) { config.connection_id = given; }) {
    id_size = wanted.size();
    ByteVector data{static_cast<std::uint8_t>(wanted.size())};
    data.insert(data.end(), wanted.begin(), wanted.end());
    extensions.set(ExtensionType::kConnectionId, data);
  }
  void give(ConnectionIdUsage usage, const std::vector<ByteVector>& ids) {
    NewConnectionId update{.ids = {}, .usage = usage};
    update.ids.assign(ids.begin(), ids.end());
    message(HandshakeType::kNewConnectionId, body_bytes(update), 3);
  }
  // The id in the next record of ours.
  std::string next_id(std::size_t size) {
    ours->send(now, "x");
    sent.clear();
    collect();
    return hex(Bytes(sent.back()).subspan(1, size));
  }
};

TEST(ConnectionId, ThatIsToBeUsedAtOnceIs) {
  Server13WithId server;
  server.open();
  ASSERT_TRUE(server.ours->is_open()) << server.end();
  EXPECT_EQ(server.next_id(2), "0909");

  server.give(ConnectionIdUsage::kImmediate, {
                                                 {1, 2, 3},
                                                 {4, 5, 6}
  });

  EXPECT_EQ(server.next_id(3), "010203");
  EXPECT_TRUE(server.ours->connection().use_next_connection_id(server.now));
  EXPECT_EQ(server.next_id(3), "040506");
  EXPECT_RULE("9147:9#1");
}

TEST(ConnectionId, SpareOnesAreKeptOnlySoFar) {
  Server13WithId server;
  server.open();

  server.give(ConnectionIdUsage::kSpare, {{1}, {2}, {3}, {4}, {5}, {6}, ByteVector(21, 7)});

  for (std::size_t i = 0; i < kSpareIdsMax; ++i)
    EXPECT_TRUE(server.ours->connection().use_next_connection_id(server.now));
  EXPECT_FALSE(server.ours->connection().use_next_connection_id(server.now));
  EXPECT_EQ(server.next_id(1), "04");
}

TEST(ConnectionId, ThatMakesNoSenseIsRefused) {
  Server13WithId empty;
  empty.open();
  empty.give(ConnectionIdUsage::kSpare, {{}});
  EXPECT_EQ(empty.alert(), 47);

  Server13WithId none;
  none.open();
  none.give(ConnectionIdUsage::kImmediate, {});
  EXPECT_EQ(none.alert(), 47);

  Server13WithId usage;
  usage.open();
  usage.message(HandshakeType::kNewConnectionId, {0, 0, 2}, 3);
  EXPECT_EQ(usage.alert(), 47);

  Server13WithId lengths;
  lengths.open();
  lengths.message(HandshakeType::kNewConnectionId, {0, 2, 5, 1, 0}, 3);
  EXPECT_EQ(lengths.alert(), 50);

  // Of a server that wants no ids, and to one that has given none.
  Server13WithId unwanted(ByteVector{}, ByteVector{});
  unwanted.open();
  ASSERT_TRUE(unwanted.ours->is_open()) << unwanted.end();
  unwanted.give(ConnectionIdUsage::kSpare, {{1}});
  EXPECT_EQ(unwanted.alert(), 10);
  EXPECT_RULE("9147:9#8");
  Server13WithId ungiven(ByteVector{9, 9}, ByteVector{});
  ungiven.open();
  ungiven.message(HandshakeType::kRequestConnectionId, {1}, 3);
  EXPECT_EQ(ungiven.ours->closed.size(), 1U);
}

TEST(ConnectionId, TooLongForUsOrInTheWrongMessageEndsTheHandshake) {
  Server13WithId server(ByteVector(kConnectionIdMax + 1, 1));
  server.send_hello();
  EXPECT_EQ(server.alert(), 40);

  Server13WithId misplaced;
  misplaced.send_hello();
  Extensions answers;
  answers.set(ExtensionType::kConnectionId, {0});
  misplaced.send_encrypted(answers);
  EXPECT_EQ(misplaced.ours->closed.size(), 1U);

  Server13WithId malformed;
  malformed.extensions.set(ExtensionType::kConnectionId, {2, 1});
  malformed.send_hello();
  EXPECT_EQ(malformed.alert(), 50);

  Server13Puppet unasked;
  unasked.extensions.set(ExtensionType::kConnectionId, {1, 1});
  unasked.send_hello();
  EXPECT_EQ(unasked.alert(), 110);
}

// A peer that never has enough.
TEST(ConnectionId, IsGivenOnlySoOften) {
  Pair pair(Version::k13);
  ASSERT_TRUE(pair.line.connect());
  pair.line.run_for(1s);

  for (unsigned i = 0; i < kIdRequestsMax; ++i) {
    ASSERT_TRUE(pair.client.connection().request_connection_ids(pair.line.now, 200)) << i;
    pair.line.collect();
    pair.line.run_for(1s);
  }
  EXPECT_RULE("9147:9#12");
  EXPECT_TRUE(pair.server.is_open());
  EXPECT_TRUE(pair.client.connection().request_connection_ids(pair.line.now, 200));
  pair.line.collect();
  pair.line.run_for(1s);

  ASSERT_EQ(pair.client.closed.size(), 1U);
  EXPECT_EQ(pair.client.closed[0].text, "the peer has given up: too_many_cids_requested");
  EXPECT_RULE("9147:9#13");
}

}  // namespace
}  // namespace glass::dtls::test
