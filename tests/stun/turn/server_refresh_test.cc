#include <gtest/gtest.h>

#include "stun/turn/server.h"
#include "tests/stun/turn/fixture.h"

namespace glass::stun::turn {
namespace {

using namespace test;

unsigned refresh_code(ServerFixture& t, std::optional<std::uint32_t> lifetime = {},
                      std::optional<std::uint8_t> family = {}, const Path& path = kClient,
                      const std::string& user = "alice") {
  return t.code(
      Method::kRefresh,
      [&](MessageBuilder& builder) {
        if (lifetime) builder.add(Lifetime{*lifetime});
        if (family) builder.add(RequestedAddressFamily{*family});
      },
      path, user);
}

TEST(TurnServerRefresh, StartsTheTimeAnew) {
  ServerFixture t;
  t.allocate();
  t.wait(599s);

  EXPECT_EQ(refresh_code(t), 0U);

  t.wait(600s - 1ns);
  EXPECT_EQ(t.server.allocations(), 1U);
  t.wait(1ns);
  EXPECT_EQ(t.server.allocations(), 0U);
  EXPECT_RULE("8656:8.2#0");
}

TEST(TurnServerRefresh, ALifetimeOfZeroDeletes) {
  ServerFixture t;
  const Address relayed = t.allocate();
  t.permit(kPeer);

  const ByteVector answer =
      t.ask(Method::kRefresh, [](MessageBuilder& builder) { builder.add(Lifetime{0}); });

  EXPECT_EQ(get<Lifetime>(*MessageView::parse(answer))->value, 0U);
  EXPECT_EQ(t.server.allocations(), 0U);
  EXPECT_TRUE(t.ports.is_open.empty());
  EXPECT_TRUE(t.from_peer(relayed, as_bytes("late")).empty());
  EXPECT_EQ(refresh_code(t, 0), 437U);
  EXPECT_EQ(t.server.next_time(), kNever);
}

TEST(TurnServerRefresh, KnowsNoAllocationOfOthers) {
  ServerFixture t;
  EXPECT_EQ(refresh_code(t), 437U);
  EXPECT_EQ(t.permit(kPeer), 437U);
  EXPECT_EQ(t.bind(0x4000, kPeer), 437U);
  EXPECT_RULE("8656:5#6");
  t.allocate();
  EXPECT_EQ(refresh_code(t, {}, {}, kClient, "bob"), 441U);
  EXPECT_RULE("8656:5#5");
}

TEST(TurnServerRefresh, TheFamilyHasToBeOneOfTheAllocation) {
  ServerFixture t;
  t.allocate();
  EXPECT_EQ(refresh_code(t, {}, kFamilyV6), 443U);
  EXPECT_EQ(refresh_code(t, {}, kFamilyV4), 0U);
  EXPECT_RULE("8656:8.2#1");
}

TEST(TurnServerRefresh, DeletingOneFamilyLeavesTheOther) {
  ServerFixture t;
  t.allocate(kClient, "alice",
             [](MessageBuilder& builder) { builder.add(AdditionalAddressFamily{kFamilyV6}); });
  t.permit(kPeer);
  t.permit(kPeerV6);
  ASSERT_EQ(t.bind(0x4001, kPeerV6), 0U);
  const Address v4 = std::get<AllocationMade>(t.events().at(0)).relayed;

  EXPECT_EQ(refresh_code(t, 0, kFamilyV6), 0U);

  EXPECT_EQ(t.server.allocations(), 1U);
  EXPECT_EQ(t.ports.is_open.size(), 1U);
  EXPECT_EQ(t.permit(kPeerV6), 443U);
  EXPECT_TRUE(t.from_client(channel_data(0x4001, as_bytes("x"))).empty());
  EXPECT_EQ(t.from_peer(v4, as_bytes("x")).size(), 1U);
  EXPECT_RULE("8656:8.1#2");
  EXPECT_EQ(refresh_code(t, 0, kFamilyV4), 0U);
  EXPECT_EQ(t.server.allocations(), 0U);
}

TEST(TurnServerRefresh, EachFamilyHasItsOwnTime) {
  ServerFixture t;
  t.allocate(kClient, "alice",
             [](MessageBuilder& builder) { builder.add(AdditionalAddressFamily{kFamilyV6}); });
  t.wait(300s);
  EXPECT_EQ(refresh_code(t, {}, kFamilyV6), 0U);
  t.wait(300s);
  EXPECT_EQ(t.ports.is_open.size(), 1U);
  EXPECT_FALSE(t.ports.is_open.begin()->first.is_v4());
  t.wait(300s);
  EXPECT_EQ(t.server.allocations(), 0U);
}

TEST(TurnServerRefresh, AMalformedLifetimeChangesNothing) {
  ServerFixture t;
  t.allocate();
  EXPECT_EQ(t.code(Method::kRefresh,
                   [](MessageBuilder& builder) {
                     builder.attribute(AttributeType::kLifetime, Bytes{{0}});
                   }),
            400U);
  EXPECT_EQ(t.server.allocations(), 1U);
}

// RFC 8016.
struct Mobile : ServerFixture {
  explicit Mobile(const ServerConfig& config = server_config()) : ServerFixture(config) {
    const ByteVector answer = ask(Method::kAllocate, [](MessageBuilder& builder) {
      builder.add(RequestedTransport{kProtocolUdp}).add(MobilityTicket{});
    });
    const auto message = MessageView::parse(answer);
    if (!message) return;
    if (const auto found = get<MobilityTicket>(*message)) ticket = copy(found->bytes);
    if (const auto found = get<XorRelayedAddress>(*message)) relayed = found->address;
    permit(kPeer);
    bind(0x4000, kPeer);
  }
  static ByteVector copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }
  unsigned move(const Path& path, const ByteVector& with, const std::string& user = "alice") {
    const ByteVector answer = ask(
        Method::kRefresh, [&](MessageBuilder& builder) { builder.add(MobilityTicket{with}); }, path,
        user);
    const auto message = MessageView::parse(answer);
    if (const auto error = get<ErrorCode>(*message)) return error->code;
    if (const auto found = get<MobilityTicket>(*message)) next_ticket = copy(found->bytes);
    return 0;
  }
  Path reached() {
    const auto sent = from_peer(relayed, as_bytes("x"));
    return sent.empty() ? Path{} : sent[0].path;
  }
  ByteVector ticket;
  ByteVector next_ticket;
  Address relayed;
};

TEST(TurnServerMobility, ATicketTakesTheAllocationAlong) {
  Mobile t;
  ASSERT_EQ(t.ticket.size(), 32U);

  EXPECT_EQ(t.move(kOtherClient, t.ticket), 0U);

  EXPECT_NE(t.next_ticket, t.ticket);
  EXPECT_EQ(t.server.allocations(), 1U);
  EXPECT_EQ(t.reached(), kClient);  // until the new place has been used
  EXPECT_EQ(t.from_client(channel_data(0x4000, as_bytes("old"))).size(), 1U);
  EXPECT_EQ(t.from_client(channel_data(0x4000, as_bytes("new")), kOtherClient).size(), 1U);
  EXPECT_EQ(t.reached(), kOtherClient);
  EXPECT_TRUE(t.from_client(channel_data(0x4000, as_bytes("old"))).empty());
  EXPECT_RULE("8016:3.2.2#4");
  EXPECT_RULE("8016:3.2.2#5");
  EXPECT_RULE("8016:5#1");
  EXPECT_RULE("8016:5#2");
  EXPECT_RULE("8016:5#3");
}

TEST(TurnServerMobility, TheOldTicketServesRetransmissionsForAWhile) {
  Mobile t;
  ASSERT_EQ(t.move(kOtherClient, t.ticket), 0U);
  const ByteVector second = t.next_ticket;

  EXPECT_EQ(t.move(kOtherClient, t.ticket), 0U);
  EXPECT_EQ(t.next_ticket, second);
  Path third = kOtherClient;
  third.remote.port = 9;
  EXPECT_EQ(t.move(third, t.ticket), 400U);
  EXPECT_RULE("8016:3.2.2#6");
  EXPECT_EQ(t.move(third, second), 0U);
  t.wait(30s);
  EXPECT_EQ(t.move(third, second), 400U);
}

TEST(TurnServerMobility, RefusesTicketsThatProveNothing) {
  Mobile t;
  ByteVector forged = t.ticket;
  forged.back() ^= 1;
  EXPECT_EQ(t.move(kOtherClient, forged), 400U);
  EXPECT_EQ(t.move(kOtherClient, {}), 400U);
  EXPECT_RULE("8016:3.2.2#2");
  EXPECT_EQ(t.move(kOtherClient, t.ticket, "bob"), 441U);
  EXPECT_RULE("8016:3.2.2#3");
  EXPECT_EQ(t.move(kClient, t.ticket), 400U);
  EXPECT_RULE("8016:3.2.1#1");
  t.wait(600s);
  EXPECT_EQ(t.move(kOtherClient, t.ticket), 437U);
  EXPECT_RULE("8016:3.2.2#1");
}

TEST(TurnServerMobility, MayComeHomeBeforeTheNewPlaceWasUsed) {
  Mobile t;
  ASSERT_EQ(t.move(kOtherClient, t.ticket), 0U);
  EXPECT_EQ(t.move(kClient, t.next_ticket), 0U);
  EXPECT_EQ(t.from_client(channel_data(0x4000, as_bytes("home"))).size(), 1U);
  EXPECT_EQ(t.reached(), kClient);
  EXPECT_EQ(t.server.allocations(), 1U);
}

TEST(TurnServerMobility, TheNewPlaceMustBeFree) {
  Mobile t;
  t.allocate(kOtherClient);
  EXPECT_EQ(t.move(kOtherClient, t.ticket), 437U);
}

TEST(TurnServerMobility, MayBeForbidden) {
  ServerConfig config = server_config();
  config.mobility = false;
  Mobile t(config);
  EXPECT_TRUE(t.ticket.empty());
  EXPECT_EQ(t.server.allocations(), 0U);
  EXPECT_EQ(t.move(kOtherClient, ByteVector(32)), 405U);
  EXPECT_RULE("8016:3.2.2#0");
}

TEST(TurnServerMobility, ATicketOutlivesItsConnection) {
  ServerFixture t;
  const auto allocate = [&](bool mobile) {
    t.allocate(kTcpClient, "alice", [&](MessageBuilder& builder) {
      if (mobile) builder.add(MobilityTicket{});
    });
    t.server.on_closed(t.now, kTcpClient);
    return t.server.allocations();
  };
  EXPECT_EQ(allocate(false), 0U);
  EXPECT_EQ(allocate(true), 1U);
}

TEST(TurnServerMobility, AClientMovesAndKeepsItsAddress) {
  ClientConfig config = PairFixture::client_config();
  config.mobility = true;
  PairFixture t(config);
  t.allocate();
  t.client.bind_channel(t.side.now, kPeer);
  t.settle();
  const auto relayed = t.client.relayed();

  t.client.move(t.side.now, t.client.path());  // no move at all
  EXPECT_RULE("8016:3.2.1#1");
  t.client.move(t.side.now, seen_from_client(kOtherClient));
  t.settle();

  ASSERT_EQ(t.count<Moved>(), 1U);
  EXPECT_EQ(t.client.relayed(), relayed);
  EXPECT_TRUE(t.send(kPeer, "from the new place"));
  EXPECT_EQ(t.sent.back().path, seen_from_client(kOtherClient));
  EXPECT_EQ(t.to_peers.size(), 1U);
  t.peer_sends(kPeer, "to the new place");
  EXPECT_EQ(t.received.size(), 1U);
  EXPECT_RULE("8016:3.1.3#0");
  EXPECT_RULE("8016:3.2.2#8");
}

TEST(TurnServerMobility, WithoutATicketAMoveLosesTheAllocation) {
  PairFixture t;
  t.allocate();
  t.client.move(t.side.now, seen_from_client(kOtherClient));
  t.settle();
  EXPECT_EQ(t.count<Lost>(), 1U);
}

}  // namespace
}  // namespace glass::stun::turn
