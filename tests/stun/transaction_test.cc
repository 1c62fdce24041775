#include "stun/transaction.h"

#include <chrono>

#include <gtest/gtest.h>

#include "base/text.h"
#include "base/writer.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "tests/support/rules.h"

namespace glass::stun {
namespace {

using namespace std::chrono_literals;
using Receipt = Transaction::Receipt;

constexpr Instant kStart{};
const TransactionId kId{
    {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
};
const Path kPath{Transport::kUdp, *parse_address("10.0.0.1:5000"),
                 *parse_address("192.0.2.1:3478")};

ByteVector binding_request() {
  ByteVector out;
  MessageBuilder(Writer(out), Class::kRequest, Method::kBinding, kId).add(Software{"test"});
  return out;
}

struct Fixture {
  explicit Fixture(const TransactionConfig& config = {}, Transport transport = Transport::kUdp)
      : transaction(config, Path{transport, kPath.local, kPath.remote}, binding_request(),
                    glass::test::test_trace(Layer::kStun)) {}

  // Polls for the request at `now`; true: it was sent.
  bool send(Instant now) {
    PacketBuffer out;
    out.clear();
    const auto path = transaction.poll_transmit(now, out);
    if (!path) return false;
    EXPECT_EQ(path->remote, kPath.remote);
    EXPECT_EQ(hex(out.bytes()), hex(binding_request()));
    return true;
  }
  // Runs until nothing is to be done any more. When the request was sent:
  std::vector<Duration> run(Instant now = kStart) {
    std::vector<Duration> sent;
    while (transaction.in_progress()) {
      if (send(now)) sent.push_back(now - kStart);
      if (transaction.next_time() == kNever) break;
      now = transaction.next_time();
      transaction.on_time(now);
      end = now - kStart;
    }
    return sent;
  }
  Receipt receive(Instant now, const ByteVector& raw) {
    return transaction.receive(now, *MessageView::parse(raw), kStunAttributes);
  }

  Transaction transaction;
  Duration end{};
};

ByteVector response(Class cls, const TransactionId& id = kId, Bytes key = {}) {
  ByteVector out;
  MessageBuilder builder(Writer(out), cls, Method::kBinding, id);
  if (cls == Class::kError) builder.add(ErrorCode{400, "Bad Request"});
  if (cls == Class::kSuccess) builder.add(XorMappedAddress{kPath.local});
  if (!key.empty()) builder.add_integrity(key);
  return out;
}

// The example of RFC 8489 §6.2.1: seven requests, and failure after 39.5 seconds.
TEST(Rfc8489Section621, ExampleTimes) {
  Fixture t;

  EXPECT_EQ(t.run(), (std::vector<Duration>{0ms, 500ms, 1500ms, 3500ms, 7500ms, 15500ms, 31500ms}));

  EXPECT_EQ(t.end, 39500ms);
  EXPECT_TRUE(t.transaction.timed_out());
  EXPECT_RULE("8489:6.2.1#1");
  EXPECT_RULE("8489:6.2.1#11");
  EXPECT_RULE("8489:6.2.1#12");
}

TEST(Transaction, IceSetsItsOwnTimes) {
  Fixture t({.rto = 100ms, .request_count = 3, .last_wait = 4});

  EXPECT_EQ(t.run(), (std::vector<Duration>{0ms, 100ms, 300ms}));
  EXPECT_EQ(t.end, 700ms);
}

TEST(Transaction, SendsOnceOverAReliableTransport) {
  Fixture t({}, Transport::kTcp);

  EXPECT_EQ(t.run(), (std::vector<Duration>{0ms}));
  EXPECT_EQ(t.end, 39500ms);
  EXPECT_TRUE(t.transaction.timed_out());
  EXPECT_RULE("8489:6.2.2#2");
}

TEST(Transaction, IsNotDisturbedByAnEarlyCall) {
  Fixture t;
  EXPECT_TRUE(t.send(kStart));

  t.transaction.on_time(kStart + 499ms);

  EXPECT_FALSE(t.send(kStart + 499ms));
  EXPECT_EQ(t.transaction.next_time(), kStart + 500ms);
}

TEST(Transaction, ASuccessEndsItAndMeasuresTheRoundTrip) {
  Fixture t;
  EXPECT_TRUE(t.send(kStart));

  EXPECT_EQ(t.receive(kStart + 30ms, response(Class::kSuccess)), Receipt::kSuccess);

  EXPECT_FALSE(t.transaction.in_progress());
  EXPECT_EQ(t.transaction.next_time(), kNever);
  EXPECT_EQ(t.transaction.round_trip(), 30ms);
  EXPECT_RULE("8489:6.3.3#0");
}

TEST(Transaction, ARepeatedRequestMeasuresNothing) {
  Fixture t;
  EXPECT_TRUE(t.send(kStart));
  t.transaction.on_time(kStart + 500ms);
  EXPECT_TRUE(t.send(kStart + 500ms));

  EXPECT_EQ(t.receive(kStart + 510ms, response(Class::kSuccess)), Receipt::kSuccess);

  EXPECT_EQ(t.transaction.round_trip(), std::nullopt);
  EXPECT_RULE("8489:6.2.1#7");
}

TEST(Transaction, AnErrorResponseEndsIt) {
  Fixture t;
  EXPECT_TRUE(t.send(kStart));

  EXPECT_EQ(t.receive(kStart + 30ms, response(Class::kError)), Receipt::kError);

  EXPECT_FALSE(t.transaction.in_progress());
  EXPECT_RULE("8489:6.3.4#0");
}

TEST(Transaction, OtherMessagesAreNotItsOwn) {
  Fixture t;
  EXPECT_EQ(t.receive(kStart, response(Class::kSuccess)), Receipt::kNotMine);  // nothing was asked
  EXPECT_TRUE(t.send(kStart));

  EXPECT_EQ(t.receive(kStart, response(Class::kSuccess, TransactionId{})), Receipt::kNotMine);
  EXPECT_EQ(t.receive(kStart, response(Class::kRequest)), Receipt::kNotMine);
  EXPECT_EQ(t.receive(kStart, response(Class::kIndication)), Receipt::kNotMine);
  EXPECT_TRUE(t.transaction.in_progress());
}

TEST(Transaction, AnotherMethodIsNoAnswer) {
  Fixture t;
  EXPECT_TRUE(t.send(kStart));
  ByteVector out;
  MessageBuilder(Writer(out), Class::kSuccess, Method::kRefresh, kId);

  EXPECT_EQ(t.receive(kStart, out), Receipt::kDiscarded);

  EXPECT_TRUE(t.transaction.in_progress());
  EXPECT_RULE("8489:6.3#0");
}

TEST(Transaction, ADuplicateOfTheAnswerIsDiscarded) {
  Fixture t;
  EXPECT_TRUE(t.send(kStart));
  EXPECT_EQ(t.receive(kStart + 1ms, response(Class::kSuccess)), Receipt::kSuccess);

  EXPECT_EQ(t.receive(kStart + 2ms, response(Class::kSuccess)), Receipt::kDiscarded);
  EXPECT_EQ(t.receive(kStart + 2ms, response(Class::kError)), Receipt::kDiscarded);
  EXPECT_EQ(t.transaction.round_trip(), 1ms);
}

TEST(Transaction, AnUnknownRequiredAttributeInTheAnswerFailsIt) {
  for (const Class cls : {Class::kSuccess, Class::kError}) {
    Fixture t;
    EXPECT_TRUE(t.send(kStart));
    ByteVector out;
    MessageBuilder(Writer(out), cls, Method::kBinding, kId)
        .add(ErrorCode{400, ""})
        .attribute(static_cast<AttributeType>(0x7777), {});

    EXPECT_EQ(t.receive(kStart, out), Receipt::kFailed);

    EXPECT_FALSE(t.transaction.in_progress());
    EXPECT_FALSE(t.send(kStart + 500ms));
  }
  EXPECT_RULE("8489:6.3.3#0");
  EXPECT_RULE("8489:6.3.4#0");
}

TEST(Transaction, AnErrorWithoutACodeFailsIt) {
  Fixture t;
  EXPECT_TRUE(t.send(kStart));
  ByteVector out;
  MessageBuilder(Writer(out), Class::kError, Method::kBinding, kId);

  EXPECT_EQ(t.receive(kStart, out), Receipt::kFailed);
  EXPECT_THAT(glass::test::drop_reasons(),
              testing::ElementsAre("an error response without ERROR-CODE"));
}

TEST(Transaction, AnswersThatFailTheirIntegrityAreAsIfTheyNeverCame) {
  Fixture t;
  t.transaction.require_integrity(as_bytes("key"));
  EXPECT_TRUE(t.send(kStart));

  EXPECT_EQ(t.receive(kStart + 1ms, response(Class::kSuccess)), Receipt::kDiscarded);
  EXPECT_EQ(t.receive(kStart + 1ms, response(Class::kSuccess, kId, as_bytes("kez"))),
            Receipt::kDiscarded);
  EXPECT_EQ(t.receive(kStart + 1ms, response(Class::kError)), Receipt::kDiscarded);
  EXPECT_EQ(t.transaction.next_time(), kStart + 500ms);
  EXPECT_EQ(t.receive(kStart + 2ms, response(Class::kSuccess, kId, as_bytes("key"))),
            Receipt::kSuccess);

  EXPECT_RULE("8489:9.1.4#2");
}

TEST(Transaction, ATimeOutAfterForgedAnswersSaysSo) {
  Fixture t;
  t.transaction.require_integrity(as_bytes("key"));
  EXPECT_TRUE(t.send(kStart));
  EXPECT_EQ(t.receive(kStart, response(Class::kSuccess)), Receipt::kDiscarded);

  t.run();

  EXPECT_TRUE(t.transaction.timed_out());
  EXPECT_TRUE(t.transaction.integrity_violated());
  EXPECT_RULE("8489:9.1.4#3");
}

TEST(Transaction, AForgedAnswerOverAReliableTransportEndsIt) {
  Fixture t({}, Transport::kTcp);
  t.transaction.require_integrity(as_bytes("key"));
  EXPECT_TRUE(t.send(kStart));

  EXPECT_EQ(t.receive(kStart, response(Class::kSuccess)), Receipt::kFailed);

  EXPECT_TRUE(t.transaction.integrity_violated());
  EXPECT_RULE("8489:9.1.4#4");
}

TEST(Transaction, AHardIcmpErrorEndsIt) {
  Fixture t;
  EXPECT_TRUE(t.send(kStart));

  t.transaction.on_unreachable();

  EXPECT_FALSE(t.transaction.in_progress());
  EXPECT_FALSE(t.transaction.timed_out());
}

TEST(Transaction, ACancelledOneSendsNothingButStillListens) {
  Fixture t;
  EXPECT_TRUE(t.send(kStart));
  t.transaction.on_time(kStart + 500ms);

  t.transaction.stop_sending();

  EXPECT_FALSE(t.send(kStart + 500ms));
  EXPECT_EQ(t.transaction.next_time(), kStart + 39500ms);
  EXPECT_EQ(t.receive(kStart + 600ms, response(Class::kSuccess)), Receipt::kSuccess);
}

TEST(Transaction, ACancelledOneTimesOutAllTheSame) {
  Fixture t;
  EXPECT_TRUE(t.send(kStart));
  t.transaction.stop_sending();

  t.transaction.on_time(kStart + 39500ms);

  EXPECT_TRUE(t.transaction.timed_out());
}

}  // namespace
}  // namespace glass::stun
