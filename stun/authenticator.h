// stun/authenticator.h - the server's half of long-term credentials: challenges whoever proves
// nothing, and says who asked where a proof holds. It remembers nothing between requests.
//
//   auto user = authenticator.check(now, in.path, message);
//   if (!user) authenticator.refuse(now, in.path, user.error(), builder);   // 400, 401 or 438
//   else       ... builder.add(...); user->protect(builder);                // the answer
//
// After this check, and not before it, comes 420 for unknown attributes (RFC 8489 §6.3).
// RFC 8489 §9.2.4.  Tested by: tests/stun/authenticator_test.cc
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "base/trace.h"
#include "crypto/hmac.h"
#include "crypto/secret.h"
#include "stun/attributes.h"
#include "stun/credentials.h"
#include "stun/guard.h"
#include "stun/message.h"

namespace glass::stun {

struct AuthenticatorConfig {
  std::string realm = "glass";  // RFC 8489 §9.2.4: the provider's domain name is a good one
  Duration nonce_lifetime = std::chrono::minutes(10);
  bool password_algorithms = true;  // offer SHA-256 and MD5, in this order
  bool anonymous = false;           // ask for USERHASH; needs Credentials that find by hash
};

// Somebody whose proof holds.
struct Accepted {
  std::string user;  // the name, also where only its hash was sent
  crypto::Secret key;
  Integrity integrity = Integrity::kSha1;

  // Appends the proof that an answer needs; only FINGERPRINT may follow.
  void protect(MessageBuilder& builder) const { add_proof(builder, integrity, key.bytes()); }
};

// What an error response has to say.
struct Refusal {
  unsigned code = 401;
  bool is_challenge = true;  // with REALM, NONCE and PASSWORD-ALGORITHMS
};

class Authenticator {
 public:
  // `secret`: unpredictable bytes, 32 or more, that sign the nonces. Who shares them accepts each
  // other's nonces. Credentials outlive the Authenticator. A realm without OpaqueString form is
  // replaced by that of a default config.
  Authenticator(AuthenticatorConfig config, Bytes secret, Credentials& credentials,
                const Trace& trace);

  // The checks of RFC 8489 §9.2.4, in their order. Requests only.
  Result<Accepted, Refusal> check(Instant now, const Path& path, const MessageView& request);
  // Appends what the refusal consists of, ERROR-CODE first.
  void refuse(Instant now, const Path& path, const Refusal& refusal, MessageBuilder& builder);

  [[nodiscard]] std::string_view realm() const { return config_.realm; }
  // A nonce for whoever asks along this path (RFC 8489 §9.2.4: for nobody else).
  std::string make_nonce(Instant now, const Path& path);

 private:
  enum class Freshness : std::uint8_t { kFresh, kStale };
  struct Names;
  Result<Names, Refusal> read_names(const MessageView& request) const;
  Result<Accepted, Refusal> check_proof(Instant now, const Names& names,
                                        const MessageView& request);
  std::optional<PasswordAlgorithmNumber> algorithm_of(const MessageView& request,
                                                      bool& is_legacy) const;
  std::optional<std::string> name_of(const MessageView& request);
  Freshness check_nonce(Instant now, const Path& path, std::string_view nonce);
  std::string sign(std::int64_t seconds, const Path& path);

  AuthenticatorConfig config_;
  crypto::Hmac signer_;
  Credentials& credentials_;
  Trace trace_;
  std::string cookie_;
  ByteVector algorithms_;  // PASSWORD-ALGORITHMS as it stands in a challenge
};

}  // namespace glass::stun
