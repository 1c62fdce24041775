// Long-term credentials as a server checks them. RFC 8489 §6.3, §9, §9.2.4, §14.6.
#include "base/text.h"
#include "base/writer.h"
#include "conform/turn/suite.h"
#include "conform/turn/turn_probe.h"
#include "stun/integrity.h"

namespace glass::conform {
namespace {

const std::vector<Accepted> kExpected{
    {kAsExpected, Verdict::kPass}
};
const std::vector<Accepted> k400{
    {"error 400", Verdict::kPass}
};
const std::vector<Accepted> k401{
    {"error 401", Verdict::kPass}
};

// A Refresh request signed by `how`: without an allocation it is answered 437 where the proof
// holds, so nothing is left behind whatever the answer.
Reply refresh_like(TurnProbe& p, const Signing& how) { return p.ask_like(Method::kRefresh, how); }

Outcome anonymous(TurnProbe& p) {
  RawStun request = p.request(Method::kAllocate);
  request.number(AttributeType::kRequestedTransport, std::uint32_t{17} << 24);
  return outcome_of(p.ask(request));
}

Reply anonymous_reply(TurnProbe& p) {
  RawStun request = p.request(Method::kAllocate);
  request.number(AttributeType::kRequestedTransport, std::uint32_t{17} << 24);
  return p.ask(request);
}

Outcome has_in_401(const Reply& reply, AttributeType type, std::string_view name) {
  if (reply.code != 401) return outcome_of(reply);
  return reply.has(type) ? as_expected() : wrong("401 without " + std::string(name));
}

// Is any of what should not be there in this error?
Outcome has_none_of(const Reply& reply, std::initializer_list<AttributeType> types) {
  for (const AttributeType type : types)
    if (reply.has(type))
      return {.name = "too much",
              .detail = "attribute " + hex_number(static_cast<std::uint64_t>(type), 4)};
  return as_expected();
}

Outcome nonce_of_each(TurnProbe& p) {
  TurnProbe other(p.session());
  const Reply one = anonymous_reply(p);
  const Reply two = anonymous_reply(other);
  if (one.code != 401 || two.code != 401) return inconclusive("no two challenges");
  return one.text_of(AttributeType::kNonce) == two.text_of(AttributeType::kNonce)
             ? wrong("two ports were given the same nonce")
             : as_expected();
}

Outcome nonce_cookie(TurnProbe& p) {
  const Reply reply = anonymous_reply(p);
  if (reply.code != 401) return outcome_of(reply);
  return features_of_nonce(reply.text_of(AttributeType::kNonce)) ? as_expected()
                                                                 : Outcome{.name = "none"};
}

Outcome algorithms_bit(TurnProbe& p) {
  const Reply reply = anonymous_reply(p);
  if (reply.code != 401) return outcome_of(reply);
  const auto features = features_of_nonce(reply.text_of(AttributeType::kNonce));
  const bool says = features && features->password_algorithms;
  return says == reply.has(AttributeType::kPasswordAlgorithms)
             ? as_expected()
             : wrong(says ? "the bit is set, and there is no list"
                          : "there is a list, and the bit is not set");
}

Outcome without(TurnProbe& p, bool Signing::* part) {
  Signing how = p.signing();
  how.*part = false;
  return outcome_of(refresh_like(p, how));
}

Outcome names_in_400(TurnProbe& p) {
  Signing how = p.signing();
  how.with_nonce = false;
  const Reply reply = refresh_like(p, how);
  if (reply.code != 400) return inconclusive("no 400 to look at: " + reply.name());
  return has_none_of(reply, {AttributeType::kUsername, AttributeType::kUserhash,
                             AttributeType::kNonce, AttributeType::kRealm});
}

Reply as_nobody(TurnProbe& p) {
  Signing how = p.signing();
  how.user = "nobody-of-this-name";
  return refresh_like(p, how);
}

Reply with_wrong_password(TurnProbe& p) {
  Signing how = p.signing();
  how.password += "x";
  return refresh_like(p, how);
}

Outcome can_answer(const Reply& reply, bool with_list) {
  if (reply.code != 401) return outcome_of(reply);
  if (!challenge_of(reply)) return wrong("401 without REALM and NONCE");
  if (with_list && !reply.has(AttributeType::kPasswordAlgorithms))
    return wrong("401 without PASSWORD-ALGORITHMS");
  return as_expected();
}

Reply with_foreign_nonce(TurnProbe& p) {
  Signing how = p.signing();
  // As long as the server's own, and with its cookie where it has one.
  for (std::size_t i = how.challenge.nonce.size() / 2; i < how.challenge.nonce.size(); ++i)
    how.challenge.nonce[i] = how.challenge.nonce[i] == 'a' ? 'b' : 'a';
  return refresh_like(p, how);
}

Outcome stale_is_told(TurnProbe& p) {
  const Reply reply = with_foreign_nonce(p);
  if (reply.code != 438) return outcome_of(reply);
  if (!challenge_of(reply)) return wrong("438 without REALM and NONCE");
  if (p.session().has("password-algorithms") && !reply.has(AttributeType::kPasswordAlgorithms))
    return wrong("438 without PASSWORD-ALGORITHMS");
  return as_expected();
}

Outcome fresh_nonce_works(TurnProbe& p) {
  const Reply reply = with_foreign_nonce(p);
  const auto fresh = challenge_of(reply);
  if (reply.code != 438 || !fresh) return inconclusive("no 438 with a nonce: " + reply.name());
  Signing how = p.signing();
  how.challenge.nonce = fresh->nonce;
  return outcome_of(refresh_like(p, how));
}

Outcome nonce_of_another(TurnProbe& p) {
  TurnProbe other(p.session());
  Signing how = p.signing();
  how.challenge.nonce = other.signing().challenge.nonce;
  return outcome_of(refresh_like(p, how));
}

Outcome is_proved(TurnProbe& p, bool modern) {
  Signing how = p.signing();
  how.modern = modern;
  const Reply reply = refresh_like(p, how);
  if (reply.code != 437) return outcome_of(reply);
  const ByteVector key = key_of(how);
  const stun::Verdict verdict = modern ? stun::check_integrity_sha256(reply.view(), key)
                                       : stun::check_integrity(reply.view(), key);
  if (verdict == stun::Verdict::kAbsent) return wrong("the answer proves nothing");
  return verdict == stun::Verdict::kValid ? as_expected() : wrong("the proof is wrong");
}

Outcome changed_modern(TurnProbe& p, void (*change)(Signing&)) {
  Signing how = p.signing();
  change(how);
  return outcome_of(refresh_like(p, how));
}

ByteVector md5_only() {
  ByteVector list;
  Writer(list).u16(1).u16(0);
  return list;
}

Outcome behind_integrity(TurnProbe& p) {
  RawStun request = p.request(Method::kRefresh);
  sign(request, p.signing());
  request.number(kUnknownRequired, 0);
  return outcome_of(p.ask(request));
}

Outcome unknown_before_login(TurnProbe& p) {
  RawStun request = p.request(Method::kAllocate);
  request.number(AttributeType::kRequestedTransport, std::uint32_t{17} << 24);
  request.number(kUnknownRequired, 0);
  return outcome_of(p.ask(request));
}

Outcome unknown_after_login(TurnProbe& p) {
  return outcome_of(p.allocate([](RawStun& request) { request.number(kUnknownRequired, 0); }));
}

Outcome flipped_digest(TurnProbe& p) {
  RawStun request = p.request(Method::kRefresh);
  sign(request, p.signing());
  ByteVector bytes = request.bytes();
  bytes.back() ^= 1;
  return outcome_of(p.ask(bytes, request.id()));
}

using Add = std::function<void(Case)>;

void add_challenges(const Add& add) {
  add({.id = "turn/8489:9.2.4#2/anonymous",
       .title = "Sends Allocate without credentials",
       .expectation = "401 (Unauthenticated)",
       .outcomes = k401,
       .run = on(anonymous)});
  add({.id = "turn/8489:9.2.4#3/realm",
       .title = "Sends Allocate without credentials",
       .expectation = "The 401 has a REALM",
       .outcomes = kExpected,
       .run = on(+[](TurnProbe& p) {
         return has_in_401(anonymous_reply(p), AttributeType::kRealm, "REALM");
       })});
  add({.id = "turn/8489:9.2.4#4/nonce",
       .title = "Sends Allocate without credentials",
       .expectation = "The 401 has a NONCE",
       .outcomes = kExpected,
       .run = on(+[](TurnProbe& p) {
         return has_in_401(anonymous_reply(p), AttributeType::kNonce, "NONCE");
       })});
  add({.id = "turn/8489:9.2.4#5/nonce-of-each",
       .title = "Sends Allocate without credentials from two ports",
       .expectation = "They are given different nonces",
       .outcomes = kExpected,
       .run = on(nonce_of_each)});
  add({
      .id = "turn/8489:9.2.4#9/bare-401",
      .title = "Sends Allocate without credentials",
      .expectation = "The 401 has no USERNAME, no USERHASH and no proof",
      .level = Level::kShould,
      .outcomes = {{kAsExpected, Verdict::kPass}, {"too much", Verdict::kLenient}},
      .run = on(+[](TurnProbe& p) {
        return has_none_of(anonymous_reply(p), {AttributeType::kUsername, AttributeType::kUserhash,
                                                AttributeType::kMessageIntegrity,
                                                AttributeType::kMessageIntegritySha256});
                   }
        )
  });
  add({
      .id = "turn/8489:9.2#1/nonce-cookie",
      .title = "Looks how the nonce begins",
      .expectation = "With the cookie that says that this is RFC 8489",
      .outcomes = {{kAsExpected, Verdict::kPass}, {"none", Verdict::kLenient}},
      .run = on(nonce_cookie)
  });
  add({.id = "turn/8489:9.2.4#7/algorithms-bit",
       .title = "Compares the bits of the nonce with the list of the challenge",
       .expectation = "The bit for password algorithms is set where there is PASSWORD-ALGORITHMS",
       .outcomes = kExpected,
       .run = on(algorithms_bit)});
}

void add_refusals(const Add& add) {
  add({.id = "turn/8489:9.2.4#10/no-username",
       .title = "Signs a request that has no USERNAME",
       .expectation = "400 (Bad Request)",
       .cls = Class::kInvalid,
       .outcomes = k400,
       .needs = {"login"},
       .run = on(+[](TurnProbe& p) { return without(p, &Signing::with_user); })});
  add({.id = "turn/8489:9.2.4#10/no-realm",
       .title = "Signs a request that has no REALM",
       .expectation = "400 (Bad Request)",
       .cls = Class::kInvalid,
       .outcomes = k400,
       .needs = {"login"},
       .run = on(+[](TurnProbe& p) { return without(p, &Signing::with_realm); })});
  add({.id = "turn/8489:9.2.4#10/no-nonce",
       .title = "Signs a request that has no NONCE",
       .expectation = "400 (Bad Request)",
       .cls = Class::kInvalid,
       .outcomes = k400,
       .needs = {"login"},
       .run = on(+[](TurnProbe& p) { return without(p, &Signing::with_nonce); })});
  add({
      .id = "turn/8489:9.2.4#11/bare-400",
      .title = "Signs a request that has no NONCE",
      .expectation = "The 400 has no USERNAME, USERHASH, NONCE and REALM",
      .level = Level::kShould,
      .cls = Class::kInvalid,
      .outcomes = {{kAsExpected, Verdict::kPass}, {"too much", Verdict::kLenient}},
      .needs = {"login"},
      .run = on(names_in_400)
  });
  add({.id = "turn/8489:9.2.4#13/unknown-user",
       .title = "Signs as a user that does not exist",
       .expectation = "401 (Unauthenticated)",
       .cls = Class::kInvalid,
       .outcomes = k401,
       .needs = {"login"},
       .run = on(+[](TurnProbe& p) { return outcome_of(as_nobody(p)); })});
  add({.id = "turn/8489:9.2.4#14/unknown-user-is-challenged",
       .title = "Signs as a user that does not exist",
       .expectation = "The 401 has REALM and NONCE",
       .cls = Class::kInvalid,
       .outcomes = kExpected,
       .needs = {"login"},
       .run = on(+[](TurnProbe& p) { return can_answer(as_nobody(p), false); })});
  add({
      .id = "turn/8489:9.2.4#16/unknown-user-is-told-algorithms",
      .title = "Signs as a user that does not exist",
      .expectation = "The 401 has PASSWORD-ALGORITHMS",
      .cls = Class::kInvalid,
      .outcomes = kExpected,
      .needs = {"login", "password-algorithms"},
      .run = on(+[](TurnProbe& p) { return can_answer(as_nobody(p), true);                           }
        )
  });
  add({.id = "turn/8489:9.2.4#20/wrong-password",
       .title = "Signs with a wrong password",
       .expectation = "401 (Unauthenticated)",
       .cls = Class::kInvalid,
       .outcomes = k401,
       .needs = {"login"},
       .run = on(+[](TurnProbe& p) { return outcome_of(with_wrong_password(p)); })});
  add({.id = "turn/8489:9.2.4#19/flipped-digest",
       .title = "Signs rightly and flips the last bit of the digest",
       .expectation = "It is compared to the end: 401",
       .cls = Class::kInvalid,
       .outcomes = k401,
       .needs = {"login"},
       .run = on(flipped_digest)});
  add({.id = "turn/8489:9.2.4#21/wrong-password-is-challenged",
       .title = "Signs with a wrong password",
       .expectation = "The 401 has REALM and NONCE",
       .cls = Class::kInvalid,
       .outcomes = kExpected,
       .needs = {"login"},
       .run = on(+[](TurnProbe& p) { return can_answer(with_wrong_password(p), false); })});
}

void add_nonces(const Add& add) {
  add({.id = "turn/8489:9.2.4#22/foreign-nonce",
       .title = "Signs with a nonce that the server never gave",
       .expectation = "438 (Stale Nonce)",
       .cls = Class::kInvalid,
       .outcomes = {{"error 438", Verdict::kPass}},
       .needs = {"login"},
       .run = on(+[](TurnProbe& p) { return outcome_of(with_foreign_nonce(p)); })});
  add({.id = "turn/8489:9.2.4#23/stale-is-challenged",
       .title = "Signs with a nonce that the server never gave",
       .expectation = "The 438 has NONCE, REALM, and PASSWORD-ALGORITHMS where they are offered",
       .cls = Class::kInvalid,
       .outcomes = kExpected,
       .needs = {"login"},
       .run = on(stale_is_told)});
  add({.id = "turn/8489:9.2.4#24/fresh-nonce",
       .title = "Signs with the nonce of a 438",
       .expectation = "It is valid",
       .outcomes = {{"error 437", Verdict::kPass}},
       .needs = {"login"},
       .run = on(fresh_nonce_works)});
  add({
      .id = "turn/8489:9.2.4#22/nonce-of-another",
      .title = "Signs with a nonce that another port was given",
      .expectation = "It is not valid here: 438",
      .cls = Class::kInvalid,
      // A server may think a nonce valid for longer than for whom it was made.
      .outcomes = {{"error 438", Verdict::kPass}, {"error 437", Verdict::kLenient}},
      .needs = {"login"},
      .run = on(nonce_of_another)
  });
}

void add_proofs(const Add& add) {
  add({.id = "turn/8489:9.2.4#27/answer-is-proved",
       .title = "Signs as RFC 5389 had it, without PASSWORD-ALGORITHM",
       .expectation = "It is taken as MD5, and the answer has a right MESSAGE-INTEGRITY",
       .outcomes = kExpected,
       .needs = {"login"},
       .run = on(+[](TurnProbe& p) { return is_proved(p, false); })});
  add({
      .id = "turn/8489:9.2.4#26/answer-is-proved-sha256",
      .title = "Signs with SHA-256",
      .expectation = "The answer has a right MESSAGE-INTEGRITY-SHA256",
      .outcomes = kExpected,
      .needs = {"login", "password-algorithms"},
      .run = on(+[](TurnProbe& p) { return is_proved(p, true);                           }
        )
  });
  const auto modern = [&](std::string id, std::string title, void (*change)(Signing&)) {
    add({
        .id = "turn/8489:9.2.4#12/" + std::move(id),
        .title = std::move(title),
        .expectation = "400 (Bad Request): somebody may bid us down",
        .cls = Class::kInvalid,
        .outcomes = k400,
        .needs = {"login", "password-algorithms"},
        .run = [change](Session& session) {
          TurnProbe p(session);
          return changed_modern(p, change);
                  }
    });
  };
  modern("algorithm-without-list", "Sends PASSWORD-ALGORITHM without PASSWORD-ALGORITHMS",
         [](Signing& how) { how.with_list = false; });
  modern("list-without-algorithm", "Sends PASSWORD-ALGORITHMS without PASSWORD-ALGORITHM",
         [](Signing& how) { how.with_algorithm = false; });
  modern("shorter-list", "Sends back a list of MD5 alone, and chooses it", [](Signing& how) {
    how.list = md5_only();
    how.algorithm = 1;
  });
  modern("algorithm-not-listed", "Chooses an algorithm that the list does not have",
         [](Signing& how) { how.algorithm = 0x7777; });
  const std::vector<Accepted> refused{
      {"error 400", Verdict::kPass},
      {"error 401", Verdict::kPass}
  };
  for (const std::size_t size : {std::size_t{12}, std::size_t{16}})
    add({
        .id = "turn/8489:14.6#1/digest-of-" + decimal(size),
        .title = "Signs with only the first " + decimal(size) + " bytes of the digest",
        .expectation = "TURN allows no truncation: 400 or 401",
        .cls = Class::kInvalid,
        .outcomes = refused,
        .needs = {"login", "password-algorithms"},
        .run = [size](Session& session) {
          TurnProbe p(session);
          Signing how = p.signing();
          how.digest_size = size;
          return outcome_of(refresh_like(p, how));
                  }
    });
}

void add_order(const Add& add) {
  add({.id = "turn/8489:9#1/behind-integrity",
       .title = "Puts an unknown attribute behind the proof",
       .expectation = "What nothing protects is ignored: no 420",
       .cls = Class::kInvalid,
       .outcomes = {{"error 437", Verdict::kPass}},
       .needs = {"login"},
       .run = on(behind_integrity)});
  add({.id = "turn/8489:6.3#0/login-before-attributes",
       .title = "Sends Allocate without credentials and with an unknown attribute",
       .expectation = "Credentials are checked first: 401",
       .cls = Class::kInvalid,
       .outcomes = k401,
       .run = on(unknown_before_login)});
  add({.id = "turn/8489:6.3.1#0/unknown-required",
       .title = "Sends Allocate, rightly signed, with an unknown attribute",
       .expectation = "420 (Unknown Attribute)",
       .cls = Class::kInvalid,
       .outcomes = {{"error 420", Verdict::kPass}},
       .needs = {"login"},
       .run = on(unknown_after_login)});
}

}  // namespace

void add_credential_cases(std::vector<Case>& to) {
  const Add add = [&](Case one) { to.push_back(std::move(one)); };
  add_challenges(add);
  add_refusals(add);
  add_nonces(add);
  add_proofs(add);
  add_order(add);
}

}  // namespace glass::conform
