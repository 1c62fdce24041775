#include "stun/long_term.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/rule.h"
#include "base/trace.h"
#include "crypto/equal.h"
#include "crypto/secret.h"
#include "stun/attributes.h"
#include "stun/guard.h"
#include "stun/integrity.h"
#include "stun/message.h"
#include "stun/nonce_cookie.h"
#include "stun/opaque_string.h"

namespace glass::stun {
namespace {

// RFC 8489 §9.2.5: the first of the server's algorithms that we know.
std::optional<PasswordAlgorithmNumber> choose(const PasswordAlgorithms& offered) {
  for (std::size_t i = 0; i < offered.count; ++i) {
    const PasswordAlgorithm& one = offered.list[i];
    const bool is_known = one.algorithm == PasswordAlgorithmNumber::kMd5 ||
                          one.algorithm == PasswordAlgorithmNumber::kSha256;
    if (is_known && one.parameters.empty()) return one.algorithm;
  }
  return std::nullopt;
}

}  // namespace

LongTermClient::LongTermClient(std::string_view username, std::string_view password,
                               const Trace& trace)
    : trace_(trace) {
  auto name = opaque_string(username);
  auto secret = opaque_string(password);
  is_usable_ = name.has_value() && secret.has_value() && name->size() <= kUsernameMax;
  if (is_usable_) {
    trace_.rule("8489:14.3#1"_rule);
    username_ = *name;
    password_ = crypto::Secret(as_bytes(*secret));
  }
  if (secret) crypto::wipe(*secret);
}

ResponseGuard LongTermClient::protect(MessageBuilder& builder) {
  if (!is_challenged()) {
    trace_.rule("8489:9.2.3.1#1"_rule);
    return ResponseGuard::long_term_first();
  }
  if (is_anonymous_) {
    trace_.rule("8489:9.2.5#5"_rule, Fact{"attribute", "USERHASH"});
    trace_.rule("8489:14.4#1"_rule);
    builder.add(userhash(username_, realm_));
  } else {
    trace_.rule("8489:9.2.5#4"_rule, Fact{"attribute", "USERNAME"});
    builder.add(Username{username_});
  }
  trace_.rule("8489:9.2.5#6"_rule);
  trace_.rule("8489:9.2.5#7"_rule);
  builder.add(Realm{realm_}).add(Nonce{nonce_});
  const bool modern = !algorithms_.empty();
  if (modern) {
    trace_.rule("8489:9.2.5#8"_rule);
    trace_.rule("8489:9.2.5#9"_rule, Fact{"algorithm", static_cast<unsigned>(algorithm_)});
    trace_.rule("8489:9.2.5#19"_rule);
    builder.attribute(AttributeType::kPasswordAlgorithms, algorithms_);
    builder.add(PasswordAlgorithm{algorithm_, {}});
  }
  const Integrity integrity = modern ? Integrity::kSha256 : Integrity::kSha1;
  trace_.rule("8489:9.2.3.2#2"_rule);
  trace_.rule("8489:9.2.3.2#3"_rule);
  add_proof(builder, integrity, key_.bytes());
  return ResponseGuard::long_term(key_.bytes(), integrity);
}

void LongTermClient::on_success() { challenges_ = 0; }

LongTermClient::Next LongTermClient::on_error(const MessageView& response, bool was_proved) {
  const auto error = get<ErrorCode>(response);
  if (!error || (error->code != 401 && error->code != 438)) return Next::kNotMine;
  const auto nonce = get<Nonce>(response);
  if (!is_usable_ || !nonce || nonce->text.empty()) return Next::kGiveUp;
  if (++challenges_ > kMaxChallenges) {
    trace_.drop(Rule{}, "challenged again and again", response.bytes());
    return Next::kGiveUp;
  }
  trace_.rule("8489:9.2.5#1"_rule, Fact{"code", error->code});
  if (is_bid_down(response)) {
    trace_.drop("8489:9.2.5#2"_rule, "the password algorithms were taken out", response.bytes());
    return Next::kGiveUp;
  }
  const std::string realm_before = realm_;
  const PasswordAlgorithmNumber algorithm_before = algorithm_;
  const bool anonymous_before = is_anonymous_;
  if (!take_realm(response) || !take_algorithms(response)) return Next::kGiveUp;
  nonce_ = nonce->text;
  const auto features = features_of(nonce_);
  is_anonymous_ = features && features->username_anonymity;
  make_key();
  if (error->code == 438) {
    trace_.rule("8489:9.2.5#12"_rule);
    trace_.rule("8489:9.2.5#13"_rule);
    return Next::kRetry;
  }
  const bool is_other =
      realm_ != realm_before || algorithm_ != algorithm_before || is_anonymous_ != anonymous_before;
  if (was_proved && !is_other) {
    trace_.drop("8489:9.2.5#11"_rule, "the server does not accept user name or password",
                response.bytes());
    return Next::kGiveUp;
  }
  trace_.rule("8489:9.2.5#3"_rule);
  return Next::kRetry;
}

// A stale nonce alone may come without the realm, which is then the one we know.
bool LongTermClient::take_realm(const MessageView& response) {
  const auto realm = get<Realm>(response);
  if (!realm) return !response.has(AttributeType::kRealm) && !realm_.empty();
  if (realm->text.empty()) return false;
  realm_ = realm->text;
  return true;
}

bool LongTermClient::take_algorithms(const MessageView& response) {
  const auto found = response.find(AttributeType::kPasswordAlgorithms);
  if (!found) {
    trace_.rule("8489:18.5.1.1#1"_rule);
    algorithms_.clear();
    algorithm_ = PasswordAlgorithmNumber::kMd5;
    return true;
  }
  const auto offered = get<PasswordAlgorithms>(response);
  const auto chosen = offered ? choose(*offered) : std::nullopt;
  if (!chosen) {
    trace_.drop("8489:9.2.5#10"_rule, "no password algorithm that we know", response.bytes());
    return false;
  }
  algorithms_.assign(found->value.begin(), found->value.end());
  algorithm_ = *chosen;
  return true;
}

void LongTermClient::make_key() {
  ByteVector key = long_term_key(algorithm_, username_, realm_, as_text(password_.bytes()));
  key_ = crypto::Secret(key);
  crypto::wipe(key);
}

}  // namespace glass::stun
