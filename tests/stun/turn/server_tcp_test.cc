// RFC 6062.
#include <gtest/gtest.h>

#include "stun/turn/server.h"
#include "tests/stun/turn/fixture.h"

namespace glass::stun::turn {
namespace {

using namespace test;

const Path kDataClient{Transport::kTcp, kServer, *parse_address("198.51.100.7:6001")};

ServerConfig tcp_config() {
  ServerConfig config = server_config();
  config.tcp = true;
  return config;
}

struct TcpFixture : ServerFixture {
  TcpFixture() : ServerFixture(tcp_config()) {
    const ByteVector answer = ask(Method::kAllocate, add_tcp, kTcpClient);
    if (const auto message = MessageView::parse(answer))
      if (const auto found = get<XorRelayedAddress>(*message)) relayed = found->address;
    events();
  }
  static void add_tcp(MessageBuilder& builder) { builder.add(RequestedTransport{kProtocolTcp}); }

  // Sends a Connect request; the events are left to be polled.
  void connect(const Address& peer) {
    const auto add = [&](MessageBuilder& builder) { builder.add(XorPeerAddress{peer}); };
    receive(kTcpClient, build(Method::kConnect, add, kTcpClient, "alice"));
  }
  unsigned answered() {
    const auto sent = poll();
    if (sent.size() != 1) return 999;
    const auto error = get<ErrorCode>(*MessageView::parse(sent[0].bytes));
    return error ? error->code : 0;
  }
  std::uint32_t connecting(const Address& peer = kPeer) {
    connect(peer);
    for (const auto& event : events())
      if (const auto* found = std::get_if<ConnectToPeer>(&event)) return found->id;
    return 0;
  }
  unsigned bind_connection(std::uint32_t id, const Path& path = kDataClient,
                           const std::string& user = "alice") {
    return code(
        Method::kConnectionBind, [&](MessageBuilder& builder) { builder.add(ConnectionId{id}); },
        path, user);
  }
  bool has_closed(std::uint32_t id) {
    for (const auto& event : events())
      if (const auto* found = std::get_if<CloseConnection>(&event))
        if (found->id == id) return true;
    return false;
  }
  Address relayed;
};

TEST(TurnServerTcp, AllocatesATcpPort) {
  TcpFixture t;
  EXPECT_EQ(t.ports.is_open.at(t.relayed), Transport::kTcp);
}

TEST(TurnServerTcp, NeedsAConnectionAndNothingOfUdp) {
  ServerFixture t(tcp_config());
  EXPECT_EQ(t.code(Method::kAllocate, TcpFixture::add_tcp), 400U);
  EXPECT_RULE("6062:5.1#4");
  for (const auto& more : std::vector<ServerFixture::Fill>{
           [](MessageBuilder& builder) { builder.add(DontFragment{}); },
           [](MessageBuilder& builder) { builder.add(EvenPort{}); },
           [](MessageBuilder& builder) { builder.add(ReservationToken{1}); }})
    EXPECT_EQ(t.code(
                  Method::kAllocate,
                  [&](MessageBuilder& builder) {
                    TcpFixture::add_tcp(builder);
                    more(builder);
                  },
                  kTcpClient),
              400U);
  EXPECT_RULE("6062:5.1#5");
  EXPECT_NE(t.allocate(kTcpClient), Address{});
  EXPECT_RULE("6062:5.1#2");
}

TEST(TurnServerTcp, RelaysNoDatagrams) {
  TcpFixture t;
  t.permit(kPeer, kTcpClient);
  EXPECT_TRUE(t.from_peer(t.relayed, as_bytes("x")).empty());
  EXPECT_RULE("6062:5.1#6");
  EXPECT_TRUE(t.from_client(send_indication(kPeer, as_bytes("x")), kTcpClient).empty());
  EXPECT_TRUE(t.from_client(channel_data(0x4000, as_bytes("x")), kTcpClient).empty());
  EXPECT_RULE("6062:5.1#0");
}

TEST(TurnServerTcp, ConnectsAndJoins) {
  TcpFixture t;
  t.connect(kPeer);
  const auto events = t.events();
  const auto& wanted = std::get<ConnectToPeer>(events.at(0));
  EXPECT_EQ(wanted.local, t.relayed);
  EXPECT_EQ(wanted.peer, kPeer);
  EXPECT_TRUE(t.poll().empty());
  EXPECT_RULE("6062:5.2#6");
  EXPECT_RULE("6062:5.2#8");
  EXPECT_RULE("6062:5.2#11");

  t.server.on_peer_connected(t.now, wanted.id);
  const auto sent = t.poll();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].path, kTcpClient);
  EXPECT_EQ(get<ConnectionId>(*MessageView::parse(sent[0].bytes))->value, wanted.id);
  EXPECT_RULE("6062:5.2#10");

  EXPECT_EQ(t.bind_connection(wanted.id), 0U);
  const auto joined = t.events();
  ASSERT_EQ(joined.size(), 1U);
  EXPECT_EQ(std::get<JoinConnections>(joined[0]).client, kDataClient);
  EXPECT_RULE("6062:5.4#3");
  EXPECT_RULE("6062:5.4#4");
  t.wait(300s);
  EXPECT_TRUE(t.events().empty());
}

TEST(TurnServerTcp, JoinsBehindTheAnswer) {
  TcpFixture t;
  const std::uint32_t id = t.connecting();
  t.server.on_peer_connected(t.now, id);
  t.poll();
  ASSERT_EQ(t.bind_connection(0x7777), 400U);  // learns the nonce
  const auto add = [&](MessageBuilder& builder) { builder.add(ConnectionId{id}); };
  t.receive(kDataClient, t.build(Method::kConnectionBind, add, kDataClient, "alice"));
  EXPECT_TRUE(t.events().empty());
  EXPECT_EQ(t.answered(), 0U);
  EXPECT_EQ(t.events().size(), 1U);
}

TEST(TurnServerTcp, OneConnectionToAPeer) {
  TcpFixture t;
  const std::uint32_t id = t.connecting();
  t.connect(kPeer);
  EXPECT_EQ(t.answered(), 446U);
  EXPECT_RULE("6062:5.2#2");
  t.server.on_peer_connected(t.now, id);
  t.poll();
  t.connect(kPeer);
  EXPECT_EQ(t.answered(), 446U);
  EXPECT_RULE("6062:5.2#3");
  EXPECT_NE(t.connecting(kPeer.with_port(1)), 0U);
}

TEST(TurnServerTcp, TellsThatAPeerCannotBeReached) {
  TcpFixture t;
  const std::uint32_t id = t.connecting();
  t.server.on_peer_failed(t.now, id);
  EXPECT_EQ(t.answered(), 447U);
  EXPECT_RULE("6062:5.2#7");
  EXPECT_NE(t.connecting(), 0U);
}

TEST(TurnServerTcp, TriesForThirtySeconds) {
  TcpFixture t;
  const std::uint32_t id = t.connecting();
  t.wait(30s - 1ns);
  EXPECT_TRUE(t.poll().empty());
  t.wait(1ns);
  EXPECT_EQ(t.answered(), 447U);
  EXPECT_TRUE(t.has_closed(id));
  t.server.on_peer_connected(t.now, id);  // too late
  EXPECT_TRUE(t.has_closed(id));
}

TEST(TurnServerTcp, RefusesConnectsThatMakeNoSense) {
  TcpFixture t;
  EXPECT_EQ(t.code(Method::kConnect, {}, kTcpClient), 400U);
  EXPECT_RULE("6062:5.2#4");
  t.connect(*parse_address("127.0.0.1:1"));
  EXPECT_EQ(t.answered(), 403U);
  EXPECT_RULE("6062:5.2#5");
  t.connect(kPeerV6);
  EXPECT_EQ(t.answered(), 443U);
  EXPECT_EQ(t.code(
                Method::kConnect,
                [](MessageBuilder& builder) { builder.add(XorPeerAddress{kPeer}); }, kDataClient),
            437U);
  EXPECT_RULE("6062:5.2#1");
}

TEST(TurnServerTcp, ConnectionsOfOneAllocationAreLimited) {
  TcpFixture t;
  for (std::uint16_t port = 1; port <= Server::kConnectionsMax; ++port)
    EXPECT_NE(t.connecting(kPeer.with_port(port)), 0U);
  t.connect(kPeer);
  EXPECT_EQ(t.answered(), 508U);
  EXPECT_RULE("6062:5.2#0");
}

TEST(TurnServerTcp, PeersWithAPermissionMayConnect) {
  TcpFixture t;
  EXPECT_FALSE(t.server.on_peer_accepted(t.now, t.relayed, kPeer));
  EXPECT_RULE("6062:5.3#3");
  t.permit(kPeer, kTcpClient);

  const auto id = t.server.on_peer_accepted(t.now, t.relayed, kPeer);

  ASSERT_TRUE(id);
  const auto sent = t.poll();
  const auto message = MessageView::parse(sent.at(0).bytes);
  EXPECT_TRUE(message->is(Class::kIndication, Method::kConnectionAttempt));
  EXPECT_EQ(get<ConnectionId>(*message)->value, *id);
  EXPECT_EQ(get<XorPeerAddress>(*message)->address, kPeer);
  EXPECT_RULE("6062:5.3#4");
  EXPECT_EQ(t.bind_connection(*id), 0U);
}

TEST(TurnServerTcp, AConnectionThatNobodyTakesIsClosed) {
  TcpFixture t;
  t.permit(kPeer, kTcpClient);
  const auto id = t.server.on_peer_accepted(t.now, t.relayed, kPeer);
  t.wait(30s - 1ns);
  EXPECT_FALSE(t.has_closed(*id));
  t.wait(1ns);
  EXPECT_TRUE(t.has_closed(*id));
  EXPECT_RULE("6062:5.2#12");
  EXPECT_RULE("6062:5.3#5");
}

TEST(TurnServerTcp, OnlyItsOwnerTakesAConnection) {
  TcpFixture t;
  t.permit(kPeer, kTcpClient);
  const auto id = t.server.on_peer_accepted(t.now, t.relayed, kPeer);
  t.poll();
  EXPECT_EQ(t.bind_connection(*id, kDataClient, "bob"), 441U);
  EXPECT_EQ(t.bind_connection(*id, kClient), 400U);
  EXPECT_RULE("6062:5.4#1");
  EXPECT_EQ(t.bind_connection(*id + 1), 400U);
  EXPECT_EQ(t.bind_connection(*id, kTcpClient), 400U);
  EXPECT_RULE("6062:5.4#2");
  EXPECT_EQ(t.bind_connection(*id), 0U);
  EXPECT_EQ(t.bind_connection(*id), 400U);
}

TEST(TurnServerTcp, OneSideClosesTheOther) {
  for (const bool peer_first : {true, false}) {
    TcpFixture t;
    t.permit(kPeer, kTcpClient);
    const auto id = t.server.on_peer_accepted(t.now, t.relayed, kPeer);
    t.poll();
    ASSERT_EQ(t.bind_connection(*id), 0U);
    if (peer_first) t.server.on_peer_closed(t.now, *id);
    if (!peer_first) t.server.on_closed(t.now, kDataClient);
    EXPECT_TRUE(t.has_closed(*id));
  }
  EXPECT_RULE("6062:5.5#2");
  EXPECT_RULE("6062:5.5#3");
}

TEST(TurnServerTcp, TheAllocationTakesItsConnectionsAlong) {
  TcpFixture t;
  t.permit(kPeer, kTcpClient);
  const auto id = t.server.on_peer_accepted(t.now, t.relayed, kPeer);
  t.server.on_closed(t.now, kTcpClient);
  EXPECT_TRUE(t.has_closed(*id));
  EXPECT_EQ(t.server.allocations(), 0U);
  EXPECT_TRUE(t.ports.is_open.empty());
  EXPECT_RULE("6062:5.5#1");
}

TEST(TurnClientTcp, ConnectsThroughTheRelay) {
  ClientConfig config = PairFixture::client_config();
  config.path = seen_from_client(kTcpClient);
  config.relay = Transport::kTcp;
  config.even_port = config.dont_fragment = true;  // not said
  PairFixture t(config, tcp_config());
  t.allocate();
  ASSERT_EQ(t.count<Allocated>(), 1U);
  EXPECT_RULE("6062:4.1#3");
  EXPECT_RULE("6062:4.1#4");

  t.client.connect(t.side.now, kPeer);
  t.client.connect(t.side.now, kPeer);
  t.settle();
  EXPECT_EQ(t.requests(Method::kConnect), 1U);
  EXPECT_RULE("6062:4.3#1");
  EXPECT_RULE("6062:4.3#2");
  EXPECT_RULE("6062:4.3#10");
  const auto id = std::get<ConnectToPeer>(t.server_events.back()).id;
  t.side.server.on_peer_connected(t.side.now, id);
  t.settle();
  ASSERT_EQ(t.count<ConnectionOffered>(), 1U);
  EXPECT_EQ(t.last<ConnectionOffered>()->peer, kPeer);
  EXPECT_RULE("6062:4.3#0");

  t.client.bind_connection(t.side.now, id, config.path);  // not the control connection
  EXPECT_RULE("6062:4.3#4");
  t.client.bind_connection(t.side.now, id, seen_from_client(kDataClient));
  t.settle();
  ASSERT_EQ(t.count<ConnectionBound>(), 1U);
  EXPECT_EQ(t.last<ConnectionBound>()->id, id);
  EXPECT_RULE("6062:4.3#6");
  EXPECT_RULE("6062:4.3#7");
}

TEST(TurnClientTcp, HearsOfPeersThatConnect) {
  ClientConfig config = PairFixture::client_config();
  config.path = seen_from_client(kTcpClient);
  config.relay = Transport::kTcp;
  PairFixture t(config, tcp_config());
  t.allocate();
  t.client.permit(t.side.now, kPeer);
  t.settle();
  t.side.server.on_peer_accepted(t.side.now, *t.client.relayed(), kPeer);
  t.settle();
  EXPECT_EQ(t.count<ConnectionOffered>(), 1U);
  EXPECT_RULE("6062:4.4#0");
}

TEST(TurnClientTcp, WaitsTenSecondsAfterAFailure) {
  ClientConfig config = PairFixture::client_config();
  config.path = seen_from_client(kTcpClient);
  config.relay = Transport::kTcp;
  PairFixture t(config, tcp_config());
  t.allocate();
  const auto connect = [&] {
    t.client.connect(t.side.now, kPeer);
    t.settle();
  };
  connect();
  t.side.server.on_peer_failed(t.side.now, std::get<ConnectToPeer>(t.server_events.back()).id);
  t.settle();
  EXPECT_EQ(t.last<ConnectionRefused>()->code, 447U);
  t.run_until(Instant{} + 10s - 1ns);
  connect();
  EXPECT_EQ(t.requests(Method::kConnect), 1U);
  EXPECT_RULE("6062:4.3#8");
  t.run_until(Instant{} + 10s);
  connect();
  EXPECT_EQ(t.requests(Method::kConnect), 2U);
}

}  // namespace
}  // namespace glass::stun::turn
