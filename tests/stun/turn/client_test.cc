#include "stun/turn/client.h"

#include <gtest/gtest.h>

#include "base/node.h"
#include "tests/stun/turn/fixture.h"

namespace glass::stun::turn {
namespace {

using namespace test;

static_assert(Node<Client>);
static_assert(Node<Server>);

std::string text_of(const ByteVector& bytes) { return std::string(as_text(bytes)); }

TEST(TurnClient, AllocatesAfterOneChallenge) {
  PairFixture t;

  t.allocate();

  const auto* made = t.last<Allocated>();
  ASSERT_NE(made, nullptr);
  EXPECT_TRUE(made->relayed.same_ip(kRelayV4));
  EXPECT_GE(made->relayed.port, 49152);
  EXPECT_EQ(made->mapped, kClient.remote);
  EXPECT_EQ(made->lifetime, 600s);
  EXPECT_EQ(t.requests(Method::kAllocate), 2U);
  EXPECT_TRUE(t.client.is_allocated());
  EXPECT_TRUE(t.side.ports.is_open.contains(made->relayed));
  EXPECT_RULE("8656:7.1#0");
  EXPECT_RULE("8656:7.1#4");
  EXPECT_RULE("8656:7.3#0");
  EXPECT_RULE("8656:7.3#1");
  EXPECT_RULE("8656:6#3");
  EXPECT_RULE("8656:7.2#2");
  EXPECT_RULE("8656:7.2#3");
  EXPECT_RULE("8656:5#1");
  EXPECT_RULE("8656:5#4");
}

TEST(TurnClient, DataGoesThroughThePermission) {
  PairFixture t;
  t.allocate();
  EXPECT_FALSE(t.send(kPeer, "too early"));
  EXPECT_RULE("8656:11.1#1");

  t.client.permit(t.side.now, kPeer);
  t.settle();
  ASSERT_EQ(t.count<Permitted>(), 1U);
  EXPECT_TRUE(t.send(kPeer, "hello"));
  t.peer_sends(kPeer, "and back");

  ASSERT_EQ(t.to_peers.size(), 1U);
  EXPECT_EQ(t.to_peers[0].path, (Path{Transport::kUdp, *t.client.relayed(), kPeer}));
  EXPECT_EQ(text_of(t.to_peers[0].bytes), "hello");
  ASSERT_EQ(t.received.size(), 1U);
  EXPECT_EQ(t.received[0].first, kPeer);
  EXPECT_EQ(text_of(t.received[0].second), "and back");
  EXPECT_RULE("8656:10.1#1");
  EXPECT_RULE("8656:10.3#0");
  EXPECT_RULE("8656:11.1#2");
  EXPECT_RULE("8656:11.2#0");
  EXPECT_RULE("8656:11.3#1");
}

TEST(TurnClient, AChannelCostsFourBytes) {
  PairFixture t;
  t.allocate();

  t.client.bind_channel(t.side.now, kPeer);
  t.settle();
  ASSERT_EQ(t.count<ChannelBound>(), 1U);
  EXPECT_TRUE(t.client.is_permitted(t.side.now, kPeer));
  EXPECT_TRUE(t.send(kPeer, "hello"));
  t.peer_sends(kPeer, "and back");

  EXPECT_EQ(t.sent.back().bytes, channel_data(kChannelMin, as_bytes("hello")));
  EXPECT_EQ(text_of(t.to_peers.at(0).bytes), "hello");
  EXPECT_EQ(text_of(t.received.at(0).second), "and back");
  EXPECT_RULE("8656:12#2");
  EXPECT_RULE("8656:12.3#0");
  EXPECT_RULE("8656:12.5#1");
  EXPECT_RULE("8656:12.6#2");
}

TEST(TurnClient, WishesWaitForTheAllocation) {
  PairFixture t;
  t.client.permit(t.side.now, kPeer);
  t.client.bind_channel(t.side.now, kPeer.with_port(8000));
  t.client.permit(t.side.now, kPeerV6);

  t.allocate();

  EXPECT_EQ(t.count<Permitted>(), 1U);
  EXPECT_EQ(t.count<ChannelBound>(), 1U);
  ASSERT_EQ(t.count<Refused>(), 1U);
  EXPECT_EQ(t.last<Refused>()->code, 443U);
}

TEST(TurnClient, EveryPortOfAPeerHearsOfItsOnePermission) {
  PairFixture t;
  t.allocate();

  for (std::uint16_t port = 1; port <= 5; ++port)
    t.client.permit(t.side.now, kPeer.with_port(port));
  t.settle();

  EXPECT_EQ(t.count<Permitted>(), 5U);
  EXPECT_EQ(t.requests(Method::kCreatePermission), 1U);
}

TEST(TurnClient, PeersOfAnotherFamilyAreNotAskedFor) {
  PairFixture t;
  t.allocate();

  t.client.permit(t.side.now, kPeerV6);
  t.client.bind_channel(t.side.now, kPeerV6);
  t.settle();

  EXPECT_EQ(t.count<Refused>(), 2U);
  EXPECT_EQ(t.requests(Method::kCreatePermission), 0U);
  EXPECT_RULE("8656:10.1#3");
  EXPECT_RULE("8656:12.1#1");
}

TEST(TurnClient, KeepsAllocationPermissionAndChannelAlive) {
  PairFixture t;
  t.allocate();
  t.client.bind_channel(t.side.now, kPeer);
  t.settle();
  const auto asked = [&](Method method, Duration at) {
    t.sent.clear();
    t.run_until(Instant{} + at);
    return t.requests(method);
  };

  EXPECT_EQ(asked(Method::kCreatePermission, 240s - 1ns), 0U);
  EXPECT_EQ(asked(Method::kCreatePermission, 240s), 1U);
  EXPECT_EQ(asked(Method::kRefresh, 540s - 1ns), 0U);
  EXPECT_EQ(asked(Method::kRefresh, 540s), 1U);
  EXPECT_RULE("8656:8#1");
  EXPECT_RULE("8656:8.1#1");

  t.run_until(Instant{} + 3h);
  EXPECT_TRUE(t.client.is_allocated());
  EXPECT_TRUE(t.client.has_channel(t.side.now, kPeer));
  EXPECT_EQ(t.count<Lost>(), 0U);
  EXPECT_EQ(t.count<ChannelBound>(), 1U);
  EXPECT_TRUE(t.send(kPeer, "still there"));
  EXPECT_EQ(t.to_peers.size(), 1U);
}

TEST(TurnClient, APeerThatIsForgottenRunsOut) {
  PairFixture t;
  t.allocate();
  t.client.bind_channel(t.side.now, kPeer);
  t.settle();

  t.client.forget(kPeer);
  t.run_until(Instant{} + 300s - 1ns);
  EXPECT_TRUE(t.client.is_permitted(t.side.now, kPeer));
  t.run_until(Instant{} + 300s);
  EXPECT_FALSE(t.client.is_permitted(t.side.now, kPeer));
}

TEST(TurnClient, AChannelNumberRestsForFiveMinutes) {
  PairFixture t;
  t.allocate();
  t.client.bind_channel(t.side.now, kPeer);
  t.settle();
  t.client.forget(kPeer);

  t.run_until(Instant{} + 900s - 1ns);
  t.client.bind_channel(t.side.now, kPeer.with_port(1));
  t.settle();
  EXPECT_TRUE(t.send(kPeer.with_port(1), "x"));
  EXPECT_EQ(t.sent.back().bytes[1], 0x01);  // 0x4001: 0x4000 rests
  EXPECT_RULE("8656:12#3");
  t.run_until(Instant{} + 900s);
  t.client.bind_channel(t.side.now, kPeer.with_port(2));
  t.settle();
  EXPECT_TRUE(t.send(kPeer.with_port(2), "x"));
  EXPECT_EQ(t.sent.back().bytes[1], 0x00);
}

TEST(TurnClient, ClosingGivesTheAddressBack) {
  PairFixture t;
  t.allocate();

  t.client.close(t.side.now);
  t.settle();

  EXPECT_EQ(t.count<Released>(), 1U);
  EXPECT_EQ(t.side.server.allocations(), 0U);
  EXPECT_TRUE(t.side.ports.is_open.empty());
  EXPECT_FALSE(t.client.relayed());
  EXPECT_EQ(t.client.next_time(), kNever);
  EXPECT_RULE("8656:8#2");
  EXPECT_RULE("8656:8.3#0");
  t.allocate();
  EXPECT_EQ(t.count<Allocated>(), 2U);
}

TEST(TurnClient, AServerThatHasForgottenUsEndsIt) {
  PairFixture t;
  t.allocate();
  t.client.permit(t.side.now, kPeer);
  t.settle();
  ServerFixture restarted;
  std::swap(t.side.server, restarted.server);

  t.run_until(Instant{} + 240s);

  ASSERT_EQ(t.count<Lost>(), 1U);
  EXPECT_FALSE(t.client.is_allocated());
  EXPECT_RULE("8656:5#6");
  EXPECT_RULE("8656:5#7");
  std::swap(t.side.server, restarted.server);
}

TEST(TurnClient, AServerThatIsSilentEndsIt) {
  PairFixture t;
  t.allocate();
  t.server_is_deaf = true;

  t.run_until(Instant{} + 540s + 39500ms - 1ns);
  EXPECT_TRUE(t.client.is_allocated());
  t.run_until(Instant{} + 540s + 39500ms);

  EXPECT_EQ(t.count<Lost>(), 1U);
}

TEST(TurnClient, NoAnswerIsAFailure) {
  PairFixture t;
  t.server_is_deaf = true;
  t.client.allocate(t.side.now);

  t.run_until(Instant{} + 39500ms);

  ASSERT_EQ(t.count<AllocationFailed>(), 1U);
  EXPECT_EQ(t.last<AllocationFailed>()->code, 0U);
  EXPECT_RULE("8656:7.4#1");
  EXPECT_RULE("8656:7.4#0");
}

TEST(TurnClient, WrongPasswordsAreNotTriedForEver) {
  ClientConfig config = PairFixture::client_config();
  config.password = "not hers";
  PairFixture t(config);

  t.allocate();

  ASSERT_EQ(t.count<AllocationFailed>(), 1U);
  EXPECT_EQ(t.last<AllocationFailed>()->code, 401U);
  EXPECT_EQ(t.last<AllocationFailed>()->retry_at, kNever);
  EXPECT_LE(t.requests(Method::kAllocate), 3U);
  EXPECT_RULE("8656:7.4#5");
  t.sent.clear();
  t.allocate();
  EXPECT_TRUE(t.sent.empty());
  EXPECT_EQ(t.count<AllocationFailed>(), 2U);
}

TEST(TurnClient, WaitsAMinuteAfterAFullServer) {
  ServerConfig server = server_config();
  server.allocations_max = 0;
  PairFixture t(PairFixture::client_config(), server);

  t.allocate();
  ASSERT_EQ(t.count<AllocationFailed>(), 1U);
  EXPECT_EQ(t.last<AllocationFailed>()->code, 508U);
  EXPECT_EQ(t.last<AllocationFailed>()->retry_at, Instant{} + 60s);
  t.sent.clear();
  t.run_until(Instant{} + 60s - 1ns);
  t.allocate();
  EXPECT_TRUE(t.sent.empty());
  EXPECT_RULE("8656:7.4#16");
  t.run_until(Instant{} + 60s);
  t.allocate();
  EXPECT_FALSE(t.sent.empty());
}

TEST(TurnClient, WaitsAMinuteAfterItsQuota) {
  ServerConfig server = server_config();
  server.allocations_per_user = 0;
  PairFixture t(PairFixture::client_config(), server);

  t.allocate();
  t.allocate();

  ASSERT_EQ(t.count<AllocationFailed>(), 2U);
  EXPECT_EQ(t.last<AllocationFailed>()->code, 486U);
  EXPECT_RULE("8656:7.4#14");
}

TEST(TurnClient, TellsOfTheServerToTryInstead) {
  ServerConfig server = server_config();
  server.alternate = *parse_address("192.0.2.77:3478");
  PairFixture t(PairFixture::client_config(), server);

  t.allocate();

  ASSERT_EQ(t.count<AllocationFailed>(), 1U);
  EXPECT_EQ(t.last<AllocationFailed>()->code, 300U);
  EXPECT_EQ(t.last<AllocationFailed>()->alternate, server.alternate);
  EXPECT_RULE("8489:14.8#6");
  EXPECT_RULE("8489:14.8#7");
  EXPECT_RULE("8656:7.4#2");
  EXPECT_RULE("8656:7.2#9");
}

// Anybody may have written an answer to a request that proved nothing.
TEST(TurnClient, IsNotSentOnByAnAnswerThatProvesNothing) {
  PairFixture t;
  t.server_is_deaf = true;
  t.allocate();
  ByteVector answer;
  MessageBuilder(Writer(answer), Class::kError, Method::kAllocate,
                 MessageView::parse(t.sent.back().bytes)->transaction())
      .add(ErrorCode{300, ""})
      .add(AlternateServer{*parse_address("192.0.2.77:3478")});

  t.to_client({kClient, answer});
  t.settle();

  ASSERT_EQ(t.count<AllocationFailed>(), 1U);
  EXPECT_EQ(t.last<AllocationFailed>()->code, 300U);
  EXPECT_FALSE(t.last<AllocationFailed>()->alternate);
  EXPECT_RULE("8489:14.8#7");
}

TEST(TurnClient, GivesUpDontFragmentWhereItIsUnknown) {
  ClientConfig config = PairFixture::client_config();
  config.dont_fragment = true;
  PairFixture t(config);

  t.allocate();

  EXPECT_EQ(t.count<Allocated>(), 1U);
  EXPECT_RULE("8656:7.1#12");
  EXPECT_RULE("8656:7.4#7");
  EXPECT_RULE("8656:3.7#3");
}

TEST(TurnClient, DontFragmentReachesTheDriver) {
  ClientConfig config = PairFixture::client_config();
  config.dont_fragment = true;
  ServerConfig server = server_config();
  server.dont_fragment = true;
  PairFixture t(config, server);
  t.allocate();
  t.client.permit(t.side.now, kPeer);
  t.settle();

  EXPECT_TRUE(t.send(kPeer, "whole"));

  ASSERT_EQ(t.to_peers.size(), 1U);
  EXPECT_TRUE(t.to_peers[0].dont_fragment);
  EXPECT_RULE("8656:11.1#3");
}

TEST(TurnClient, AsksForIpv6Alone) {
  ClientConfig config = PairFixture::client_config();
  config.v6 = true;
  PairFixture t(config);
  t.allocate();
  ASSERT_EQ(t.count<Allocated>(), 1U);
  EXPECT_TRUE(t.last<Allocated>()->relayed.same_ip(kRelayV6));
  t.client.permit(t.side.now, kPeerV6);
  t.settle();
  EXPECT_TRUE(t.send(kPeerV6, "six"));
  t.peer_sends(kPeerV6, "six too");
  EXPECT_EQ(t.to_peers.at(0).path.remote, kPeerV6);
  EXPECT_EQ(t.received.at(0).first, kPeerV6);
  EXPECT_RULE("8656:7.1#5");
}

TEST(TurnClient, GetsOneAddressOfEachFamily) {
  ClientConfig config = PairFixture::client_config();
  config.dual = true;
  config.v6 = true;
  config.reserve_next = true;
  PairFixture t(config);
  t.allocate();
  ASSERT_EQ(t.count<Allocated>(), 1U);
  EXPECT_TRUE(t.last<Allocated>()->relayed.is_v4());
  ASSERT_TRUE(t.last<Allocated>()->relayed_v6);
  t.client.permit(t.side.now, kPeer);
  t.client.permit(t.side.now, kPeerV6);
  t.settle();
  EXPECT_EQ(t.count<Permitted>(), 2U);
  EXPECT_RULE("8656:7.1#7");
  EXPECT_RULE("8656:7.1#8");
  EXPECT_RULE("8656:7.1#10");
}

TEST(TurnClient, ADualAllocationMayBeHalf) {
  ClientConfig config = PairFixture::client_config();
  config.dual = true;
  ServerConfig server = server_config();
  server.relay_v6.reset();
  PairFixture t(config, server);

  t.allocate();

  ASSERT_EQ(t.count<Allocated>(), 1U);
  EXPECT_EQ(t.last<Allocated>()->second_code, 440U);
  EXPECT_FALSE(t.last<Allocated>()->relayed_v6);
  EXPECT_RULE("8656:7.3#3");
}

TEST(TurnClient, ADualAllocationMayBeHalfForWantOfPorts) {
  ClientConfig config = PairFixture::client_config();
  config.dual = true;
  PairFixture t(config);
  t.side.ports.refuse_all = true;
  t.allocate();
  EXPECT_EQ(t.last<AllocationFailed>()->code, 508U);
}

TEST(TurnClient, RedeemsAReservedPort) {
  ClientConfig config = PairFixture::client_config();
  config.reserve_next = true;
  PairFixture t(config);
  t.allocate();
  const auto* made = t.last<Allocated>();
  ASSERT_NE(made, nullptr);
  ASSERT_TRUE(made->token);
  EXPECT_EQ(made->relayed.port % 2, 0);

  ClientConfig second = PairFixture::client_config();
  second.path = seen_from_client(kOtherClient);
  second.reservation = made->token;
  second.v6 = second.dual = second.even_port = true;  // none of which goes with a token
  Client other(second, t.random, glass::test::test_trace(Layer::kTurn));
  std::swap(t.client, other);
  t.allocate();

  EXPECT_EQ(t.last<Allocated>()->relayed.port,
            *other.relayed() == Address{} ? 0 : other.relayed()->port + 1);
  EXPECT_RULE("8656:7.1#6");
  EXPECT_RULE("8656:7.1#9");
  EXPECT_RULE("8656:7.1#14");
  EXPECT_RULE("8656:7.2#10");
}

TEST(TurnClient, AsksForTheLifetimeItWants) {
  ClientConfig config = PairFixture::client_config();
  config.lifetime = 1800s;
  config.software = "glass test";
  PairFixture t(config);
  t.allocate();
  EXPECT_EQ(t.last<Allocated>()->lifetime, 1800s);
  EXPECT_RULE("8656:7.1#11");
  EXPECT_RULE("8656:5#8");
  t.sent.clear();
  t.run_until(Instant{} + 1740s - 1ns);
  EXPECT_EQ(t.requests(Method::kRefresh), 0U);
  t.run_until(Instant{} + 1740s);
  EXPECT_GE(t.requests(Method::kRefresh), 1U);
}

TEST(TurnClient, TcpPadsChannelData) {
  ClientConfig config = PairFixture::client_config();
  config.path = seen_from_client(kTcpClient);
  PairFixture t(config);
  t.allocate();
  t.client.bind_channel(t.side.now, kPeer);
  t.settle();

  EXPECT_TRUE(t.send(kPeer, "hello"));
  t.peer_sends(kPeer, "hello");

  EXPECT_EQ(t.sent.back().bytes.size(), 12U);
  EXPECT_EQ(text_of(t.to_peers.at(0).bytes), "hello");
  EXPECT_EQ(text_of(t.received.at(0).second), "hello");
  EXPECT_RULE("8656:12.5#2");
}

TEST(TurnClient, AClosedConnectionEndsTheAllocation) {
  ClientConfig config = PairFixture::client_config();
  config.path = seen_from_client(kTcpClient);
  PairFixture t(config);
  t.allocate();

  t.client.on_unreachable(t.side.now, config.path);
  t.settle();

  EXPECT_EQ(t.count<Lost>(), 1U);
}

TEST(TurnClient, ForbiddenPeersAreRefused) {
  PairFixture t;
  t.allocate();
  t.client.permit(t.side.now, *parse_address("127.0.0.1:80"));
  t.client.bind_channel(t.side.now, *parse_address("10.0.0.1:80"));
  t.settle();
  EXPECT_EQ(t.count<Refused>(), 2U);
  EXPECT_EQ(t.last<Refused>()->code, 403U);
  EXPECT_TRUE(t.client.is_allocated());
}

TEST(TurnClient, StartsAfreshWhenTheChannelsAreOutOfStep) {
  PairFixture t;
  t.allocate();
  ASSERT_EQ(t.side.permit(kPeer), 0U);
  ASSERT_EQ(t.side.bind(kChannelMin, kPeer.with_port(1)), 0U);

  t.client.bind_channel(t.side.now, kPeer);
  t.settle();

  EXPECT_EQ(t.count<Lost>(), 1U);
  EXPECT_EQ(t.side.server.allocations(), 0U);
  EXPECT_RULE("8656:12.3#1");
}

TEST(TurnClient, HearsOfNetworkErrorsAboutItsPeers) {
  PairFixture t;
  t.allocate();
  t.client.permit(t.side.now, kPeer);
  t.settle();

  t.side.server.on_icmp(
      t.side.now,
      {.relayed = *t.client.relayed(), .peer = kPeer, .type = 3, .code = 4, .data = 1280});
  t.settle();

  ASSERT_EQ(t.count<PeerError>(), 1U);
  EXPECT_EQ(t.last<PeerError>()->icmp_type, 3);
  EXPECT_EQ(t.last<PeerError>()->data, 1280U);
  EXPECT_RULE("8656:11.6#0");
  EXPECT_RULE("8656:11.5#2");
}

TEST(TurnClient, ChannelDataMayComeBeforeTheAnswer) {
  PairFixture t;
  t.allocate();
  t.client.bind_channel(t.side.now, kPeer);
  ByteVector early = channel_data(kChannelMin, as_bytes("early"));

  const auto data = t.client.unwrap(t.side.now, {seen_from_client(kClient), early});

  ASSERT_TRUE(data);
  EXPECT_EQ(data->peer, kPeer);
  EXPECT_RULE("8656:12#4");
}

// What strangers may try on a client.
struct Hostile : PairFixture {
  Hostile() {
    allocate();
    client.permit(side.now, kPeer);
    settle();
    forget_rules();
  }
  static void forget_rules() { glass::test::forget_rules(); }
  bool passes(ByteVector bytes, const Path& path = seen_from_client(kClient)) {
    if (client.unwrap(side.now, {path, bytes})) return true;
    client.receive(side.now, {path, bytes});
    settle();
    return false;
  }
};

TEST(TurnClient, IgnoresChannelDataOfChannelsThatAreNotBound) {
  Hostile t;
  EXPECT_FALSE(t.passes(channel_data(0x4001, as_bytes("x"))));
  EXPECT_RULE("8656:12.6#0");
}

TEST(TurnClient, IgnoresChannelDataThatIsCutShort) {
  Hostile t;
  ByteVector cut = channel_data(0x4000, as_bytes("four"));
  cut.pop_back();
  EXPECT_FALSE(t.passes(cut));
  EXPECT_FALSE(t.passes({0x40}));
  EXPECT_RULE("8656:12.6#0");
}

TEST(TurnClient, IgnoresWhatIsNeitherStunNorChannelData) {
  Hostile t;
  for (const std::uint8_t first : std::initializer_list<std::uint8_t>{4, 20, 63, 80, 128, 255})
    EXPECT_FALSE(t.passes({first, 0, 0, 4, 1, 2, 3, 4}));
  EXPECT_FALSE(t.passes({}));
  EXPECT_RULE("8656:12#1");
}

TEST(TurnClient, IgnoresDataOfPeersItHasNotPermitted) {
  Hostile t;
  ByteVector data;
  MessageBuilder(Writer(data), Class::kIndication, Method::kData, TransactionId{})
      .add(XorPeerAddress{*parse_address("203.0.113.66:1")})
      .add(Data{as_bytes("x")});
  EXPECT_FALSE(t.passes(data));
  EXPECT_RULE("8656:11.4#1");
  ByteVector icmp;
  MessageBuilder(Writer(icmp), Class::kIndication, Method::kData, TransactionId{})
      .add(XorPeerAddress{*parse_address("203.0.113.66:1")})
      .add(Icmp{3, 3, 0});
  EXPECT_FALSE(t.passes(icmp));
  EXPECT_RULE("8656:11.6#1");
  EXPECT_EQ(t.count<PeerError>(), 0U);
}

TEST(TurnClient, IgnoresDataWithoutPeerOrData) {
  Hostile t;
  ByteVector no_peer;
  MessageBuilder(Writer(no_peer), Class::kIndication, Method::kData, TransactionId{})
      .add(Data{as_bytes("x")});
  EXPECT_FALSE(t.passes(no_peer));
  ByteVector no_data;
  MessageBuilder(Writer(no_data), Class::kIndication, Method::kData, TransactionId{})
      .add(XorPeerAddress{kPeer});
  EXPECT_FALSE(t.passes(no_data));
  EXPECT_RULE("8656:11.4#0");
}

TEST(TurnClient, IgnoresChannelDataOfPeersWhosePermissionHasGone) {
  Hostile t;
  t.client.bind_channel(t.side.now, kPeer);
  t.settle();
  t.server_is_deaf = true;
  t.run_until(Instant{} + 300s);
  ASSERT_TRUE(t.client.has_channel(t.side.now, kPeer));
  EXPECT_FALSE(t.passes(channel_data(kChannelMin, as_bytes("x"))));
  EXPECT_RULE("8656:12.6#1");
}

TEST(TurnClient, IgnoresDataFromSomebodyElsesAddress) {
  Hostile t;
  ByteVector data;
  MessageBuilder(Writer(data), Class::kIndication, Method::kData, TransactionId{})
      .add(XorPeerAddress{kPeer})
      .add(Data{as_bytes("x")});
  Path path = seen_from_client(kClient);
  path.remote.port = 1;
  EXPECT_FALSE(t.passes(data, path));
  EXPECT_TRUE(t.passes(data));
}

TEST(TurnClient, BelievesNoForgedAnswer) {
  PairFixture t;
  t.allocate();
  t.client.permit(t.side.now, kPeer);
  PacketBuffer out;
  out.clear();
  ASSERT_TRUE(t.client.poll_transmit(t.side.now, out));
  const auto id = parse_header(out.bytes())->transaction;
  for (const unsigned code : {0U, 437U, 403U}) {
    ByteVector forged;
    MessageBuilder builder(Writer(forged), code == 0 ? Class::kSuccess : Class::kError,
                           Method::kCreatePermission, id);
    if (code != 0) builder.add(ErrorCode{code, "no"});
    t.client.receive(t.side.now, {seen_from_client(kClient), forged});
  }
  t.settle();
  EXPECT_EQ(t.count<Permitted>() + t.count<Refused>() + t.count<Lost>(), 0U);
  EXPECT_TRUE(t.client.is_allocated());
}

TEST(TurnClient, HoldsABoundedNumberOfWishes) {
  PairFixture t;
  t.allocate();
  for (std::uint32_t i = 0; i < 2 * Client::kPeersMax; ++i) {
    t.client.permit(t.side.now, Address::v4(0xC6336400 + (i % 256) + (i / 256) * 65536, 1));
    t.client.bind_channel(t.side.now,
                          Address::v4(0xC6336400, static_cast<std::uint16_t>(1000 + i)));
  }
  t.settle();
  EXPECT_GT(t.count<Refused>(), 0U);
  EXPECT_LE(t.client_events.size(), 4 * Client::kPeersMax + 10);
}

// A server that challenges nobody and answers what it likes.
struct Odd {
  Odd() { client.allocate(now); }
  // The transaction of what the client has sent.
  std::optional<TransactionId> request(Method method = Method::kAllocate) {
    PacketBuffer out;
    out.clear();
    if (!client.poll_transmit(now, out)) return std::nullopt;
    const auto header = parse_header(out.bytes());
    return header->method == method ? std::optional(header->transaction) : std::nullopt;
  }
  void answer(Class cls, const TransactionId& id, const ServerFixture::Fill& fill,
              Method method = Method::kAllocate) {
    ByteVector bytes;
    MessageBuilder builder(Writer(bytes), cls, method, id);
    fill(builder);
    client.receive(now, {seen_from_client(kClient), bytes});
  }
  AllocationFailed failed() {
    while (auto event = client.poll_event())
      if (const auto* one = std::get_if<AllocationFailed>(&*event)) return *one;
    return {.code = 999};
  }
  AllocationFailed refused(unsigned code, const ServerFixture::Fill& more = {}) {
    answer(Class::kError, *request(), [&](MessageBuilder& builder) {
      builder.add(ErrorCode{code, ""});
      if (more) more(builder);
    });
    return failed();
  }

  Instant now{};
  SeededRandom random{3};
  Client client{PairFixture::client_config(), random, glass::test::test_trace(Layer::kTurn)};
};

TEST(TurnClient, AnAnswerOfTheWrongFamilyIsGivenBack) {
  Odd t;

  t.answer(Class::kSuccess, *t.request(), [](MessageBuilder& builder) {
    builder.add(XorRelayedAddress{kPeerV6}).add(XorMappedAddress{kPeer}).add(Lifetime{600});
  });

  const auto id = t.request(Method::kRefresh);
  ASSERT_TRUE(id);
  EXPECT_RULE("8656:7.3#2");
  t.answer(
      Class::kSuccess, *id, [](MessageBuilder& builder) { builder.add(Lifetime{0}); },
      Method::kRefresh);
  EXPECT_EQ(t.failed().retry_at, kNever);
}

TEST(TurnClient, KnowsWhenAServerIsWorthAnotherTry) {
  EXPECT_EQ(Odd().refused(400).retry_at, kNever);
  EXPECT_RULE("8656:7.4#3");
  EXPECT_EQ(Odd().refused(403).retry_at, kNever);
  EXPECT_RULE("8656:7.4#6");
  EXPECT_EQ(Odd().refused(405).retry_at, kNever);
  EXPECT_RULE("8016:3.1.4#1");
  EXPECT_EQ(Odd().refused(437).retry_at, Instant{} + 2min);
  EXPECT_RULE("8656:7.4#10");
  EXPECT_EQ(Odd().refused(440).retry_at, kNever);
  EXPECT_RULE("8656:7.4#11");
  EXPECT_EQ(Odd().refused(441).retry_at, kNever);
  EXPECT_RULE("8656:7.4#12");
  EXPECT_EQ(Odd().refused(442).retry_at, kNever);
  EXPECT_RULE("8656:7.4#13");
  EXPECT_EQ(Odd().refused(599).retry_at, Instant{} + 1min);
  EXPECT_RULE("8656:7.4#17");
  EXPECT_EQ(Odd().refused(420).code, 420U);
}

TEST(TurnClient, TheReasonOfARefusalCanBePrinted) {
  Odd t;
  t.answer(Class::kError, *t.request(),
           [](MessageBuilder& builder) { builder.add(ErrorCode{403, "\x1b[31mno"}); });
  EXPECT_EQ(t.failed().text, "\\x1b[31mno");
}

TEST(TurnClient, ADualAllocationWithoutCapacityForTheSecondWaits) {
  ClientConfig config = PairFixture::client_config();
  config.dual = true;
  Odd t;
  t.client = Client(config, t.random, glass::test::test_trace(Layer::kTurn));
  t.client.allocate(t.now);
  t.answer(Class::kSuccess, *t.request(), [](MessageBuilder& builder) {
    builder.add(XorRelayedAddress{kPeer}).add(XorMappedAddress{kPeer}).add(Lifetime{600});
    builder.add(AddressErrorCode{kFamilyV6, 508, "full"});
  });
  EXPECT_TRUE(t.client.is_allocated());
  EXPECT_RULE("8656:7.3#4");
}

}  // namespace
}  // namespace glass::stun::turn
