#include "stun/guard.h"

#include "base/bytes.h"
#include "base/rule.h"
#include "base/trace.h"
#include "crypto/secret.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "stun/message.h"
#include "stun/nonce_cookie.h"

namespace glass::stun {

void add_proof(MessageBuilder& builder, Integrity integrity, Bytes key) {
  if (integrity == Integrity::kSha256)
    builder.add_integrity_sha256(key);
  else
    builder.add_integrity(key);
}

bool has_proof(const MessageView& message, Integrity integrity, Bytes key) {
  const Verdict verdict = integrity == Integrity::kSha256 ? check_integrity_sha256(message, key)
                                                          : check_integrity(message, key);
  return verdict == Verdict::kValid;
}

ResponseGuard ResponseGuard::short_term(Bytes key, Integrity integrity) {
  ResponseGuard guard;
  guard.mechanism_ = Mechanism::kShortTerm;
  guard.integrity_ = integrity;
  guard.key_ = crypto::Secret(key);
  return guard;
}

ResponseGuard ResponseGuard::long_term(Bytes key, Integrity integrity) {
  ResponseGuard guard = short_term(key, integrity);
  guard.mechanism_ = Mechanism::kLongTerm;
  return guard;
}

ResponseGuard ResponseGuard::long_term_first() {
  ResponseGuard guard;
  guard.mechanism_ = Mechanism::kLongTerm;
  return guard;
}

ResponseGuard::Finding ResponseGuard::check(const MessageView& response, const Trace& trace) const {
  if (mechanism_ == Mechanism::kLongTerm) return check_long_term(response, trace);
  if (mechanism_ == Mechanism::kNone) return Finding::kPass;
  if (has_proof(response, integrity_, key_.bytes())) return Finding::kPass;
  // Also where the other of the two attributes is there and right.
  trace.rule("8489:9.1.4#1"_rule);
  return Finding::kForged;
}

ResponseGuard::Finding ResponseGuard::check_long_term(const MessageView& response,
                                                      const Trace& trace) const {
  const auto error = get<ErrorCode>(response);
  const bool is_error = response.cls() == Class::kError && error.has_value();
  // The key of these two may be one that only the server knows; LongTermClient judges them.
  if (is_error && (error->code == 401 || error->code == 438)) {
    trace.rule("8489:14.8#9"_rule, Fact{"code", error->code});
    return Finding::kPass;
  }
  if (is_bid_down(response)) {
    trace.drop("8489:9.2.5#14"_rule, "the password algorithms were taken out", response.bytes());
    return Finding::kIgnored;
  }
  if (key_.empty()) return Finding::kPass;
  if (has_proof(response, integrity_, key_.bytes())) return Finding::kPass;
  if (is_error && error->code == 400 && !response.has(AttributeType::kMessageIntegrity) &&
      !response.has(AttributeType::kMessageIntegritySha256)) {
    trace.drop("8489:9.2.5#15"_rule, "400 without a proof of the key", response.bytes());
    return Finding::kIgnored;
  }
  return Finding::kForged;
}

}  // namespace glass::stun
