#include "stun/binding_server.h"

#include <gtest/gtest.h>

#include "base/node.h"
#include "base/random.h"
#include "base/text.h"
#include "base/writer.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "tests/stun/vectors.h"
#include "tests/support/rules.h"

namespace glass::stun {
namespace {

static_assert(Node<BindingServer>);

const TransactionId kId{
    {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
};
const Path kPath{Transport::kUdp, *parse_address("192.0.2.1:3478"),
                 *parse_address("203.0.113.7:40001")};

struct Fixture {
  explicit Fixture(BindingServerConfig config = {})
      : server(std::move(config), glass::test::test_trace(Layer::kStun)) {}

  // The answer to these bytes; nullopt: silence.
  std::optional<ByteVector> ask(ByteVector raw, const Path& path = kPath) {
    server.receive(Instant{}, {path, raw});
    return poll(path);
  }
  std::optional<ByteVector> poll(const Path& path = kPath) {
    PacketBuffer out;
    out.clear();
    const auto to = server.poll_transmit(Instant{}, out);
    if (!to) return std::nullopt;
    EXPECT_EQ(*to, path);
    return ByteVector(out.bytes().begin(), out.bytes().end());
  }

  BindingServer server;
};

ByteVector message(Class cls, Method method = Method::kBinding) {
  ByteVector out;
  MessageBuilder(Writer(out), cls, method, kId);
  return out;
}

TEST(BindingServer, TellsFromWhereItWasAsked) {
  for (const char* remote : {"203.0.113.7:40001", "[2001:db8::7]:40001"}) {
    Fixture t;
    Path path = kPath;
    path.remote = *parse_address(remote);

    const auto raw = t.ask(message(Class::kRequest), path);

    ASSERT_TRUE(raw);
    const auto answer = MessageView::parse(*raw);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->is(Class::kSuccess, Method::kBinding));
    EXPECT_EQ(answer->transaction(), kId);
    EXPECT_EQ(get<XorMappedAddress>(*answer)->address, path.remote);
    EXPECT_FALSE(answer->has(AttributeType::kSoftware));
    EXPECT_FALSE(t.poll());
  }
  EXPECT_RULE("8489:5#7");
  EXPECT_RULE("8489:6.3.1.1#0");
  EXPECT_RULE("8489:6.3.1.2#0");
  EXPECT_RULE("8489:12#1");
  EXPECT_RULE("8489:12#6");
}

TEST(BindingServer, AnswersARetransmissionAlike) {
  Fixture t;

  EXPECT_EQ(t.ask(message(Class::kRequest)), t.ask(message(Class::kRequest)));
}

TEST(BindingServer, SendsOnToAServerOfTheSameFamily) {
  const Address v4 = *parse_address("192.0.2.77:3478");
  const Address v6 = *parse_address("[2001:db8::77]:3478");
  for (const char* remote : {"203.0.113.7:40001", "[2001:db8::7]:40001"}) {
    Fixture t({
        .try_instead = {v4, v6}
    });
    Path path = kPath;
    path.remote = *parse_address(remote);

    const auto raw = t.ask(message(Class::kRequest), path);

    ASSERT_TRUE(raw);
    const auto answer = MessageView::parse(*raw);
    EXPECT_EQ(get<ErrorCode>(*answer)->code, 300U);
    EXPECT_EQ(get<AlternateServer>(*answer)->address, path.remote.is_v4() ? v4 : v6);
    int alternates = 0;
    for (const Attribute& attribute : answer->attributes())
      alternates += attribute.type == AttributeType::kAlternateServer ? 1 : 0;
    EXPECT_EQ(alternates, 2);
    EXPECT_RULE("8489:10#1");
    EXPECT_RULE("8489:10#2");
  }
}

TEST(BindingServer, AnswersWhomItCannotSendOn) {
  Fixture t({.try_instead = {*parse_address("[2001:db8::77]:3478")}});

  const auto raw = t.ask(message(Class::kRequest));

  ASSERT_TRUE(raw);
  EXPECT_EQ(MessageView::parse(*raw)->cls(), Class::kSuccess);
}

TEST(BindingServer, SaysItsNameIfItHasOne) {
  Fixture t({.software = "glass", .add_fingerprint = true});

  const auto raw = t.ask(message(Class::kRequest));

  const auto answer = MessageView::parse(*raw);
  EXPECT_EQ(get<Software>(*answer)->text, "glass");
  EXPECT_EQ(check_fingerprint(*answer), Verdict::kValid);
  EXPECT_RULE("8489:6.3.1.1#5");
  EXPECT_RULE("8489:14.14#2");
}

TEST(BindingServer, IgnoresCredentialsAndIceAttributes) {
  Fixture t;

  const auto raw = t.ask(test::kSampleRequest);

  ASSERT_TRUE(raw);
  EXPECT_EQ(MessageView::parse(*raw)->cls(), Class::kSuccess);
}

TEST(BindingServer, NamesTheAttributesThatItMustButDoesNotUnderstand) {
  Fixture t;
  ByteVector request;
  MessageBuilder(Writer(request), Class::kRequest, Method::kBinding, kId)
      .attribute(static_cast<AttributeType>(0x7777), {})
      .attribute(static_cast<AttributeType>(0xF777), {})
      .add(ChangeRequest{true, true})
      .attribute(static_cast<AttributeType>(0x7777), {});

  const auto raw = t.ask(request);

  ASSERT_TRUE(raw);
  const auto answer = MessageView::parse(*raw);
  EXPECT_TRUE(answer->is(Class::kError, Method::kBinding));
  EXPECT_EQ(answer->transaction(), kId);
  EXPECT_EQ(get<ErrorCode>(*answer)->code, 420U);
  EXPECT_EQ(get<ErrorCode>(*answer)->reason, "Unknown Attribute");
  EXPECT_THAT(
      get<UnknownAttributes>(*answer)->types(),
      testing::ElementsAre(static_cast<AttributeType>(0x7777), AttributeType::kChangeRequest));
  EXPECT_FALSE(answer->has(AttributeType::kXorMappedAddress));
  EXPECT_RULE("8489:6.3.1#0");
  EXPECT_RULE("8489:6.3.1.1#1");
  EXPECT_RULE("8489:6.3.1.1#3");
}

TEST(BindingServer, IgnoresUnknownOptionalAttributes) {
  Fixture t;
  ByteVector request;
  MessageBuilder(Writer(request), Class::kRequest, Method::kBinding, kId)
      .attribute(static_cast<AttributeType>(0xF777), as_bytes("whatever"));

  EXPECT_EQ(MessageView::parse(*t.ask(request))->cls(), Class::kSuccess);
}

TEST(BindingServer, AnswersAMalformedRequestWithBadRequest) {
  Fixture t;
  ByteVector request = message(Class::kRequest);
  request.insert(request.end(), {0x80, 0x22, 0x00, 0x05});
  request[3] = 4;

  const auto raw = t.ask(request);

  ASSERT_TRUE(raw);
  const auto answer = MessageView::parse(*raw);
  EXPECT_EQ(answer->transaction(), kId);
  EXPECT_EQ(get<ErrorCode>(*answer)->code, 400U);
  EXPECT_RULE("8489:14#3");
}

TEST(BindingServer, IsSilentAboutMalformedIndications) {
  Fixture t;
  ByteVector indication = message(Class::kIndication);
  indication.insert(indication.end(), {0x80, 0x22, 0x00, 0x05});
  indication[3] = 4;

  EXPECT_FALSE(t.ask(indication));
}

TEST(BindingServer, NeverAnswersAResponse) {
  Fixture t;

  EXPECT_FALSE(t.ask(message(Class::kSuccess)));
  EXPECT_FALSE(t.ask(message(Class::kError)));
  EXPECT_RULE("8489:6.3#0");
}

TEST(BindingServer, NeverAnswersAnIndication) {
  Fixture t;
  EXPECT_FALSE(t.ask(message(Class::kIndication)));
  EXPECT_RULE("8489:6.3.2#0");

  ByteVector unknown;
  MessageBuilder(Writer(unknown), Class::kIndication, Method::kBinding, kId)
      .attribute(static_cast<AttributeType>(0x7777), {});
  EXPECT_FALSE(t.ask(unknown));
  EXPECT_EQ(glass::test::drop_reasons().size(), 1U);
}

TEST(BindingServer, DoesNotKnowOtherMethods) {
  Fixture t;

  EXPECT_FALSE(t.ask(message(Class::kRequest, Method::kAllocate)));
  EXPECT_FALSE(t.ask(message(Class::kRequest, static_cast<Method>(0xFF))));
}

TEST(BindingServer, NeverAnswersWhatIsNotStun) {
  Fixture t;
  ByteVector wrong_cookie = message(Class::kRequest);
  wrong_cookie[4] ^= 0xFF;
  ByteVector wrong_length = message(Class::kRequest);
  wrong_length[3] = 4;
  ByteVector odd_length = message(Class::kRequest);
  odd_length[3] = 2;
  ByteVector top_bits = message(Class::kRequest);
  top_bits[0] |= 0x80;

  EXPECT_FALSE(t.ask({}));
  EXPECT_FALSE(t.ask({0}));
  EXPECT_FALSE(t.ask(wrong_cookie));
  EXPECT_FALSE(t.ask(wrong_length));
  EXPECT_FALSE(t.ask(odd_length));
  EXPECT_FALSE(t.ask(top_bits));

  EXPECT_EQ(glass::test::drop_reasons().size(), 6U);
  EXPECT_RULE("8489:5#1");
  EXPECT_RULE("8489:5#3");
  EXPECT_RULE("8489:5#8");
}

TEST(BindingServer, IsSilentAboutAWrongFingerprint) {
  Fixture t;
  ByteVector request = test::kSampleRequest;
  request.back() ^= 1;

  EXPECT_FALSE(t.ask(request));
  EXPECT_RULE("8489:7#0");
}

TEST(BindingServer, HoldsABoundedNumberOfAnswers) {
  Fixture t;
  ByteVector request = message(Class::kRequest);
  for (std::size_t i = 0; i < 2 * BindingServer::kPendingMax; ++i)
    t.server.receive(Instant{}, {kPath, request});

  std::size_t answers = 0;
  while (t.poll()) ++answers;

  EXPECT_EQ(answers, BindingServer::kPendingMax);
  EXPECT_TRUE(t.ask(request));
}

TEST(BindingServer, ALongNameIsCut) {
  Fixture t({.software = std::string(5000, 'x')});

  EXPECT_EQ(get<Software>(*MessageView::parse(*t.ask(message(Class::kRequest))))->text.size(), 127);
}

TEST(BindingServer, ANameIsCutBetweenItsCharacters) {
  std::string flags;
  for (int i = 0; i < 128; ++i) flags += "\xC3\xA9";
  Fixture t({.software = flags});

  EXPECT_EQ(get<Software>(*MessageView::parse(*t.ask(message(Class::kRequest))))->text,
            flags.substr(0, 254));
}

TEST(BindingServer, ANameThatIsNoUtf8IsSaidAsFarAsItIs) {
  Fixture t({.software = "gla\xFFss"});

  EXPECT_EQ(get<Software>(*MessageView::parse(*t.ask(message(Class::kRequest))))->text, "gla");
}

TEST(BindingServer, TheLongestListOfUnknownAttributesFits) {
  Fixture t({.software = std::string(5000, 'x')});
  ByteVector request;
  MessageBuilder builder(Writer(request), Class::kRequest, Method::kBinding, kId);
  for (unsigned type = 0x7000; type < 0x7200; ++type)
    builder.attribute(static_cast<AttributeType>(type), {});

  const auto raw = t.ask(request);

  ASSERT_TRUE(raw);
  EXPECT_EQ(get<UnknownAttributes>(*MessageView::parse(*raw))->types().size(),
            UnknownAttributes::kMax);
}

TEST(BindingServer, RandomBytesDoNotHarm) {
  Fixture t;
  SeededRandom random(7);
  for (int i = 0; i < 2000; ++i) {
    ByteVector raw = test::kSampleRequest;
    for (int flips = 0; flips < 4; ++flips)
      raw[random.below(static_cast<std::uint32_t>(raw.size()))] =
          static_cast<std::uint8_t>(random.u32());
    const auto answer = t.ask(raw);
    EXPECT_TRUE(!answer || MessageView::parse(*answer));
  }
}

// ---- with a second address: RFC 5780 §6

struct Discovery {
  Discovery()
      : server(
            {.alternates = {{*parse_address("192.0.2.1:3478"), *parse_address("192.0.2.2:3479")}}},
            glass::test::test_trace(Layer::kStun)) {}

  std::optional<Path> ask(const auto&... attributes) {
    ByteVector raw;
    MessageBuilder builder(Writer(raw), Class::kRequest, Method::kBinding, kId);
    (builder.add(attributes), ...);
    server.receive(Instant{}, {path, raw});
    out.clear();
    const auto to = server.poll_transmit(Instant{}, out);
    asked = raw.size();
    return to;
  }
  MessageView answer() { return *MessageView::parse(out.bytes()); }
  unsigned code() { return answer().cls() == Class::kError ? get<ErrorCode>(answer())->code : 0; }

  Path path = kPath;
  BindingServer server;
  PacketBuffer out;
  std::size_t asked = 0;
};

// RFC 5780 §6.1, table 1, for each of the four sockets.
TEST(BindingServer, AnswersFromWhereItIsAskedTo) {
  for (const char* local : {"192.0.2.1:3478", "192.0.2.1:3479", "192.0.2.2:3478", "192.0.2.2:3479"})
    for (const bool ip : {false, true})
      for (const bool port : {false, true}) {
        Discovery t;
        t.path.local = *parse_address(local);
        const Address& d = t.path.local;
        const Address other =
            parse_address(d.same_ip(*parse_address("192.0.2.1:0")) ? "192.0.2.2:0" : "192.0.2.1:0")
                ->with_port(d.port == 3478 ? 3479 : 3478);
        Address origin = ip ? other.with_port(d.port) : d;
        if (port) origin.port = other.port;

        const auto to = t.ask(ChangeRequest{ip, port});

        ASSERT_TRUE(to);
        EXPECT_EQ(to->local, origin);
        EXPECT_EQ(to->remote, kPath.remote);
        EXPECT_EQ(get<ResponseOrigin>(t.answer())->address, origin);
        EXPECT_EQ(get<OtherAddress>(t.answer())->address, other);
        EXPECT_EQ(get<MappedAddress>(t.answer())->address, kPath.remote);
        EXPECT_EQ(get<XorMappedAddress>(t.answer())->address, kPath.remote);
      }
  EXPECT_RULE("5780:6.1#3");
  EXPECT_RULE("5780:6.1#4");
  EXPECT_RULE("5780:6.1#5");
  EXPECT_RULE("5780:6.1#6");
  EXPECT_RULE("5780:6.1#7");
}

TEST(BindingServer, AnswersToAnotherPortOfWhoAsks) {
  Discovery t;

  const auto to = t.ask(ResponsePort{5555});

  EXPECT_EQ(to->remote, kPath.remote.with_port(5555));
  EXPECT_EQ(get<XorMappedAddress>(t.answer())->address, kPath.remote);
  EXPECT_RULE("5780:7.5#1");
}

TEST(BindingServer, PadsItsAnswerNoLongerThanTheQuestion) {
  const ByteVector blank(4000);
  for (const std::size_t size : {1U, 4U, 1000U, 1200U, 1500U}) {
    Discovery t;
    t.ask(Padding{Bytes(blank).first(size)});
    EXPECT_EQ(get<Padding>(t.answer())->bytes.size(), std::min<std::size_t>(size, 1200));
    EXPECT_LE(t.out.size(), t.asked + 60);
  }
  EXPECT_RULE("5780:6.1#9");
}

TEST(BindingServer, RefusesAPaddedAnswerToAnotherPort) {
  const ByteVector blank(8);
  Discovery t;
  t.ask(ResponsePort{5555}, Padding{blank});
  EXPECT_EQ(t.code(), 400U);
  EXPECT_RULE("5780:6.1#11");
  EXPECT_RULE("5780:7.5#2");
  EXPECT_EQ(Discovery().ask(ResponsePort{5555}, Padding{blank})->remote, kPath.remote);
}

TEST(BindingServer, RefusesAnswersToPortZero) {
  Discovery t;
  t.ask(ResponsePort{0});
  EXPECT_EQ(t.code(), 400U);
}

TEST(BindingServer, WithoutASecondAddressOrOverTcpNoneOfThisIsKnown) {
  Fixture plain;
  ByteVector raw;
  MessageBuilder(Writer(raw), Class::kRequest, Method::kBinding, kId)
      .add(ChangeRequest{true, true});
  const auto refused = plain.ask(raw);
  EXPECT_EQ(get<ErrorCode>(*MessageView::parse(*refused))->code, 420U);
  EXPECT_RULE("5780:6.1#2");

  Discovery tcp;
  tcp.path.transport = Transport::kTcp;
  EXPECT_EQ(tcp.ask(ChangeRequest{true, true})->local, kPath.local);
  EXPECT_EQ(tcp.code(), 420U);
}

TEST(BindingServer, TwoPortsOfOneAddressAreNoSecondAddress) {
  Fixture t({.alternates = {{*parse_address("192.0.2.1:3478"), *parse_address("192.0.2.1:3479")}}});

  const auto raw = t.ask(message(Class::kRequest));

  ASSERT_TRUE(raw);
  EXPECT_FALSE(MessageView::parse(*raw)->has(AttributeType::kOtherAddress));
  EXPECT_RULE("5780:7.4#1");
}

TEST(BindingServer, WhoIsSentOnIsToldNothingElse) {
  Fixture t({.alternates = {{*parse_address("192.0.2.1:3478"), *parse_address("192.0.2.2:3479")}},
             .try_instead = {*parse_address("192.0.2.77:3478")}});

  const auto raw = t.ask(message(Class::kRequest));

  ASSERT_TRUE(raw);
  const auto answer = MessageView::parse(*raw);
  EXPECT_TRUE(answer->has(AttributeType::kAlternateServer));
  EXPECT_FALSE(answer->has(AttributeType::kOtherAddress));
  EXPECT_FALSE(answer->has(AttributeType::kResponseOrigin));
  EXPECT_RULE("5780:6.1#13");
}

// What a stranger with a forged source may gain: three times its bytes at the very most.
TEST(BindingServer, AnswersAreNotMuchLongerThanQuestions) {
  Fixture plain;
  EXPECT_LE(plain.ask(message(Class::kRequest))->size(), 32U);
  Discovery t;
  t.ask();
  EXPECT_LE(t.out.size(), 3 * (t.asked + 28));
}

}  // namespace
}  // namespace glass::stun
