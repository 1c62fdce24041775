#include <gtest/gtest.h>

#include "stun/names.h"
#include "stun/turn/server.h"
#include "tests/stun/turn/fixture.h"

namespace glass::stun::turn {
namespace {

using namespace test;

void add_udp(MessageBuilder& builder) { builder.add(RequestedTransport{kProtocolUdp}); }

unsigned allocate_code(ServerFixture& t, const ServerFixture::Fill& more,
                       const Path& path = kClient) {
  return t.code(
      Method::kAllocate,
      [&](MessageBuilder& builder) {
        add_udp(builder);
        more(builder);
      },
      path);
}

std::uint32_t lifetime_in(const ByteVector& answer) {
  const auto lifetime = get<Lifetime>(*MessageView::parse(answer));
  return lifetime ? lifetime->value : 0xFFFFFFFF;
}

TEST(TurnServerAllocate, LendsAnAddressOfTheDynamicPorts) {
  ServerFixture t;

  const Address relayed = t.allocate();

  EXPECT_TRUE(relayed.same_ip(kRelayV4));
  EXPECT_GE(relayed.port, 49152);
  EXPECT_TRUE(t.ports.is_open.contains(relayed));
  const auto events = t.events();
  ASSERT_EQ(events.size(), 1U);
  const auto& made = std::get<AllocationMade>(events[0]);
  EXPECT_EQ(made.user, "alice");
  EXPECT_EQ(made.client, kClient);
  EXPECT_EQ(made.relayed, relayed);
  EXPECT_RULE("8656:6#1");
  EXPECT_RULE("8656:7.2#6");
  EXPECT_RULE("8656:7.2#11");
  EXPECT_RULE("8656:7.2#12");
  EXPECT_RULE("8656:7.2#13");
}

TEST(TurnServerAllocate, ProvesTheAnswerAndTellsTheMappedAddress) {
  ServerFixture t;
  const ByteVector answer = t.ask(Method::kAllocate, add_udp);
  const auto message = MessageView::parse(answer);
  EXPECT_EQ(get<XorMappedAddress>(*message)->address, kClient.remote);
  EXPECT_EQ(get<Lifetime>(*message)->value, 600U);
  EXPECT_TRUE(message->has(AttributeType::kMessageIntegrity) ||
              message->has(AttributeType::kMessageIntegritySha256));
}

TEST(TurnServerAllocate, ChallengesWhoeverProvesNothing) {
  ServerFixture t;
  ByteVector request;
  MessageBuilder builder(Writer(request), Class::kRequest, Method::kAllocate, TransactionId{{1}});
  add_udp(builder);

  t.receive(kClient, request);

  const auto sent = t.poll();
  ASSERT_EQ(sent.size(), 1U);
  const auto message = MessageView::parse(sent[0].bytes);
  EXPECT_EQ(get<ErrorCode>(*message)->code, 401U);
  EXPECT_TRUE(message->has(AttributeType::kNonce));
  EXPECT_EQ(t.server.allocations(), 0U);
  EXPECT_RULE("8656:5#1");
}

TEST(TurnServerAllocate, AChallengeAmplifiesLittle) {
  ServerFixture t;
  ByteVector request;
  MessageBuilder builder(Writer(request), Class::kRequest, Method::kAllocate, TransactionId{{1}});
  add_udp(builder);
  t.receive(kClient, request);
  // Counted with the headers of IPv4 and UDP, as the network does.
  EXPECT_LE(t.poll().at(0).bytes.size() + 28, 4 * (request.size() + 28));
}

TEST(TurnServerAllocate, AnswersARetransmissionAlike) {
  ServerFixture t;
  const ByteVector first = t.ask(Method::kAllocate, [](MessageBuilder& builder) {
    add_udp(builder);
    builder.add(EvenPort{true}).add(MobilityTicket{});
  });

  t.receive(kClient, t.last_request);
  const auto again = t.poll();

  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].bytes, first);
  EXPECT_EQ(t.server.allocations(), 1U);
  t.wait(10s);
  t.receive(kClient, t.last_request);
  EXPECT_EQ(lifetime_in(t.poll().at(0).bytes), 590U);
}

TEST(TurnServerAllocate, OneAllocationForOneFiveTuple) {
  ServerFixture t;
  t.allocate();
  EXPECT_EQ(t.code(Method::kAllocate, add_udp), 437U);
  EXPECT_EQ(t.code(Method::kAllocate, add_udp, kClient, "bob"), 437U);
  EXPECT_EQ(t.code(Method::kAllocate, add_udp, kOtherClient), 0U);
  EXPECT_RULE("8656:7.2#0");
}

TEST(TurnServerAllocate, AsksForTheTransport) {
  ServerFixture t;
  EXPECT_EQ(t.code(Method::kAllocate), 400U);
  EXPECT_EQ(t.code(Method::kAllocate,
                   [](MessageBuilder& builder) {
                     builder.attribute(AttributeType::kRequestedTransport, Bytes{
                                                                               {17, 0, 0}
                     });
                   }),
            400U);
  for (const std::uint8_t protocol : std::initializer_list<std::uint8_t>{99, kProtocolTcp, 0})
    EXPECT_EQ(t.code(Method::kAllocate,
                     [&](MessageBuilder& builder) { builder.add(RequestedTransport{protocol}); }),
              442U);
  EXPECT_RULE("6062:5.1#1");
}

TEST(TurnServerAllocate, NamesDontFragmentAsUnknownWhereItCannotSetIt) {
  ServerFixture t;
  const ByteVector answer = t.ask(Method::kAllocate, [](MessageBuilder& builder) {
    add_udp(builder);
    builder.add(DontFragment{});
  });
  const auto message = MessageView::parse(answer);
  EXPECT_EQ(get<ErrorCode>(*message)->code, 420U);
  EXPECT_TRUE(get<UnknownAttributes>(*message)->contains(AttributeType::kDontFragment));
  EXPECT_RULE("8656:3.7#3");
}

TEST(TurnServerAllocate, ChecksUnknownAttributesAfterTheUser) {
  ServerFixture t;
  ByteVector request;
  MessageBuilder(Writer(request), Class::kRequest, Method::kAllocate, TransactionId{{1}})
      .attribute(static_cast<AttributeType>(0x7777), {});
  t.receive(kClient, request);
  EXPECT_EQ(get<ErrorCode>(*MessageView::parse(t.poll().at(0).bytes))->code, 401U);
  EXPECT_EQ(allocate_code(t,
                          [](MessageBuilder& builder) {
                            builder.attribute(static_cast<AttributeType>(0x7777), {});
                          }),
            420U);
  EXPECT_RULE("8489:6.3.1#0");
}

TEST(TurnServerAllocate, RefusesContradictionsAboutFamilies) {
  ServerFixture t;
  const auto code = [&](const ServerFixture::Fill& fill) { return allocate_code(t, fill); };
  EXPECT_EQ(
      code([](MessageBuilder& builder) {
        builder.add(RequestedAddressFamily{kFamilyV6}).add(AdditionalAddressFamily{kFamilyV6});
      }),
      400U);
  EXPECT_EQ(code([](MessageBuilder& builder) { builder.add(AdditionalAddressFamily{kFamilyV4}); }),
            400U);
  EXPECT_EQ(code([](MessageBuilder& builder) {
              builder.add(EvenPort{true}).add(AdditionalAddressFamily{kFamilyV6});
            }),
            400U);
  EXPECT_EQ(code([](MessageBuilder& builder) {
              builder.attribute(AttributeType::kRequestedAddressFamily, Bytes{
                                                                            {7, 0, 0, 0}
              });
            }),
            440U);
  EXPECT_EQ(code([](MessageBuilder& builder) {
              builder.attribute(AttributeType::kRequestedAddressFamily, Bytes{{1}});
            }),
            400U);
  EXPECT_RULE("8656:7.2#4");
}

TEST(TurnServerAllocate, RefusesMalformedAttributes) {
  ServerFixture t;
  for (const AttributeType type :
       {AttributeType::kLifetime, AttributeType::kEvenPort, AttributeType::kReservationToken})
    EXPECT_EQ(allocate_code(t,
                            [&](MessageBuilder& builder) {
                              builder.attribute(type, Bytes{
                                                          {1, 2, 3}
                              });
                            }),
              400U);
  EXPECT_EQ(allocate_code(
                t, [](MessageBuilder& builder) { builder.add(MobilityTicket{as_bytes("mine")}); }),
            400U);
  EXPECT_RULE("8016:3.1.2#0");
}

TEST(TurnServerAllocate, HasNoAddressOfAFamilyItDoesNotServe) {
  ServerConfig config = server_config();
  config.relay_v6.reset();
  ServerFixture t(config);
  EXPECT_EQ(allocate_code(
                t, [](MessageBuilder& builder) { builder.add(RequestedAddressFamily{kFamilyV6}); }),
            440U);
  config.relay_v6 = kRelayV6;
  config.relay_v4.reset();
  ServerFixture six(config);
  EXPECT_EQ(allocate_code(six, [](MessageBuilder&) {}), 440U);
  EXPECT_RULE("8656:7.2#5");
  EXPECT_EQ(
      allocate_code(
          six, [](MessageBuilder& builder) { builder.add(RequestedAddressFamily{kFamilyV6}); }),
      0U);
}

TEST(TurnServerAllocate, ADualAllocationHasTwoAddresses) {
  ServerFixture t;
  const ByteVector answer = t.ask(Method::kAllocate, [](MessageBuilder& builder) {
    add_udp(builder);
    builder.add(AdditionalAddressFamily{kFamilyV6});
  });
  int relayed = 0;
  for (const Attribute& attribute : MessageView::parse(answer)->attributes())
    relayed += attribute.type == AttributeType::kXorRelayedAddress ? 1 : 0;
  EXPECT_EQ(relayed, 2);
  EXPECT_EQ(t.ports.is_open.size(), 2U);
}

TEST(TurnServerAllocate, EvenPortsAreEven) {
  ServerFixture t;
  for (std::uint16_t i = 0; i < 20; ++i) {
    Path path = kClient;
    path.remote.port = static_cast<std::uint16_t>(path.remote.port + i);
    EXPECT_EQ(
        t.allocate(path, "alice", [](MessageBuilder& builder) { builder.add(EvenPort{}); }).port %
            2,
        0);
  }
}

TEST(TurnServerAllocate, KeepsTheNextPortForThirtySeconds) {
  const auto reserve = [](ServerFixture& t) {
    const ByteVector answer = t.ask(Method::kAllocate, [](MessageBuilder& builder) {
      add_udp(builder);
      builder.add(EvenPort{true});
    });
    return get<ReservationToken>(*MessageView::parse(answer))->value;
  };
  const auto redeem = [](ServerFixture& t, std::uint64_t token) {
    return allocate_code(
        t, [&](MessageBuilder& builder) { builder.add(ReservationToken{token}); }, kOtherClient);
  };
  ServerFixture early;
  const auto token = reserve(early);
  EXPECT_EQ(redeem(early, token + 1), 508U);
  early.wait(30s - 1ns);
  EXPECT_EQ(redeem(early, token), 0U);
  EXPECT_EQ(early.ports.is_open.size(), 2U);
  EXPECT_RULE("8656:7.2#10");

  ServerFixture late;
  const auto old = reserve(late);
  late.wait(30s);
  EXPECT_EQ(late.ports.is_open.size(), 1U);
  EXPECT_EQ(redeem(late, old), 508U);
}

TEST(TurnServerAllocate, ATokenStandsAlone) {
  ServerFixture t;
  for (const auto& more : std::vector<ServerFixture::Fill>{
           [](MessageBuilder& builder) { builder.add(EvenPort{}); },
           [](MessageBuilder& builder) { builder.add(RequestedAddressFamily{kFamilyV4}); },
           [](MessageBuilder& builder) { builder.add(AdditionalAddressFamily{kFamilyV6}); }})
    EXPECT_EQ(allocate_code(t,
                            [&](MessageBuilder& builder) {
                              builder.add(ReservationToken{1});
                              more(builder);
                            }),
              400U);
}

TEST(TurnServerAllocate, GrantsLifetimesBetweenTenMinutesAndAnHour) {
  for (const auto& [asked, granted] : std::vector<std::pair<std::uint32_t, std::uint32_t>>{
           {0,          600 },
           {1,          600 },
           {600,        600 },
           {1200,       1200},
           {3600,       3600},
           {0xFFFFFFFF, 3600}
  }) {
    ServerFixture t;
    const std::uint32_t wanted = asked;
    const ByteVector answer = t.ask(Method::kAllocate, [&](MessageBuilder& builder) {
      add_udp(builder);
      builder.add(Lifetime{wanted});
    });
    EXPECT_EQ(lifetime_in(answer), granted) << asked;
  }
  EXPECT_RULE("8656:7.2#14");
}

TEST(TurnServerAllocate, EndsAtItsTime) {
  ServerFixture t;
  const Address relayed = t.allocate();
  EXPECT_EQ(t.server.next_time(), Instant{} + 600s);

  t.wait(600s - 1ns);
  EXPECT_EQ(t.server.allocations(), 1U);
  t.wait(1ns);

  EXPECT_EQ(t.server.allocations(), 0U);
  EXPECT_FALSE(t.ports.is_open.contains(relayed));
  const auto events = t.events();
  EXPECT_EQ(std::get<AllocationEnded>(events.back()).why, "expired");
  EXPECT_RULE("8656:6#0");
}

TEST(TurnServerAllocate, AUserHasAQuota) {
  ServerConfig config = server_config();
  config.allocations_per_user = 2;
  ServerFixture t(config);
  const auto code = [&](std::uint16_t port, const std::string& user, bool pair = false) {
    Path path = kClient;
    path.remote.port = port;
    return t.code(
        Method::kAllocate,
        [&](MessageBuilder& builder) {
          add_udp(builder);
          if (pair) builder.add(EvenPort{true});
        },
        path, user);
  };
  EXPECT_EQ(code(1, "alice"), 0U);
  EXPECT_EQ(code(2, "alice", true), 486U);  // two more
  EXPECT_EQ(code(3, "alice"), 0U);
  EXPECT_EQ(code(4, "alice"), 486U);
  EXPECT_EQ(code(5, "bob"), 0U);
  EXPECT_RULE("8656:7.2#7");
  EXPECT_RULE("8656:7.2#8");
  t.wait(600s);
  EXPECT_EQ(code(6, "alice"), 0U);
}

TEST(TurnServerAllocate, AFloodOfAllocationsMeetsALimit) {
  ServerConfig config = server_config();
  config.allocations_max = 50;
  ServerFixture t(config);
  unsigned refused = 0;
  for (std::uint16_t port = 1; port <= 80; ++port) {
    Path path = kClient;
    path.remote.port = port;
    refused += t.code(Method::kAllocate, add_udp, path) == 508U ? 1 : 0;
  }
  EXPECT_EQ(refused, 30U);
  EXPECT_EQ(t.server.allocations(), 50U);
  EXPECT_RULE("8656:5#12");
}

TEST(TurnServerAllocate, TriesOtherPortsThanThoseThatAreTaken) {
  ServerConfig config = server_config();
  config.port_min = 50000;
  config.port_max = 50003;
  ServerFixture t(config);
  t.ports.refused = {50000, 50001, 50002};
  EXPECT_EQ(t.allocate().port, 50003);
  EXPECT_EQ(t.code(Method::kAllocate, add_udp, kOtherClient), 508U);
  EXPECT_EQ(t.server.allocations(), 1U);
}

TEST(TurnServerAllocate, APairThatCannotBeHadLeavesNothingOpen) {
  ServerConfig config = server_config();
  config.port_min = 50000;
  config.port_max = 50001;
  ServerFixture t(config);
  t.ports.refused = {50001};
  EXPECT_EQ(allocate_code(t, [](MessageBuilder& builder) { builder.add(EvenPort{true}); }), 508U);
  EXPECT_TRUE(t.ports.is_open.empty());
}

TEST(TurnServerAllocate, NobodyGetsAWellKnownPort) {
  ServerConfig config = server_config();
  config.port_min = 1;
  config.port_max = 1030;
  ServerFixture t(config);
  EXPECT_GE(t.allocate().port, 1024);
  EXPECT_RULE("8656:7.2#12");
}

TEST(TurnServerAllocate, TunneledClientsAreRefused) {
  ServerFixture t;
  Path path = kClient;
  path.remote = *parse_address("[2002:c000:201::1]:5000");
  EXPECT_EQ(t.code(Method::kAllocate, add_udp, path), 403U);
  path.remote = *parse_address("[2001:0:1::1]:5000");
  EXPECT_EQ(t.code(Method::kAllocate, add_udp, path), 403U);
  EXPECT_RULE("8656:21.4#2");
}

TEST(TurnServerAllocate, UdpMayBeForbidden) {
  ServerConfig config = server_config();
  config.udp = false;
  ServerFixture t(config);
  EXPECT_EQ(t.code(Method::kAllocate, add_udp), 403U);
  EXPECT_RULE("6062:5.1#3");
}

TEST(TurnServerAllocate, SaysItsNameIfItHasOne) {
  ServerConfig config = server_config();
  config.software = "glass";
  ServerFixture t(config);
  EXPECT_EQ(get<Software>(*MessageView::parse(t.ask(Method::kAllocate, add_udp)))->text, "glass");
  EXPECT_RULE("8656:5#9");
}

TEST(TurnServerAllocate, AnswersBindingRequestsToo) {
  ServerFixture t;
  ByteVector request;
  MessageBuilder(Writer(request), Class::kRequest, Method::kBinding, TransactionId{{1}});
  t.receive(kClient, request);
  EXPECT_EQ(get<XorMappedAddress>(*MessageView::parse(t.poll().at(0).bytes))->address,
            kClient.remote);
}

TEST(TurnServerAllocate, AnswersMalformedRequestsWithBadRequest) {
  ServerFixture t;
  ByteVector request;
  MessageBuilder(Writer(request), Class::kRequest, Method::kAllocate, TransactionId{{1}});
  request.insert(request.end(), {0x80, 0x22, 0x00, 0x05});
  request[3] = 4;
  t.receive(kClient, request);
  EXPECT_EQ(get<ErrorCode>(*MessageView::parse(t.poll().at(0).bytes))->code, 400U);
  EXPECT_RULE("8489:14#3");
}

TEST(TurnServerAllocate, NeverAnswersResponsesIndicationsOrNoise) {
  ServerFixture t;
  t.allocate();
  for (const Class cls : {Class::kSuccess, Class::kError, Class::kIndication}) {
    for (const Method method :
         {Method::kAllocate, Method::kRefresh, Method::kData, static_cast<Method>(0xFF)}) {
      ByteVector message;
      MessageBuilder(Writer(message), cls, method, TransactionId{{1}});
      EXPECT_TRUE(t.from_client(message).empty());
    }
  }
  EXPECT_TRUE(t.from_client({}).empty());
  EXPECT_TRUE(t.from_client(as_bytes("\x16 dtls or so")).empty());
  EXPECT_RULE("8489:6.3#0");
  EXPECT_RULE("8656:12#1");
}

TEST(TurnServerAllocate, HoldsABoundedNumberOfAnswers) {
  ServerFixture t;
  ByteVector request;
  MessageBuilder(Writer(request), Class::kRequest, Method::kAllocate, TransactionId{{1}});
  for (std::size_t i = 0; i < 2 * Server::kPendingMax; ++i) t.receive(kClient, request);
  EXPECT_EQ(t.poll().size(), Server::kPendingMax);
}

}  // namespace
}  // namespace glass::stun::turn
