// The small parts of stun/turn/: index.h, deadlines.h, peers.h, peer_policy.h, data_head.h.
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/text.h"
#include "stun/names.h"
#include "stun/turn/allocation.h"
#include "stun/turn/data_head.h"
#include "stun/turn/deadlines.h"
#include "stun/turn/index.h"
#include "stun/turn/peer_policy.h"
#include "stun/turn/peers.h"
#include "tests/stun/turn/fixture.h"

namespace glass::stun::turn {
namespace {

using namespace test;

TEST(Index, FindsWhatWasPutIn) {
  SeededRandom random(5);
  Index<Address> index(HashKey::make(random));
  std::map<Address, std::uint32_t> model;
  for (int step = 0; step < 20'000; ++step) {
    const Address key = Address::v4(0x0A000000 + random.below(64), 1);
    if (random.below(2) == 0) {
      index.erase(key);
      model.erase(key);
    } else if (!model.contains(key)) {
      const std::uint32_t value = random.u32();
      index.insert(key, value);
      model[key] = value;
    }
    ASSERT_EQ(index.size(), model.size());
    const auto found = index.find(key);
    ASSERT_EQ(found.has_value(), model.contains(key));
    if (found) {
      ASSERT_EQ(*found, model[key]);
    }
  }
  for (const auto& [key, value] : model) EXPECT_EQ(index.find(key), value);
}

TEST(Index, IsEmptyAtFirst) {
  Index<Path> index(HashKey{});
  EXPECT_FALSE(index.contains(kClient));
  index.erase(kClient);
  EXPECT_EQ(index.size(), 0U);
}

TEST(Deadlines, ComeInTheOrderOfTimeAndThenOfSetting) {
  Deadlines<int> due;
  due.set(Instant{} + 2s, 1);
  const auto dropped = due.set(Instant{} + 1s, 2);
  due.set(Instant{} + 2s, 3);
  due.drop(dropped);
  EXPECT_EQ(due.next(), Instant{} + 2s);
  EXPECT_FALSE(due.pop_due(Instant{} + 1s));
  EXPECT_EQ(due.pop_due(Instant{} + 2s), 1);
  EXPECT_EQ(due.pop_due(Instant{} + 2s), 3);
  EXPECT_EQ(due.next(), kNever);
}

TEST(Peers, ExpireToTheNanosecond) {
  Peers peers;
  ASSERT_TRUE(peers.permit(Instant{}, kPeer));
  ASSERT_EQ(peers.bind(Instant{}, 0x4000, kPeer), Peers::Bound::kYes);
  EXPECT_TRUE(peers.permits(Instant{} + 5min - 1ns, kPeer));
  EXPECT_FALSE(peers.permits(Instant{} + 5min, kPeer));
  EXPECT_EQ(peers.channel_of(Instant{} + 10min - 1ns, kPeer), 0x4000);
  EXPECT_FALSE(peers.channel_of(Instant{} + 10min, kPeer));
  EXPECT_EQ(peers.peer_of(Instant{} + 10min, 0x4000), nullptr);
}

TEST(Peers, RoomComesBackWithTime) {
  Peers peers;
  for (std::uint32_t i = 0; i < kPermissionsMax; ++i)
    ASSERT_TRUE(peers.permit(Instant{}, Address::v4(i + 1, 1)));
  EXPECT_EQ(peers.room(Instant{}), 0U);
  EXPECT_FALSE(peers.permit(Instant{}, Address::v4(9999, 1)));
  EXPECT_TRUE(peers.permit(Instant{}, Address::v4(1, 77)));
  EXPECT_TRUE(peers.permit(Instant{} + 5min, Address::v4(9999, 1)));
}

TEST(Peers, FindsEveryChannelBothWays) {
  Peers peers;
  SeededRandom random(9);
  std::map<std::uint16_t, Address> model;
  for (int i = 0; i < 100; ++i) {
    const auto number = static_cast<std::uint16_t>(0x4000 + random.below(0x1000));
    const Address peer = Address::v4(random.u32(), static_cast<std::uint16_t>(random.below(60000)));
    if (peers.bind(Instant{}, number, peer) == Peers::Bound::kYes) model[number] = peer;
  }
  for (const auto& [number, peer] : model) {
    EXPECT_EQ(peers.channel_of(Instant{}, peer), number);
    ASSERT_NE(peers.peer_of(Instant{}, number), nullptr);
    EXPECT_EQ(*peers.peer_of(Instant{}, number), peer);
  }
}

TEST(PeerPolicy, ReadsPrefixes) {
  EXPECT_TRUE(parse_prefix("192.0.2.0/25")->contains(*parse_ip("192.0.2.127")));
  EXPECT_FALSE(parse_prefix("192.0.2.0/25")->contains(*parse_ip("192.0.2.128")));
  EXPECT_TRUE(parse_prefix("0.0.0.0/0")->contains(*parse_ip("8.8.8.8")));
  EXPECT_FALSE(parse_prefix("0.0.0.0/0")->contains(*parse_ip("2001:db8::1")));
  EXPECT_TRUE(parse_prefix("2001:db8::1")->contains(*parse_ip("2001:db8::1")));
  for (const char* text : {"", "192.0.2.0/33", "x/8", "192.0.2.0/", "192.0.2.0/-1", "::/129"})
    EXPECT_FALSE(parse_prefix(text)) << text;
}

TEST(PeerPolicy, RefusesWhatIsNoStrangersBusiness) {
  const PeerPolicy policy;
  for (const char* ip : {"0.0.0.0",
                         "0.1.2.3",
                         "127.9.9.9",
                         "169.254.169.254",
                         "10.0.0.1",
                         "172.31.0.1",
                         "192.168.0.1",
                         "100.127.0.1",
                         "239.0.0.1",
                         "240.0.0.1",
                         "255.255.255.255",
                         "192.0.0.8",
                         "::",
                         "::1",
                         "fe80::1",
                         "fec0::1",
                         "fd00::1",
                         "ff02::1",
                         "64:ff9b::a00:1",
                         "::7f00:1",
                         "::ffff:127.0.0.1",
                         "2002::1",
                         "2001:0:1::1"})
    EXPECT_TRUE(policy.refusal(*parse_ip(ip))) << ip;
  for (const char* ip : {"8.8.8.8", "203.0.113.1", "100.128.0.1", "172.32.0.1", "2001:db8::1",
                         "2a00::1", "64:ff9b::808:808"})
    EXPECT_FALSE(policy.refusal(*parse_ip(ip))) << ip;
}

TEST(PeerPolicy, ListsChangeTheDefaultButNotForTunnels) {
  const PeerPolicy policy{
      .allow = {*parse_prefix("10.0.0.0/8"), *parse_prefix("::/0")   },
      .deny = {*parse_prefix("10.0.0.0/8"), *parse_prefix("8.8.8.8")}
  };
  EXPECT_FALSE(policy.refusal(*parse_ip("10.0.0.1")));
  EXPECT_TRUE(policy.refusal(*parse_ip("8.8.8.8")));
  EXPECT_FALSE(policy.refusal(*parse_ip("::1")));
  EXPECT_TRUE(policy.refusal(*parse_ip("2002::1")));
}

TEST(DataHead, IsWhatAMessageBuilderWrites) {
  SeededRandom random(4);
  for (const Address& peer : {kPeer, kPeerV6}) {
    for (const bool dont_fragment : {false, true}) {
      const TransactionId id = TransactionId::make(random);
      const ByteVector data(5, 0xAB);
      ByteVector expected;
      MessageBuilder builder(Writer(expected), Class::kIndication, Method::kSend, id);
      builder.add(XorPeerAddress{peer});
      if (dont_fragment) builder.add(DontFragment{});
      builder.add(Data{data});
      const DataHead head = data_head(Method::kSend, id, peer, data.size(), dont_fragment);
      ByteVector built(head.view().begin(), head.view().end());
      built.insert(built.end(), data.begin(), data.end());
      built.resize(built.size() + padding_of(data.size()));
      EXPECT_EQ(hex(built), hex(expected));
    }
  }
}

TEST(IndicationIds, DoNotRepeat) {
  IndicationIds ids(HashKey{1, 2});
  std::set<TransactionId> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(ids.next()).second);
}

TEST(Bucket, FillsWithTime) {
  Bucket bucket(Instant{}, 1000);
  EXPECT_TRUE(bucket.take(Instant{}, 1000));
  EXPECT_FALSE(bucket.take(Instant{}, 1));
  EXPECT_FALSE(bucket.take(Instant{} + 999us, 1));
  EXPECT_TRUE(bucket.take(Instant{} + 1ms, 1));
  EXPECT_TRUE(bucket.take(Instant{} + 10s, 1000));
  EXPECT_TRUE(Bucket().take(Instant{}, UINT64_MAX));
}

// RFC 8656 §17 to §19, RFC 6062 §6, RFC 8016 §4: the numbers as the registries have them.
TEST(TurnNumbers, AreThoseOfTheRegistries) {
  const auto type = [](AttributeType value) { return static_cast<unsigned>(value); };
  EXPECT_EQ(type(AttributeType::kChannelNumber), 0x000CU);
  EXPECT_EQ(type(AttributeType::kLifetime), 0x000DU);
  EXPECT_EQ(type(AttributeType::kXorPeerAddress), 0x0012U);
  EXPECT_EQ(type(AttributeType::kData), 0x0013U);
  EXPECT_EQ(type(AttributeType::kXorRelayedAddress), 0x0016U);
  EXPECT_EQ(type(AttributeType::kRequestedAddressFamily), 0x0017U);
  EXPECT_EQ(type(AttributeType::kEvenPort), 0x0018U);
  EXPECT_EQ(type(AttributeType::kRequestedTransport), 0x0019U);
  EXPECT_EQ(type(AttributeType::kDontFragment), 0x001AU);
  EXPECT_EQ(type(AttributeType::kReservationToken), 0x0022U);
  EXPECT_EQ(type(AttributeType::kAdditionalAddressFamily), 0x8000U);
  EXPECT_EQ(type(AttributeType::kAddressErrorCode), 0x8001U);
  EXPECT_EQ(type(AttributeType::kIcmp), 0x8004U);
  EXPECT_EQ(type(AttributeType::kConnectionId), 0x002AU);
  EXPECT_EQ(type(AttributeType::kMobilityTicket), 0x8030U);
  EXPECT_EQ(message_type(Class::kRequest, Method::kAllocate), 0x0003);
  EXPECT_EQ(message_type(Class::kRequest, Method::kRefresh), 0x0004);
  EXPECT_EQ(message_type(Class::kIndication, Method::kSend), 0x0016);
  EXPECT_EQ(message_type(Class::kIndication, Method::kData), 0x0017);
  EXPECT_EQ(message_type(Class::kRequest, Method::kCreatePermission), 0x0008);
  EXPECT_EQ(message_type(Class::kRequest, Method::kChannelBind), 0x0009);
  EXPECT_EQ(message_type(Class::kRequest, Method::kConnect), 0x000A);
  EXPECT_EQ(message_type(Class::kRequest, Method::kConnectionBind), 0x000B);
  EXPECT_EQ(message_type(Class::kIndication, Method::kConnectionAttempt), 0x001C);
  for (const unsigned code : {403U, 405U, 437U, 440U, 441U, 442U, 443U, 446U, 447U, 486U, 508U})
    EXPECT_NE(reason_phrase(code), "Error") << code;
  EXPECT_EQ(kChannelMin, 0x4000);
  EXPECT_EQ(kChannelMax, 0x4FFF);
}

}  // namespace
}  // namespace glass::stun::turn
