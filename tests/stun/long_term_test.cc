// Client and server of long-term credentials against each other, and each against what a stranger
// may send.
#include "stun/long_term.h"

#include <chrono>

#include <gtest/gtest.h>

#include "base/text.h"
#include "base/writer.h"
#include "stun/authenticator.h"
#include "stun/integrity.h"
#include "stun/nonce_cookie.h"
#include "stun/transaction.h"
#include "tests/support/rules.h"

namespace glass::stun {
namespace {

using namespace std::chrono_literals;
using Next = LongTermClient::Next;
using Finding = ResponseGuard::Finding;
using Receipt = Transaction::Receipt;

const Path kServerPath{Transport::kUdp, *parse_address("192.0.2.1:3478"),
                       *parse_address("203.0.113.7:40001")};
const Path kClientPath{Transport::kUdp, *parse_address("10.0.0.1:5000"),
                       *parse_address("192.0.2.1:3478")};
const ByteVector kSecret(32, 7);

Trace trace() { return glass::test::test_trace(Layer::kStun); }

struct Request {
  ByteVector bytes;
  ResponseGuard guard;
};

struct Fixture {
  explicit Fixture(AuthenticatorConfig config = {.realm = "example.org"},
                   std::string_view password = "pass")
      : server(std::move(config), kSecret, users, trace()), client("user", password, trace()) {
    users.add("user", "pass");
  }

  Request ask() {
    Request request;
    MessageBuilder builder(Writer(request.bytes), Class::kRequest, Method::kBinding,
                           TransactionId::make(random));
    request.guard = client.protect(builder);
    return request;
  }
  ByteVector answer(Bytes raw, const Path& path = kServerPath) {
    const auto request = MessageView::parse(raw);
    auto user = server.check(now, path, *request);
    ByteVector out;
    MessageBuilder builder(Writer(out), user ? Class::kSuccess : Class::kError, Method::kBinding,
                           request->transaction());
    if (user) {
      builder.add(XorMappedAddress{path.remote});
      user->protect(builder);
    } else {
      server.refuse(now, path, user.error(), builder);
    }
    return out;
  }
  // The code of the answer to a request of the client; 0: success, which is what the guard passes.
  unsigned exchange(const Path& path = kServerPath) {
    const Request request = ask();
    const ByteVector raw = answer(request.bytes, path);
    const auto response = MessageView::parse(raw);
    EXPECT_EQ(request.guard.check(*response, trace()), Finding::kPass);
    if (response->cls() == Class::kSuccess) {
      client.on_success();
      return 0;
    }
    next = client.on_error(*response, request.guard.has_key());
    return get<ErrorCode>(*response)->code;
  }
  // The client has a nonce and has succeeded.
  void log_in() {
    EXPECT_EQ(exchange(), 401U);
    EXPECT_EQ(next, Next::kRetry);
    EXPECT_EQ(exchange(), 0U);
  }

  StaticCredentials users;
  Authenticator server;
  LongTermClient client;
  SeededRandom random{1};
  Instant now{1h};
  Next next = Next::kNotMine;
};

ByteVector error(unsigned code, std::string_view realm, std::string_view nonce,
                 Bytes algorithms = {}) {
  ByteVector out;
  MessageBuilder builder(Writer(out), Class::kError, Method::kBinding, TransactionId{});
  builder.add(ErrorCode{code, "x"});
  if (!realm.empty()) builder.add(Realm{realm});
  if (!nonce.empty()) builder.add(Nonce{nonce});
  if (!algorithms.empty()) builder.attribute(AttributeType::kPasswordAlgorithms, algorithms);
  return out;
}

const ByteVector kSha256First{0, 2, 0, 0, 0, 1, 0, 0};

TEST(NonceCookie, SpellsTheFeatures) {
  EXPECT_EQ(nonce_cookie({}), "obMatJos2AAAA");
  EXPECT_EQ(nonce_cookie({true, false}), "obMatJos2gAAA");
  EXPECT_EQ(nonce_cookie({true, true}), "obMatJos2wAAA");
  for (const bool a : {false, true})
    for (const bool b : {false, true})
      EXPECT_EQ(features_of(nonce_cookie({a, b}) + "rest"), (SecurityFeatures{a, b}));
  for (const char* none : {"", "obMatJos2", "obMatJos2gAA", "obMatJos3gAAAx", "obMatJos2!AAAx"})
    EXPECT_FALSE(features_of(none)) << none;
}

TEST(LongTerm, FirstIsAskedBareThenWithAProof) {
  Fixture t;
  const Request bare = t.ask();
  EXPECT_EQ(bare.bytes.size(), kHeaderSize);
  EXPECT_RULE("8489:9.2.3.1#1");

  t.log_in();

  const Request proved = t.ask();
  const auto request = MessageView::parse(proved.bytes);
  EXPECT_EQ(get<Username>(*request)->text, "user");
  EXPECT_EQ(get<Realm>(*request)->text, "example.org");
  EXPECT_TRUE(features_of(get<Nonce>(*request)->text)->password_algorithms);
  EXPECT_EQ(get<PasswordAlgorithm>(*request)->algorithm, PasswordAlgorithmNumber::kSha256);
  EXPECT_TRUE(request->has(AttributeType::kPasswordAlgorithms));
  EXPECT_TRUE(request->has(AttributeType::kMessageIntegritySha256));
  EXPECT_FALSE(request->has(AttributeType::kMessageIntegrity));
  EXPECT_RULE("8489:9.2#1");
  EXPECT_RULE("8489:9.2.3.2#2");
  EXPECT_RULE("8489:9.2.3.2#3");
  EXPECT_RULE("8489:9.2.4#2");
  EXPECT_RULE("8489:9.2.4#3");
  EXPECT_RULE("8489:9.2.4#4");
  EXPECT_RULE("8489:9.2.4#7");
  EXPECT_RULE("8489:9.2.4#26");
  EXPECT_RULE("8489:9.2.5#1");
  EXPECT_RULE("8489:9.2.5#3");
  EXPECT_RULE("8489:9.2.5#4");
  EXPECT_RULE("8489:9.2.5#6");
  EXPECT_RULE("8489:9.2.5#7");
  EXPECT_RULE("8489:9.2.5#8");
  EXPECT_RULE("8489:9.2.5#9");
  EXPECT_RULE("8489:9.2.5#19");
  EXPECT_RULE("8489:14.3#1");
  EXPECT_RULE("8489:14.8#9");
  EXPECT_RULE("8489:14.9#1");
}

TEST(LongTerm, WithAnOldServerTheProofIsMd5AndSha1) {
  Fixture t({.realm = "r", .password_algorithms = false});

  t.log_in();

  const Request proved = t.ask();
  const auto request = MessageView::parse(proved.bytes);
  EXPECT_FALSE(request->has(AttributeType::kPasswordAlgorithm));
  EXPECT_EQ(
      check_integrity(*request, long_term_key(PasswordAlgorithmNumber::kMd5, "user", "r", "pass")),
      Verdict::kValid);
  EXPECT_RULE("8489:9.2#2");
  EXPECT_RULE("8489:9.2.4#27");
  EXPECT_RULE("8489:18.5.1.1#1");
}

TEST(LongTerm, ANameIsHiddenWhereTheServerAsksForIt) {
  Fixture t({.realm = "r", .anonymous = true});

  t.log_in();

  const Request proved = t.ask();
  const auto request = MessageView::parse(proved.bytes);
  EXPECT_FALSE(request->has(AttributeType::kUsername));
  EXPECT_EQ(get<Userhash>(*request)->hash, userhash("user", "r").hash);
  EXPECT_RULE("8489:9.2.4#8");
  EXPECT_RULE("8489:9.2.5#5");
  EXPECT_RULE("8489:14.4#1");
}

TEST(LongTerm, AStaleNonceIsReplacedWithoutAnyoneNoticing) {
  Fixture t;
  t.log_in();

  t.now += 10min;

  EXPECT_EQ(t.exchange(), 438U);
  EXPECT_EQ(t.next, Next::kRetry);
  EXPECT_EQ(t.exchange(), 0U);
  EXPECT_RULE("8489:9.2.4#22");
  EXPECT_RULE("8489:9.2.4#23");
  EXPECT_RULE("8489:9.2.4#24");
  EXPECT_RULE("8489:9.2.5#12");
  EXPECT_RULE("8489:9.2.5#13");
}

TEST(LongTerm, ANonceHoldsForItsLifetimeAndNotASecondMore) {
  Fixture t;
  t.log_in();

  t.now += 10min - 1s;
  EXPECT_EQ(t.exchange(), 0U);
  t.now += 1s;
  EXPECT_EQ(t.exchange(), 438U);
}

TEST(LongTerm, AWrongPasswordIsTriedOnce) {
  Fixture t({.realm = "r"}, "wrong");

  EXPECT_EQ(t.exchange(), 401U);
  EXPECT_EQ(t.next, Next::kRetry);
  EXPECT_EQ(t.exchange(), 401U);
  EXPECT_EQ(t.next, Next::kGiveUp);
  EXPECT_RULE("8489:9.2.4#19");
  EXPECT_RULE("8489:9.2.5#11");
}

// Two requests went out bare; the second challenge says nothing about the password.
TEST(LongTerm, AChallengeToABareRequestIsNoRefusal) {
  Fixture t;
  const ByteVector challenge = error(401, "r", "nonce");

  EXPECT_EQ(t.client.on_error(*MessageView::parse(challenge), false), Next::kRetry);
  EXPECT_EQ(t.client.on_error(*MessageView::parse(challenge), false), Next::kRetry);
}

TEST(LongTerm, AServerThatOnlyChallengesIsLeft) {
  Fixture t;
  unsigned challenges = 0;
  for (Next next = Next::kRetry; next == Next::kRetry && challenges < 100; ++challenges) {
    const ByteVector stale = error(438, "r", "nonce" + std::to_string(challenges));
    next = t.client.on_error(*MessageView::parse(stale), true);
  }
  EXPECT_EQ(challenges, LongTermClient::kMaxChallenges + 1);
}

TEST(LongTerm, AServerThatChangesItsRealmForEverIsLeft) {
  Fixture t;
  unsigned challenges = 0;
  for (Next next = Next::kRetry; next == Next::kRetry && challenges < 100; ++challenges) {
    const ByteVector again = error(401, "r" + std::to_string(challenges), "nonce");
    next = t.client.on_error(*MessageView::parse(again), true);
  }
  EXPECT_EQ(challenges, LongTermClient::kMaxChallenges + 1);
}

TEST(LongTerm, AnotherRealmIsReasonToTryAgain) {
  Fixture t;
  t.client.on_error(*MessageView::parse(error(401, "r", "nonce")), false);

  EXPECT_EQ(t.client.on_error(*MessageView::parse(error(401, "s", "nonce")), true), Next::kRetry);
  EXPECT_EQ(t.client.realm(), "s");
}

TEST(LongTerm, ChallengesThatCannotBeAnsweredAreGivenUp) {
  for (const ByteVector& challenge :
       {error(401, "", "nonce"), error(401, "r", ""), error(438, "", "nonce"),
        error(401, "r", "nonce", ByteVector{0, 9, 0, 0}), error(401, "r", "nonce", ByteVector{0}),
        error(401, "r", "nonce", ByteVector{0, 1, 0, 4, 1, 2, 3, 4})}) {
    Fixture t;
    EXPECT_EQ(t.client.on_error(*MessageView::parse(challenge), false), Next::kGiveUp)
        << hex(challenge);
  }
  EXPECT_RULE("8489:9.2.5#10");
}

TEST(LongTerm, TheFirstKnownAlgorithmOfAListIsTaken) {
  Fixture t;
  const ByteVector list{0, 9, 0, 2, 1, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0};

  EXPECT_EQ(t.client.on_error(*MessageView::parse(error(401, "r", "nonce", list)), false),
            Next::kRetry);

  const Request request = t.ask();
  const auto view = MessageView::parse(request.bytes);
  EXPECT_EQ(get<PasswordAlgorithm>(*view)->algorithm, PasswordAlgorithmNumber::kMd5);
  EXPECT_EQ(hex(view->find(AttributeType::kPasswordAlgorithms)->value), hex(list));
}

TEST(LongTerm, ABidDownIsNotFollowed) {
  for (const unsigned code : {401U, 438U}) {
    Fixture t;
    const ByteVector challenge = error(code, "r", nonce_cookie({true, false}) + "rest");

    EXPECT_EQ(t.client.on_error(*MessageView::parse(challenge), false), Next::kGiveUp);
    EXPECT_FALSE(t.client.is_challenged());
  }
  EXPECT_RULE("8489:9.2.5#2");
}

TEST(LongTerm, NamesThatCannotBeHashedAnswerNoChallenge) {
  LongTermClient client(
      "us\xFF"
      "er",
      "pass", trace());

  EXPECT_FALSE(client.is_usable());
  EXPECT_EQ(client.on_error(*MessageView::parse(error(401, "r", "nonce")), false), Next::kGiveUp);
}

TEST(LongTerm, OtherErrorsAreNotForTheMechanism) {
  Fixture t;
  EXPECT_EQ(t.client.on_error(*MessageView::parse(error(500, "r", "nonce")), true), Next::kNotMine);
}

// ---- which responses count

struct InTransaction : Fixture {
  explicit InTransaction(Transport transport) {
    log_in();
    request = ask();
    Path path = kClientPath;
    path.transport = transport;
    transaction.emplace(TransactionConfig{}, path, request.bytes, trace());
    transaction->set_guard(std::move(request.guard));
    PacketBuffer out;
    transaction->poll_transmit(now, out);
  }
  ByteVector response(Class cls, unsigned code, std::string_view nonce = {}) {
    ByteVector out;
    MessageBuilder builder(Writer(out), cls, Method::kBinding, transaction->id());
    if (code != 0) builder.add(ErrorCode{code, "x"});
    if (!nonce.empty()) builder.add(Nonce{nonce});
    return out;
  }
  Receipt receive(const ByteVector& raw) {
    return transaction->receive(now, *MessageView::parse(raw), kStunAttributes);
  }
  Request request;
  std::optional<Transaction> transaction;
};

TEST(LongTerm, AnswersWithoutAProofAreAsIfTheyHadNeverCome) {
  InTransaction t(Transport::kUdp);

  EXPECT_EQ(t.receive(t.response(Class::kSuccess, 0)), Receipt::kDiscarded);
  EXPECT_EQ(t.receive(t.response(Class::kError, 400)), Receipt::kDiscarded);
  EXPECT_RULE("8489:9.2.5#15");
  EXPECT_EQ(t.receive(t.response(Class::kError, 500)), Receipt::kDiscarded);
  EXPECT_RULE("8489:9.2.5#16");
  EXPECT_TRUE(t.transaction->is_proved());

  EXPECT_EQ(t.receive(t.answer(t.request.bytes)), Receipt::kSuccess);
}

TEST(LongTerm, OverTcpAnAnswerWithoutAProofEndsIt) {
  InTransaction t(Transport::kTcp);

  EXPECT_EQ(t.receive(t.response(Class::kError, 400)), Receipt::kDiscarded);
  EXPECT_EQ(t.receive(t.response(Class::kSuccess, 0)), Receipt::kFailed);
  EXPECT_TRUE(t.transaction->integrity_violated());
  EXPECT_RULE("8489:9.2.5#18");
}

TEST(LongTerm, ATimeOutAfterForgedAnswersSaysSo) {
  InTransaction t(Transport::kUdp);
  EXPECT_EQ(t.receive(t.response(Class::kSuccess, 0)), Receipt::kDiscarded);

  PacketBuffer out;
  while (t.transaction->in_progress()) {
    t.now = t.transaction->next_time();
    t.transaction->on_time(t.now);
    out.clear();
    t.transaction->poll_transmit(t.now, out);
  }

  EXPECT_TRUE(t.transaction->timed_out());
  EXPECT_TRUE(t.transaction->integrity_violated());
  EXPECT_RULE("8489:9.2.5#17");
}

TEST(LongTerm, AnAnswerWithoutThePromisedAlgorithmsIsIgnored) {
  InTransaction t(Transport::kTcp);

  EXPECT_EQ(t.receive(t.response(Class::kSuccess, 0, nonce_cookie({true, false}))),
            Receipt::kDiscarded);
  EXPECT_RULE("8489:9.2.5#14");
}

TEST(LongTerm, ChallengesNeedNoProof) {
  for (const unsigned code : {401U, 438U}) {
    InTransaction t(Transport::kUdp);
    EXPECT_EQ(t.receive(t.response(Class::kError, code)), Receipt::kError);
  }
}

TEST(LongTerm, AProofOfTheOtherKindIsNone) {
  InTransaction t(Transport::kUdp);
  ByteVector raw;
  MessageBuilder(Writer(raw), Class::kSuccess, Method::kBinding, t.transaction->id())
      .add_integrity(
          long_term_key(PasswordAlgorithmNumber::kSha256, "user", "example.org", "pass"));

  EXPECT_EQ(t.receive(raw), Receipt::kDiscarded);
}

}  // namespace
}  // namespace glass::stun
