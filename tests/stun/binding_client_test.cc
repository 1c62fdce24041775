#include "stun/binding_client.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <gtest/gtest.h>

#include "base/node.h"
#include "base/random.h"
#include "base/writer.h"
#include "stun/attributes.h"
#include "stun/binding_server.h"
#include "tests/support/rules.h"

namespace glass::stun {
namespace {

using namespace std::chrono_literals;

static_assert(Node<BindingClient>);

constexpr Instant kStart{};
const Path kPath{Transport::kUdp, *parse_address("10.0.0.1:5000"),
                 *parse_address("192.0.2.1:3478")};

struct Fixture {
  explicit Fixture(BindingClientConfig config = {.path = kPath, .software = ""})
      : client(std::move(config), random, glass::test::test_trace(Layer::kStun)) {}

  // The request that is sent now; empty: none.
  ByteVector sent(Instant now) {
    PacketBuffer out;
    out.clear();
    const auto path = client.poll_transmit(now, out);
    if (!path) return {};
    EXPECT_EQ(*path, kPath);
    return {out.bytes().begin(), out.bytes().end()};
  }
  void receive(Instant now, ByteVector raw, const Path& path = kPath) {
    client.receive(now, {path, raw});
  }
  // Starts and answers at once, as `answer` fills it in.
  template <class Fill>
  std::optional<BindingClient::Event> answered(Class cls, Fill fill) {
    client.start(kStart);
    const auto request = sent(kStart);
    ByteVector out;
    MessageBuilder builder(Writer(out), cls, Method::kBinding,
                           MessageView::parse(request)->transaction());
    fill(builder);
    receive(kStart + 20ms, out);
    return client.poll_event();
  }

  SeededRandom random{1};
  BindingClient client;
};

ByteVector answer_to(Bytes request, const Address& mapped) {
  ByteVector out;
  MessageBuilder(Writer(out), Class::kSuccess, Method::kBinding,
                 MessageView::parse(request)->transaction())
      .add(XorMappedAddress{mapped});
  return out;
}

TEST(BindingClient, LearnsItsAddressFromTheServer) {
  Fixture t({.path = kPath, .software = "glass"});
  BindingServer server({}, {});
  const Path behind_nat{Transport::kUdp, kPath.remote, *parse_address("203.0.113.7:40001")};

  t.client.start(kStart);
  ByteVector request = t.sent(kStart);
  EXPECT_EQ(get<Software>(*MessageView::parse(request))->text, "glass");
  server.receive(kStart + 10ms, {behind_nat, request});
  PacketBuffer answer;
  answer.clear();
  EXPECT_EQ(server.poll_transmit(kStart + 10ms, answer), behind_nat);
  t.client.receive(kStart + 20ms, {kPath, answer.bytes()});

  const auto event = t.client.poll_event();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<BindingClient::Mapped>(*event).address, behind_nat.remote);
  EXPECT_EQ(std::get<BindingClient::Mapped>(*event).round_trip, 20ms);
  EXPECT_FALSE(t.client.is_asking());
  EXPECT_EQ(t.client.next_time(), kNever);
  EXPECT_FALSE(t.client.poll_event());
  EXPECT_RULE("8489:5#5");
  EXPECT_RULE("8489:5#6");
  EXPECT_RULE("8489:6.1#3");
}

TEST(BindingClient, GivesUpAfterTheTimeOfTheRfc) {
  Fixture t;
  t.client.start(kStart);
  int requests = 0;
  Instant now = kStart;
  std::optional<BindingClient::Event> event;
  while (!event) {
    if (!t.sent(now).empty()) ++requests;
    now = t.client.next_time();
    t.client.on_time(now);
    event = t.client.poll_event();
  }

  EXPECT_EQ(requests, 7);
  EXPECT_EQ(now - kStart, 39500ms);
  EXPECT_EQ(std::get<BindingClient::Failed>(*event).reason, BindingFailure::kTimeout);
}

TEST(BindingClient, HearsNobodyButItsServer) {
  Fixture t;
  t.client.start(kStart);
  const ByteVector request = t.sent(kStart);
  const ByteVector answer = answer_to(request, kPath.local);
  Path stranger = kPath;
  stranger.remote.port = 3479;

  t.receive(kStart, answer, stranger);

  EXPECT_FALSE(t.client.poll_event());
  EXPECT_RULE("8489:6.3#0");
  t.receive(kStart, answer);
  EXPECT_TRUE(t.client.poll_event());
}

TEST(BindingClient, IsNotImpressedByNoise) {
  Fixture t;
  t.client.start(kStart);
  const ByteVector request = t.sent(kStart);
  t.receive(kStart, {1, 2, 3});
  t.receive(kStart, request);  // its own request, echoed
  ByteVector wrong_fingerprint;
  MessageBuilder(Writer(wrong_fingerprint), Class::kSuccess, Method::kBinding,
                 MessageView::parse(request)->transaction())
      .attribute(AttributeType::kFingerprint, ByteVector(4));
  t.receive(kStart, wrong_fingerprint);

  EXPECT_FALSE(t.client.poll_event());
  EXPECT_TRUE(t.client.is_asking());
  EXPECT_EQ(glass::test::drop_reasons().size(), 3U);
}

TEST(BindingClient, NeedsAnAddressInTheAnswer) {
  Fixture t;

  const auto event = t.answered(Class::kSuccess, [](MessageBuilder&) {});

  EXPECT_EQ(std::get<BindingClient::Failed>(*event).reason, BindingFailure::kUnusable);
}

TEST(BindingClient, AnUnknownFamilyIsNoAddress) {
  Fixture t;

  const auto event = t.answered(Class::kSuccess, [](MessageBuilder& answer) {
    answer.attribute(AttributeType::kXorMappedAddress, ByteVector{0, 3, 1, 1, 1, 1, 1, 1});
  });

  EXPECT_EQ(std::get<BindingClient::Failed>(*event).reason, BindingFailure::kUnusable);
  EXPECT_RULE("8489:6.3.3#1");
}

TEST(BindingClient, TakesAnAddressOfTheOtherFamily) {
  Fixture t;
  const Address v6 = *parse_address("[2001:db8::1]:5");

  const auto event = t.answered(Class::kSuccess,
                                [&](MessageBuilder& answer) { answer.add(XorMappedAddress{v6}); });

  EXPECT_EQ(std::get<BindingClient::Mapped>(*event).address, v6);
}

TEST(BindingClient, ARefusalEndsIt) {
  Fixture t;

  const auto event =
      t.answered(Class::kError, [](MessageBuilder& answer) { answer.add(ErrorCode{401, "no"}); });

  EXPECT_EQ(std::get<BindingClient::Failed>(*event).reason, BindingFailure::kErrorResponse);
  EXPECT_EQ(std::get<BindingClient::Failed>(*event).code, 401U);
}

// RFC 8489 §6.1: 548 bytes of payload pass every IPv4 network, 1232 every IPv6 network.
TEST(BindingClient, TheLongestRequestFitsEveryNetwork) {
  Fixture t({.path = kPath, .software = std::string(5000, 'x')});
  t.client.start(kStart);
  PacketBuffer out;
  out.clear();

  ASSERT_TRUE(t.client.poll_transmit(kStart, out));

  EXPECT_EQ(get<Software>(*MessageView::parse(out.bytes()))->text.size(), 127U);
  EXPECT_LE(out.size(), 548U);
}

TEST(BindingClient, IsNotSentElsewhere) {
  Fixture t;

  const auto event = t.answered(Class::kError, [](MessageBuilder& answer) {
    answer.add(ErrorCode{300, ""}).add(AlternateServer{*parse_address("192.0.2.99:3478")});
  });

  EXPECT_EQ(std::get<BindingClient::Failed>(*event).code, 300U);
  EXPECT_RULE("8489:6.3.4#1");
}

// A client that may be sent on, and a network of servers that all send on.
struct Redirected : Fixture {
  explicit Redirected(std::size_t max, const Path& path = kPath)
      : Fixture({.path = path, .software = "", .max_redirects = max}) {}

  // Who is asked now; the answer is the way to `alternate`.
  std::optional<Address> sent_on(Instant now, const Address& alternate) {
    PacketBuffer out;
    out.clear();
    const auto path = client.poll_transmit(now, out);
    if (!path) return std::nullopt;
    ByteVector answer;
    MessageBuilder(Writer(answer), Class::kError, Method::kBinding,
                   MessageView::parse(out.bytes())->transaction())
        .add(ErrorCode{300, ""})
        .add(AlternateServer{alternate});
    receive(now, answer, *path);
    return path->remote;
  }
};

const Address kOther = *parse_address("192.0.2.99:3478");

TEST(BindingClient, FollowsARedirectionWhereItMay) {
  Redirected t(1);
  t.client.start(kStart);
  EXPECT_EQ(t.sent_on(kStart, kOther), kPath.remote);
  EXPECT_FALSE(t.client.poll_event());

  PacketBuffer out;
  out.clear();
  const auto path = t.client.poll_transmit(kStart, out);
  ASSERT_TRUE(path);
  EXPECT_EQ(path->remote, kOther);
  t.receive(kStart, answer_to(out.bytes(), *parse_address("198.51.100.7:9")), kPath);
  EXPECT_FALSE(t.client.poll_event());  // the first server has nothing to say any more
  t.receive(kStart, answer_to(out.bytes(), *parse_address("198.51.100.7:9")), *path);

  EXPECT_EQ(std::get<BindingClient::Mapped>(*t.client.poll_event()).address,
            *parse_address("198.51.100.7:9"));
  EXPECT_RULE("8489:10#0");
}

TEST(BindingClient, ServersThatNameEachOtherAreLeft) {
  Redirected t(8);
  t.client.start(kStart);

  EXPECT_EQ(t.sent_on(kStart, kOther), kPath.remote);
  EXPECT_EQ(t.sent_on(kStart, kPath.remote), kOther);

  EXPECT_EQ(std::get<BindingClient::Failed>(*t.client.poll_event()).code, 300U);
  EXPECT_RULE("8489:10#9");
  // So it is with the next question, as long as five minutes are not over.
  t.client.start(kStart + 299s);
  EXPECT_EQ(t.sent_on(kStart + 299s, kOther), kPath.remote);
  EXPECT_EQ(std::get<BindingClient::Failed>(*t.client.poll_event()).code, 300U);
  t.client.start(kStart + 300s);
  EXPECT_EQ(t.sent_on(kStart + 300s, kOther), kPath.remote);
  EXPECT_FALSE(t.client.poll_event());
}

TEST(BindingClient, IsSentOnNoMoreOftenThanItMay) {
  Redirected t(3);
  t.client.start(kStart);

  for (std::uint16_t i = 0; i < 4; ++i)
    EXPECT_TRUE(t.sent_on(kStart, kOther.with_port(static_cast<std::uint16_t>(4000 + i))));

  EXPECT_EQ(std::get<BindingClient::Failed>(*t.client.poll_event()).code, 300U);
}

TEST(BindingClient, DoesNotFollowToWhereItCannotGo) {
  for (const char* text : {"[2001:db8::1]:3478", "192.0.2.99:0"}) {
    Redirected t(3);
    t.client.start(kStart);
    EXPECT_TRUE(t.sent_on(kStart, *parse_address(text)));
    EXPECT_EQ(std::get<BindingClient::Failed>(*t.client.poll_event()).code, 300U) << text;
  }
  Path path = kPath;
  path.transport = Transport::kTls;
  Redirected t(3, path);
  t.client.start(kStart);
  EXPECT_TRUE(t.sent_on(kStart, kOther));
  EXPECT_EQ(std::get<BindingClient::Failed>(*t.client.poll_event()).code, 300U);
}

TEST(BindingClient, TriesAServerErrorFourTimesAgain) {
  Fixture t;
  t.client.start(kStart);
  std::set<TransactionId> ids;
  std::optional<BindingClient::Event> event;
  for (ByteVector request = t.sent(kStart); !request.empty(); request = t.sent(kStart)) {
    ids.insert(MessageView::parse(request)->transaction());
    ByteVector out;
    MessageBuilder(Writer(out), Class::kError, Method::kBinding,
                   MessageView::parse(request)->transaction())
        .add(ErrorCode{500, ""});
    t.receive(kStart, out);
    event = t.client.poll_event();
  }

  EXPECT_EQ(ids.size(), 5U);
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<BindingClient::Failed>(*event).code, 500U);
  EXPECT_RULE("8489:6.3.4#2");
}

TEST(BindingClient, AnUnreachableServerEndsIt) {
  Fixture t;
  t.client.on_unreachable();
  EXPECT_FALSE(t.client.poll_event());

  t.client.start(kStart);
  t.client.on_unreachable();

  EXPECT_EQ(std::get<BindingClient::Failed>(*t.client.poll_event()).reason,
            BindingFailure::kUnreachable);
}

TEST(BindingClient, WaitsLongerForAServerThatWasSlow) {
  Fixture t;
  t.client.start(kStart);
  t.receive(kStart + 400ms, answer_to(t.sent(kStart), kPath.local));
  EXPECT_TRUE(t.client.poll_event());

  t.client.start(kStart + 1s);
  EXPECT_FALSE(t.sent(kStart + 1s).empty());

  EXPECT_EQ(t.client.next_time(), kStart + 1s + 1200ms);
  EXPECT_RULE("8489:6.2.1#8");
}

TEST(BindingClient, AsksOneQuestionAtATime) {
  Fixture t;
  t.client.start(kStart);
  EXPECT_FALSE(t.sent(kStart).empty());

  t.client.start(kStart);

  EXPECT_TRUE(t.sent(kStart).empty());
}

TEST(BindingFailure, HasAText) {
  for (const auto failure : {BindingFailure::kTimeout, BindingFailure::kUnreachable,
                             BindingFailure::kErrorResponse, BindingFailure::kUnusable})
    EXPECT_FALSE(to_text(failure).empty());
}

}  // namespace
}  // namespace glass::stun
