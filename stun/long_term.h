// stun/long_term.h - the client's half of long-term credentials: answers challenges with a proof
// that it knows a password, and says which responses to believe.
//
//   auto guard = login.protect(builder);           // the last attributes but FINGERPRINT
//   transaction.emplace(timing, path, request, trace).set_guard(std::move(guard));
//   ... on an error response:
//   if (login.on_error(message, transaction.is_proved()) == LongTermClient::Next::kRetry) ask again
//   with a new transaction
//
// One per server. RFC 8489 §9.2.  Tested by: tests/stun/long_term_test.cc
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/trace.h"
#include "crypto/secret.h"
#include "stun/attributes.h"
#include "stun/guard.h"
#include "stun/message.h"

namespace glass::stun {

class LongTermClient {
 public:
  // RFC 8489 does not say how often a server may challenge before a request succeeds; a stale nonce
  // that is stale for several requests under way at once is the longest honest way.
  static constexpr unsigned kMaxChallenges = 8;

  enum class Next : std::uint8_t {
    kNotMine,  // neither 401 nor 438: for the usage to judge
    kRetry,    // the same request again, protected anew, as a new transaction
    kGiveUp,   // these credentials will not do, or the challenge cannot be answered
  };

  // Without a user name no challenge is ever answered.
  LongTermClient(std::string_view username, std::string_view password, const Trace& trace);

  // False: a name or password that has no OpaqueString form (RFC 8265 §4.2), or none at all.
  [[nodiscard]] bool is_usable() const { return is_usable_; }
  // Has the server challenged us yet? Until then requests go out bare (RFC 8489 §9.2.3.1).
  [[nodiscard]] bool is_challenged() const { return !nonce_.empty(); }
  [[nodiscard]] std::string_view realm() const { return realm_; }

  // Appends all that this mechanism asks for; only FINGERPRINT may follow.
  ResponseGuard protect(MessageBuilder& builder);
  // What to do after an error response that the guard has let pass. `was_proved`: the request that
  // it answers was protected (Transaction::is_proved), so that another 401 says "wrong password".
  Next on_error(const MessageView& response, bool was_proved);
  // A success response came that the guard has let pass.
  void on_success();

 private:
  bool take_algorithms(const MessageView& response);
  bool take_realm(const MessageView& response);
  void make_key();

  Trace trace_;
  std::string username_;
  crypto::Secret password_;
  bool is_usable_ = false;
  std::string realm_;
  std::string nonce_;
  bool is_anonymous_ = false;
  ByteVector algorithms_;  // the server's PASSWORD-ALGORITHMS as they stood; empty: RFC 5389
  PasswordAlgorithmNumber algorithm_ = PasswordAlgorithmNumber::kMd5;
  crypto::Secret key_;
  unsigned challenges_ = 0;
};

}  // namespace glass::stun
