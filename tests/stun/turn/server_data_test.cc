#include <gtest/gtest.h>

#include "stun/turn/peers.h"
#include "stun/turn/server.h"
#include "tests/stun/turn/fixture.h"

namespace glass::stun::turn {
namespace {

using namespace test;

std::string text_of(Bytes bytes) { return std::string(as_text(bytes)); }

struct Relaying : ServerFixture {
  explicit Relaying(const ServerConfig& config = server_config()) : ServerFixture(config) {
    relayed = allocate();
    permit(kPeer);
    glass::test::forget_rules();
  }
  Address relayed;
};

TEST(TurnServerPermissions, NothingPassesWithoutOne) {
  ServerFixture t;
  const Address relayed = t.allocate();
  EXPECT_TRUE(t.from_peer(relayed, as_bytes("x")).empty());
  EXPECT_RULE("8656:9#0");
  EXPECT_TRUE(t.from_client(send_indication(kPeer, as_bytes("x"))).empty());
  EXPECT_EQ(glass::test::drop_reasons().back(), "to a peer without a permission");
}

TEST(TurnServerPermissions, LetAllPortsOfAnAddressThrough) {
  Relaying t;
  EXPECT_EQ(t.from_peer(t.relayed, as_bytes("x"), kPeer.with_port(1)).size(), 1U);
  EXPECT_TRUE(t.from_peer(t.relayed, as_bytes("x"), *parse_address("203.0.113.10:7000")).empty());
  EXPECT_EQ(t.from_client(send_indication(kPeer.with_port(2), as_bytes("x"))).size(), 1U);
}

TEST(TurnServerPermissions, LastFiveMinutesWhateverIsSent) {
  Relaying t;
  t.wait(299s);
  EXPECT_EQ(t.from_client(send_indication(kPeer, as_bytes("x"))).size(), 1U);
  EXPECT_EQ(t.from_peer(t.relayed, as_bytes("x")).size(), 1U);
  t.wait(1s - 1ns);
  EXPECT_EQ(t.from_peer(t.relayed, as_bytes("x")).size(), 1U);
  t.wait(1ns);
  EXPECT_TRUE(t.from_peer(t.relayed, as_bytes("x")).empty());
  EXPECT_TRUE(t.from_client(send_indication(kPeer, as_bytes("x"))).empty());
  EXPECT_EQ(t.permit(kPeer), 0U);
  EXPECT_RULE("8656:9#1");
  t.wait(300s - 1ns);
  EXPECT_EQ(t.from_peer(t.relayed, as_bytes("x")).size(), 1U);
}

TEST(TurnServerPermissions, SeveralComeTogetherOrNotAtAll) {
  Relaying t;
  const Address other = *parse_address("203.0.113.10:1");
  const auto ask = [&](const Address& second) {
    return t.code(Method::kCreatePermission, [&](MessageBuilder& builder) {
      builder.add(XorPeerAddress{other}).add(XorPeerAddress{second});
    });
  };
  EXPECT_EQ(ask(*parse_address("127.0.0.1:1")), 403U);
  EXPECT_EQ(ask(kPeerV6), 443U);
  EXPECT_TRUE(t.from_peer(t.relayed, as_bytes("x"), other).empty());
  EXPECT_EQ(ask(kPeer), 0U);
  EXPECT_EQ(t.from_peer(t.relayed, as_bytes("x"), other).size(), 1U);
  EXPECT_RULE("8656:10.2#2");
  EXPECT_RULE("8656:10.2#3");
}

TEST(TurnServerPermissions, NeedAPeer) {
  Relaying t;
  EXPECT_EQ(t.code(Method::kCreatePermission), 400U);
  EXPECT_EQ(t.code(Method::kCreatePermission,
                   [](MessageBuilder& builder) {
                     builder
                         .add(XorPeerAddress{
                             kPeer
                     })
                         .attribute(AttributeType::kXorPeerAddress,
                                    Bytes{{0, 3, 0, 0, 0, 0, 0, 0}});
                   }),
            400U);
  EXPECT_RULE("8656:10.2#1");
}

TEST(TurnServerPermissions, AreLimitedInNumber) {
  Relaying t;
  unsigned refused = 0;
  for (std::uint32_t i = 0; i < kPermissionsMax + 10; ++i)
    refused += t.permit(Address::v4(0xC6336400 + i, 1)) == 508U ? 1 : 0;
  EXPECT_EQ(refused, 11U);
  EXPECT_EQ(t.permit(kPeer), 0U);
  EXPECT_RULE("8656:10.2#0");
  t.wait(300s);
  EXPECT_EQ(t.permit(*parse_address("203.0.113.200:1")), 0U);
}

TEST(TurnServerPermissions, ForbiddenPeersGetNone) {
  Relaying t;
  for (const char* peer :
       {"0.0.0.0:1", "127.0.0.1:1", "169.254.1.1:1", "10.1.2.3:1", "172.16.0.1:1", "192.168.1.1:1",
        "100.64.0.1:1", "224.0.0.1:1", "255.255.255.255:1"}) {
    EXPECT_EQ(t.permit(*parse_address(peer)), 403U) << peer;
    EXPECT_EQ(t.bind(0x4000, *parse_address(peer)), 403U) << peer;
  }
  EXPECT_RULE("8656:12.2#2");
}

TEST(TurnServerPermissions, AnAllowListWins) {
  ServerConfig config = server_config();
  config.policy.allow = {*parse_prefix("127.0.0.0/8")};
  Relaying t(config);
  EXPECT_EQ(t.permit(*parse_address("127.0.0.1:1")), 0U);
}

TEST(TurnServerPermissions, ChannelsOfTunneledPeersAreRefused) {
  ServerFixture t;
  t.allocate(kClient, "alice",
             [](MessageBuilder& builder) { builder.add(RequestedAddressFamily{kFamilyV6}); });
  EXPECT_EQ(t.bind(0x4000, *parse_address("[2002:c000:201::1]:1")), 403U);
  EXPECT_EQ(t.permit(*parse_address("[2001:0:1::1]:1")), 403U);
  EXPECT_EQ(t.permit(*parse_address("[64:ff9b::7f00:1]:1")), 403U);
  EXPECT_RULE("8656:21.4#2");
}

TEST(TurnServerPermissions, OfOurOwnAddressesOnlyRelayedOnesArePeers) {
  Relaying t;
  const Address other = t.allocate(kOtherClient, "bob");
  EXPECT_EQ(t.permit(kServer), 0U);  // an address without a port
  EXPECT_TRUE(t.from_client(send_indication(kServer, as_bytes("loop"))).empty());
  EXPECT_TRUE(t.from_client(send_indication(kServer.with_port(22), as_bytes("ssh"))).empty());
  EXPECT_RULE("8656:11.2#2");
  EXPECT_EQ(t.from_client(send_indication(other, as_bytes("relay to relay"))).size(), 1U);
  EXPECT_EQ(t.bind(0x4000, kServer), 403U);
  EXPECT_EQ(t.bind(0x4000, other), 0U);
}

TEST(TurnServerData, SendAndDataCarryItBothWays) {
  Relaying t;

  const auto out = t.from_client(send_indication(kPeer, as_bytes("hello")));
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].path, (Path{Transport::kUdp, t.relayed, kPeer}));
  EXPECT_EQ(text_of(out[0].bytes), "hello");
  EXPECT_RULE("8656:11.2#0");

  const auto in = t.from_peer(t.relayed, as_bytes("and back"));
  ASSERT_EQ(in.size(), 1U);
  EXPECT_EQ(in[0].path, kClient);
  const auto message = MessageView::parse(in[0].bytes);
  ASSERT_TRUE(message && message->is(Class::kIndication, Method::kData));
  EXPECT_EQ(get<XorPeerAddress>(*message)->address, kPeer);
  EXPECT_EQ(text_of(get<Data>(*message)->bytes), "and back");
  EXPECT_RULE("8656:11.3#1");
}

TEST(TurnServerData, EmptyDatagramsAreDatagrams) {
  Relaying t;
  EXPECT_TRUE(t.from_client(send_indication(kPeer, {})).at(0).bytes.empty());
  const auto in = t.from_peer(t.relayed, {});
  ASSERT_EQ(in.size(), 1U);
  EXPECT_TRUE(get<Data>(*MessageView::parse(in[0].bytes))->bytes.empty());
  ASSERT_EQ(t.bind(0x4000, kPeer), 0U);
  EXPECT_TRUE(t.from_client(channel_data(0x4000, {})).at(0).bytes.empty());
  EXPECT_EQ(t.from_peer(t.relayed, {}).at(0).bytes, channel_data(0x4000, {}));
}

TEST(TurnServerData, EveryLengthIsPaddedRight) {
  Relaying t;
  const std::string text(9, 'x');
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const auto in = t.from_peer(t.relayed, as_bytes(text).first(size));
    const auto message = MessageView::parse(in.at(0).bytes);
    ASSERT_TRUE(message) << size;
    EXPECT_EQ(get<Data>(*message)->bytes.size(), size);
  }
}

TEST(TurnServerData, SendNeedsPeerAndData) {
  Relaying t;
  ByteVector no_data;
  MessageBuilder(Writer(no_data), Class::kIndication, Method::kSend, TransactionId{})
      .add(XorPeerAddress{kPeer});
  ByteVector no_peer;
  MessageBuilder(Writer(no_peer), Class::kIndication, Method::kSend, TransactionId{})
      .add(Data{as_bytes("x")});
  EXPECT_TRUE(t.from_client(no_data).empty());
  EXPECT_TRUE(t.from_client(no_peer).empty());
  EXPECT_RULE("8656:11.2#1");
}

// A Send indication with an "x" for kPeer, written to `out`, to which more can be added.
MessageBuilder begin_send(ByteVector& out) {
  MessageBuilder builder(Writer(out), Class::kIndication, Method::kSend, TransactionId{});
  builder.add(XorPeerAddress{kPeer}).add(Data{as_bytes("x")});
  return builder;
}

TEST(TurnServerData, SendWithUnknownAttributesIsDropped) {
  Relaying t;
  ByteVector odd;
  begin_send(odd).attribute(static_cast<AttributeType>(0x7777), {});
  EXPECT_TRUE(t.from_client(odd).empty());
  EXPECT_RULE("8489:6.3.2#0");
}

TEST(TurnServerData, SendWithAWrongFingerprintIsDropped) {
  Relaying t;
  ByteVector good;
  begin_send(good).add_fingerprint();
  ByteVector bad = good;
  bad.back() ^= 1;
  EXPECT_EQ(t.from_client(good).size(), 1U);
  EXPECT_TRUE(t.from_client(bad).empty());
  EXPECT_RULE("8489:7#0");
}

TEST(TurnServerData, DontFragmentIsForDriversThatCan) {
  Relaying cannot;
  EXPECT_TRUE(cannot.from_client(send_indication(kPeer, as_bytes("x"), true)).empty());
  ServerConfig config = server_config();
  config.dont_fragment = true;
  Relaying can(config);
  EXPECT_TRUE(can.from_client(send_indication(kPeer, as_bytes("x"), true)).at(0).dont_fragment);
  EXPECT_FALSE(can.from_client(send_indication(kPeer, as_bytes("x"))).at(0).dont_fragment);
}

TEST(TurnServerData, NothingWithoutAnAllocation) {
  ServerFixture t;
  EXPECT_TRUE(t.from_client(send_indication(kPeer, as_bytes("x"))).empty());
  EXPECT_TRUE(t.from_client(channel_data(0x4000, as_bytes("x"))).empty());
  EXPECT_RULE("8656:5#6");
}

TEST(TurnServerChannels, CarryDataBothWays) {
  Relaying t;
  ASSERT_EQ(t.bind(0x4ABC, kPeer), 0U);
  EXPECT_RULE("8656:12#0");

  const auto out = t.from_client(channel_data(0x4ABC, as_bytes("hello")));
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].path, (Path{Transport::kUdp, t.relayed, kPeer}));
  EXPECT_EQ(text_of(out[0].bytes), "hello");
  EXPECT_RULE("8656:12.6#2");
  const auto in = t.from_peer(t.relayed, as_bytes("and back"));
  EXPECT_EQ(in.at(0).bytes, channel_data(0x4ABC, as_bytes("and back")));
  EXPECT_RULE("8656:12.5#1");
  // Another port of the same address has no channel.
  EXPECT_EQ(t.from_peer(t.relayed, as_bytes("x"), kPeer.with_port(1)).at(0).bytes[0], 0);
}

TEST(TurnServerChannels, PaddedOrNotOverUdp) {
  Relaying t;
  ASSERT_EQ(t.bind(0x4000, kPeer), 0U);
  ByteVector padded = channel_data(0x4000, as_bytes("hello"));
  padded.resize(12);
  EXPECT_EQ(text_of(t.from_client(padded).at(0).bytes), "hello");
}

TEST(TurnServerChannels, PaddedOverTcp) {
  ServerFixture t;
  const Address relayed = t.allocate(kTcpClient);
  ASSERT_EQ(t.bind(0x4000, kPeer, kTcpClient), 0U);
  EXPECT_EQ(t.from_peer(relayed, as_bytes("hello")).at(0).bytes.size(), 12U);
  EXPECT_RULE("8656:12.5#2");
}

TEST(TurnServerChannels, MakeThePermissionToo) {
  ServerFixture t;
  const Address relayed = t.allocate();
  ASSERT_EQ(t.bind(0x4000, kPeer), 0U);
  EXPECT_EQ(t.from_peer(relayed, as_bytes("x")).size(), 1U);
  t.wait(300s);
  EXPECT_TRUE(t.from_peer(relayed, as_bytes("x")).empty());
  EXPECT_EQ(t.bind(0x4000, kPeer), 0U);
  EXPECT_EQ(t.from_peer(relayed, as_bytes("x")).size(), 1U);
}

TEST(TurnServerChannels, LastTenMinutes) {
  ServerFixture t;
  const Address relayed =
      t.allocate(kClient, "alice", [](MessageBuilder& builder) { builder.add(Lifetime{3600}); });
  ASSERT_EQ(t.bind(0x4000, kPeer), 0U);
  t.wait(600s - 1ns);
  EXPECT_EQ(t.from_client(channel_data(0x4000, as_bytes("x"))).size(), 1U);
  EXPECT_EQ(t.bind(0x4001, kPeer), 400U);
  t.wait(1ns);
  EXPECT_TRUE(t.from_client(channel_data(0x4000, as_bytes("x"))).empty());
  EXPECT_EQ(t.bind(0x4001, kPeer), 0U);
  EXPECT_EQ(t.from_peer(relayed, as_bytes("x")).at(0).bytes[1], 0x01);
}

TEST(TurnServerChannels, NumbersAndPeersAreTakenOnce) {
  Relaying t;
  ASSERT_EQ(t.bind(0x4000, kPeer), 0U);
  EXPECT_EQ(t.bind(0x4000, kPeer.with_port(1)), 400U);
  EXPECT_EQ(t.bind(0x4001, kPeer), 400U);
  EXPECT_EQ(t.bind(0x4000, kPeer), 0U);
  EXPECT_RULE("8656:12.2#0");
}

TEST(TurnServerChannels, NumbersHaveARange) {
  Relaying t;
  std::uint16_t port = 1;
  for (const int number : {0x0000, 0x3FFF, 0x5000, 0x7FFF, 0xFFFF})
    EXPECT_EQ(t.bind(static_cast<std::uint16_t>(number), kPeer.with_port(port++)), 400U);
  EXPECT_EQ(t.bind(0x4000, kPeer.with_port(port++)), 0U);
  EXPECT_EQ(t.bind(0x4FFF, kPeer.with_port(port++)), 0U);
}

TEST(TurnServerChannels, MayGoAsFarAsRfc5766) {
  ServerConfig config = server_config();
  config.channel_max = kChannelMaxRfc5766;
  Relaying t(config);
  EXPECT_EQ(t.bind(0x8000, kPeer), 400U);
  EXPECT_EQ(t.bind(0x7FFF, kPeer), 0U);
  EXPECT_EQ(text_of(t.from_client(channel_data(0x7FFF, as_bytes("far"))).at(0).bytes), "far");
  EXPECT_EQ(t.from_peer(t.relayed, as_bytes("back")).at(0).bytes,
            channel_data(0x7FFF, as_bytes("back")));
}

TEST(TurnServerChannels, NeedNumberAndPeerOfTheRightFamily) {
  Relaying t;
  EXPECT_EQ(t.code(Method::kChannelBind,
                   [](MessageBuilder& builder) { builder.add(ChannelNumber{0x4000}); }),
            400U);
  EXPECT_EQ(t.code(Method::kChannelBind,
                   [](MessageBuilder& builder) { builder.add(XorPeerAddress{kPeer}); }),
            400U);
  EXPECT_EQ(t.bind(0x4000, kPeerV6), 443U);
  EXPECT_RULE("8656:12.2#1");
}

TEST(TurnServerChannels, AreLimitedInNumber) {
  Relaying t;
  unsigned refused = 0;
  for (std::uint16_t i = 0; i < kChannelsMax + 5; ++i)
    refused += t.bind(static_cast<std::uint16_t>(0x4000 + i),
                      kPeer.with_port(static_cast<std::uint16_t>(1000 + i))) == 508U
                   ? 1
                   : 0;
  EXPECT_EQ(refused, 5U);
}

TEST(TurnServerChannels, OddDataGoesNowhere) {
  Relaying t;
  ASSERT_EQ(t.bind(0x4000, kPeer), 0U);
  ByteVector cut = channel_data(0x4000, as_bytes("hello"));
  cut.pop_back();
  EXPECT_TRUE(t.from_client(cut).empty());
  EXPECT_TRUE(t.from_client(Bytes{cut}.first(3)).empty());
  EXPECT_TRUE(t.from_client(channel_data(0x4001, as_bytes("unbound"))).empty());
  EXPECT_TRUE(t.from_client(channel_data(0x4000, as_bytes("x")), kOtherClient).empty());
  EXPECT_TRUE(t.from_client(ByteVector{0x50, 0, 0, 0}).empty());
  EXPECT_RULE("8656:12.6#0");
  EXPECT_RULE("8656:12#1");
}

TEST(TurnServerBandwidth, AnAllocationHasALimitInEachDirection) {
  ServerConfig config = server_config();
  config.bytes_per_second = 1000;
  Relaying t(config);
  const std::string text(400, 'x');
  const auto out = [&] { return t.from_client(send_indication(kPeer, as_bytes(text))).size(); };
  const auto in = [&] { return t.from_peer(t.relayed, as_bytes(text)).size(); };
  EXPECT_EQ(out() + out() + out(), 2U);
  EXPECT_EQ(in() + in() + in(), 2U);
  EXPECT_RULE("8656:5#12");
  t.wait(200ms);
  EXPECT_EQ(out() + out(), 1U);
  t.wait(30s);
  EXPECT_EQ(out() + out() + out(), 2U);
}

TEST(TurnServerBandwidth, AUsersAllocationsShareALimit) {
  ServerConfig config = server_config();
  config.bytes_per_second_of_user = 1000;
  Relaying t(config);
  t.allocate(kOtherClient);
  t.permit(kPeer, kOtherClient);
  const std::string text(600, 'x');
  EXPECT_EQ(t.from_client(send_indication(kPeer, as_bytes(text))).size(), 1U);
  EXPECT_EQ(t.from_client(send_indication(kPeer, as_bytes(text)), kOtherClient).size(), 0U);
}

TEST(TurnServerIcmp, ErrorsReachTheClientWhosePeerItIs) {
  Relaying t;
  const auto report = [&](const Address& peer, std::uint8_t type, std::uint8_t code) {
    t.server.on_icmp(
        t.now, {.relayed = t.relayed, .peer = peer, .type = type, .code = code, .data = 1280});
    return t.poll();
  };
  const auto sent = report(kPeer, 3, 4);
  ASSERT_EQ(sent.size(), 1U);
  const auto message = MessageView::parse(sent[0].bytes);
  EXPECT_TRUE(message->is(Class::kIndication, Method::kData));
  EXPECT_EQ(get<XorPeerAddress>(*message)->address, kPeer);
  EXPECT_EQ(*get<Icmp>(*message), (Icmp{3, 4, 1280}));
  EXPECT_RULE("8656:11.5#1");
  EXPECT_RULE("8656:11.5#2");
  EXPECT_EQ(get<Icmp>(*MessageView::parse(report(kPeer, 3, 3).at(0).bytes))->error_data, 0U);
  EXPECT_RULE("8656:18.13#2");
  EXPECT_EQ(report(kPeer, 11, 0).size(), 1U);
  EXPECT_TRUE(report(kPeer, 8, 0).empty());
  EXPECT_TRUE(report(*parse_address("203.0.113.66:1"), 3, 3).empty());
  EXPECT_RULE("8656:11.5#0");
}

TEST(TurnServerForward, CopiesNothing) {
  Relaying t;
  ASSERT_EQ(t.bind(0x4000, kPeer), 0U);
  ByteVector up = channel_data(0x4000, as_bytes("hello"));
  const auto out = t.server.forward(t.now, {kClient, up});
  ASSERT_TRUE(out);
  EXPECT_EQ(out->body.data(), up.data() + 4);
  EXPECT_EQ(out->head().size(), 0U);
  ByteVector down(1400, 7);
  const auto in = t.server.forward(t.now, {
                                              {Transport::kUdp, t.relayed, kPeer},
                                              down
  });
  ASSERT_TRUE(in);
  EXPECT_EQ(in->body.data(), down.data());
  EXPECT_EQ(in->head().size(), 4U);
  EXPECT_EQ(in->path, kClient);
  EXPECT_FALSE(t.server.forward(t.now, {kOtherClient, up}));
}

TEST(TurnServerForward, DatagramsAsLargeAsTheyGet) {
  Relaying t;
  ByteVector large(65'507, 7);
  const auto in = t.server.forward(t.now, {
                                              {Transport::kUdp, t.relayed, kPeer},
                                              large
  });
  ASSERT_TRUE(in);
  EXPECT_EQ(in->size(), 36U + 65'507U + 1U);
  EXPECT_TRUE(t.from_peer(t.relayed, large).empty());  // more than a packet buffer holds
  large.push_back(7);
  EXPECT_TRUE(t.from_peer(t.relayed, large).empty());
  EXPECT_RULE("8656:11.3#0");
}

}  // namespace
}  // namespace glass::stun::turn
