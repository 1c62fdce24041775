// The server's checks in their order, RFC 8489 §9.2.4. What a true client sends is in
// long_term_test.cc.
#include "stun/authenticator.h"

#include <chrono>

#include <gtest/gtest.h>

#include "base/text.h"
#include "base/writer.h"
#include "stun/integrity.h"
#include "stun/nonce_cookie.h"
#include "tests/support/rules.h"

namespace glass::stun {
namespace {

using namespace std::chrono_literals;

const Path kPath{Transport::kUdp, *parse_address("192.0.2.1:3478"),
                 *parse_address("203.0.113.7:40001")};
const ByteVector kSecret(32, 7);
const ByteVector kOffered{0, 2, 0, 0, 0, 1, 0, 0};

struct Fields {
  std::optional<std::string> user = "user";
  std::optional<std::string> realm = "r";
  std::optional<std::string> nonce;
  std::optional<ByteVector> algorithms = kOffered;
  std::optional<ByteVector> algorithm = ByteVector{0, 2, 0, 0};
  std::optional<std::string> password = "pass";
  bool sha1 = false;
};

struct Fixture {
  explicit Fixture(AuthenticatorConfig config = {.realm = "r"})
      : server(std::move(config), kSecret, users, glass::test::test_trace(Layer::kStun)) {
    users.add("user", "pass");
    fields.nonce = server.make_nonce(now, kPath);
  }
  ByteVector request() const {
    ByteVector out;
    MessageBuilder builder(Writer(out), Class::kRequest, Method::kBinding, TransactionId{});
    const auto add = [&](AttributeType type, const auto& value) {
      if (value) builder.attribute(type, Bytes(ByteVector(value->begin(), value->end())));
    };
    add(AttributeType::kUsername, fields.user);
    add(AttributeType::kRealm, fields.realm);
    add(AttributeType::kNonce, fields.nonce);
    add(AttributeType::kPasswordAlgorithms, fields.algorithms);
    add(AttributeType::kPasswordAlgorithm, fields.algorithm);
    if (!fields.password) return out;
    const bool md5 = !fields.algorithm || (*fields.algorithm)[1] == 1;
    const ByteVector key =
        long_term_key(md5 ? PasswordAlgorithmNumber::kMd5 : PasswordAlgorithmNumber::kSha256,
                      fields.user.value_or(""), "r", *fields.password);
    add_proof(builder, fields.sha1 ? Integrity::kSha1 : Integrity::kSha256, key);
    return out;
  }
  // 0: accepted.
  unsigned code(const Path& path = kPath) {
    const ByteVector raw = request();
    const auto user = server.check(now, path, *MessageView::parse(raw));
    return user ? 0 : user.error().code;
  }
  ByteVector refusal(const Refusal& refusal) {
    ByteVector out;
    MessageBuilder builder(Writer(out), Class::kError, Method::kBinding, TransactionId{});
    server.refuse(now, kPath, refusal, builder);
    return out;
  }

  StaticCredentials users;
  Instant now{1h};
  Authenticator server;
  Fields fields;
};

TEST(Authenticator, AcceptsAProof) {
  Fixture t;
  const ByteVector raw = t.request();

  const auto user = t.server.check(t.now, kPath, *MessageView::parse(raw));

  ASSERT_TRUE(user);
  EXPECT_EQ(user->user, "user");
  EXPECT_EQ(user->integrity, Integrity::kSha256);
}

TEST(Authenticator, AcceptsTheChosenAlgorithmAndAlsoTheOldOne) {
  Fixture t;
  t.fields.algorithm = ByteVector{0, 1, 0, 0};
  EXPECT_EQ(t.code(), 0U);
  t.fields.algorithm.reset();
  t.fields.algorithms.reset();
  EXPECT_EQ(t.code(), 0U);
  t.fields.sha1 = true;
  const ByteVector raw = t.request();
  EXPECT_EQ(t.server.check(t.now, kPath, *MessageView::parse(raw))->integrity, Integrity::kSha1);
}

TEST(Authenticator, ChallengesWhoProvesNothing) {
  Fixture t;
  t.fields = Fields{.user = {}, .realm = {}, .nonce = {}, .algorithms = {}, .algorithm = {}};
  t.fields.password.reset();
  EXPECT_EQ(t.code(), 401U);

  const ByteVector raw = t.refusal({401, true});
  const auto message = MessageView::parse(raw);

  EXPECT_EQ(get<Realm>(*message)->text, "r");
  EXPECT_EQ(get<Nonce>(*message)->text, t.server.make_nonce(t.now, kPath));
  EXPECT_TRUE(get<Nonce>(*message)->text.starts_with("obMatJos2gAAA"));
  EXPECT_LT(get<Nonce>(*message)->text.size(), 128U);
  EXPECT_EQ(hex(message->find(AttributeType::kPasswordAlgorithms)->value), hex(kOffered));
  EXPECT_FALSE(message->has(AttributeType::kUsername));
  EXPECT_FALSE(message->has(AttributeType::kMessageIntegrity));
  EXPECT_FALSE(message->has(AttributeType::kMessageIntegritySha256));
}

// A stranger with a forged source gets the victim at most this many bytes for its 20.
TEST(Authenticator, AChallengeIsSmall) { EXPECT_LE(Fixture().refusal({401, true}).size(), 160U); }

TEST(Authenticator, ARealmOfTooManyCharactersIsReplaced) {
  std::string accents;
  for (int i = 0; i < 127; ++i) accents += "\xC3\xA9";
  EXPECT_EQ(Fixture({.realm = accents}).server.realm(), accents);
  EXPECT_EQ(Fixture({.realm = accents + "x"}).server.realm(), AuthenticatorConfig{}.realm);
}

TEST(Authenticator, AProofWithoutNamesIsMalformed) {
  for (int missing = 0; missing < 3; ++missing) {
    Fixture t;
    (missing == 0 ? t.fields.user : missing == 1 ? t.fields.realm : t.fields.nonce).reset();
    EXPECT_EQ(t.code(), 400U) << missing;
  }
  EXPECT_RULE("8489:9.2.4#10");
  const ByteVector raw = Fixture().refusal({400, false});
  const auto message = MessageView::parse(raw);
  EXPECT_FALSE(message->has(AttributeType::kRealm));
  EXPECT_FALSE(message->has(AttributeType::kNonce));
}

TEST(Authenticator, ATamperedListOfAlgorithmsIsMalformed) {
  const std::vector<std::pair<std::optional<ByteVector>, std::optional<ByteVector>>> cases{
      {ByteVector{0, 1, 0, 0},             ByteVector{0, 1, 0, 0}            },
      {ByteVector{0, 1, 0, 0, 0, 2, 0, 0}, ByteVector{0, 2, 0, 0}            },
      {std::nullopt,                       ByteVector{0, 2, 0, 0}            },
      {kOffered,                           std::nullopt                      },
      {kOffered,                           ByteVector{0, 3, 0, 0}            },
      {kOffered,                           ByteVector{0, 2, 0, 4, 1, 2, 3, 4}},
      {kOffered,                           ByteVector{0, 2}                  },
  };
  for (const auto& [algorithms, algorithm] : cases) {
    Fixture t;
    t.fields.algorithms = algorithms;
    t.fields.algorithm = algorithm;
    EXPECT_EQ(t.code(), 400U) << hex(algorithms.value_or(ByteVector{}));
  }
  EXPECT_RULE("8489:9.2.4#12");
}

TEST(Authenticator, AnUnknownUserIsRefusedLikeAWrongPassword) {
  for (const std::string user : {"nobody", "us\xFFr", ""}) {
    Fixture t;
    t.fields.user = user;
    EXPECT_EQ(t.code(), 401U);
  }
  EXPECT_RULE("8489:9.2.4#13");
  Fixture t;
  t.fields.password = "wrong";
  EXPECT_EQ(t.code(), 401U);
  EXPECT_RULE("8489:9.2.4#19");
}

// Only who knows the password learns that its nonce is stale.
TEST(Authenticator, TheProofIsCheckedBeforeTheNonce) {
  Fixture t;
  t.fields.nonce = "of my own";
  t.fields.password = "wrong";
  EXPECT_EQ(t.code(), 401U);
}

TEST(Authenticator, ForgedNoncesAreStale) {
  Fixture fresh;
  const std::string nonce = *fresh.fields.nonce;
  for (std::size_t i = kNonceCookieSize; i < nonce.size(); ++i) {
    Fixture t;
    (*t.fields.nonce)[i] = nonce[i] == '0' ? '1' : '0';
    EXPECT_EQ(t.code(), 438U) << i;
  }
  for (const std::string& other : {nonce + "0", nonce.substr(0, nonce.size() - 1)}) {
    Fixture t;
    t.fields.nonce = other;
    EXPECT_EQ(t.code(), 438U);
  }
}

TEST(Authenticator, ANonceWithoutItsCookieIsStale) {
  Fixture t;
  t.fields.algorithm.reset();
  t.fields.algorithms.reset();
  (*t.fields.nonce)[9] = 'A';
  EXPECT_EQ(t.code(), 438U);
}

TEST(Authenticator, ANonceIsForOneAddressOnly) {
  Fixture t;
  Path other = kPath;
  other.remote.port = 40002;
  EXPECT_EQ(t.code(other), 438U);
  EXPECT_NE(t.server.make_nonce(t.now, kPath), t.server.make_nonce(t.now, other));
  EXPECT_RULE("8489:9.2.4#5");
}

TEST(Authenticator, ANonceFromTheFutureIsStale) {
  Fixture t;
  t.now -= 1s;
  EXPECT_EQ(t.code(), 438U);
}

TEST(Authenticator, AnotherServersNonceIsStale) {
  Fixture t;
  Authenticator other({.realm = "r"}, ByteVector(32, 8), t.users, {});
  t.fields.nonce = other.make_nonce(t.now, kPath);
  EXPECT_EQ(t.code(), 438U);
}

TEST(Authenticator, ARealmThatCannotBeHashedIsReplaced) {
  StaticCredentials users;
  EXPECT_EQ(Authenticator({.realm = "\xFF"}, kSecret, users, {}).realm(), "glass");
}

}  // namespace
}  // namespace glass::stun
