// stun/guard.h - which responses count: the ones that prove to know the key of the request.
//
// Made together with a request, kept with its transaction. RFC 8489 §9.1.4, §9.2.5.
// Tested by: tests/stun/guard_test.cc
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/trace.h"
#include "crypto/secret.h"
#include "stun/message.h"

namespace glass::stun {

// With what a message is protected.
enum class Integrity : std::uint8_t {
  kSha1,    // MESSAGE-INTEGRITY
  kSha256,  // MESSAGE-INTEGRITY-SHA256
};

// Appends the attribute that proves to know `key`.
void add_proof(MessageBuilder& builder, Integrity integrity, Bytes key);
// Does the message prove with this attribute, and no other, that its sender knows the key?
bool has_proof(const MessageView& message, Integrity integrity, Bytes key);

class ResponseGuard {
 public:
  enum class Finding : std::uint8_t {
    kPass,
    kForged,   // no proof of the key, or a wrong one: RFC 8489 §9.1.4, §9.2.5
    kIgnored,  // as if it had never come, over TCP as well
  };

  // Nothing was proved with the request: every response passes.
  ResponseGuard() = default;
  // RFC 8489 §9.1: a password that both sides got some other way.
  static ResponseGuard short_term(Bytes key, Integrity integrity);
  // RFC 8489 §9.2: challenges (401 and 438) pass without a proof, everything else needs one.
  static ResponseGuard long_term(Bytes key, Integrity integrity);
  // RFC 8489 §9.2.3.1: the first request of that mechanism, which proves nothing yet.
  static ResponseGuard long_term_first();

  // Was a key proved with the request?
  [[nodiscard]] bool has_key() const { return !key_.empty(); }
  [[nodiscard]] bool is_long_term() const { return mechanism_ == Mechanism::kLongTerm; }
  [[nodiscard]] Finding check(const MessageView& response, const Trace& trace) const;

 private:
  enum class Mechanism : std::uint8_t { kNone, kShortTerm, kLongTerm };
  [[nodiscard]] Finding check_long_term(const MessageView& response, const Trace& trace) const;

  Mechanism mechanism_ = Mechanism::kNone;
  Integrity integrity_ = Integrity::kSha1;
  crypto::Secret key_;
};

}  // namespace glass::stun
