// stun/credentials.h - who may use a server: users from a list, or users whose name says until
// when.
//
// RFC 8489 §9.2.2 (keys), §14.4 (USERHASH). Time-limited users as many TURN services make them: the
// name is "EXPIRY:ID" with the expiry in seconds of Unix time, the password is the base64 form of
// HMAC-SHA1(secret, name), so that a web server and a TURN server need to share one secret only.
// Tested by: tests/stun/credentials_test.cc
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/secret.h"
#include "stun/attributes.h"

namespace glass::stun {

class Credentials {
 public:
  virtual ~Credentials() = default;
  // The key of a user (RFC 8489 §9.2.2). nullopt: nobody of that name is known at `now`.
  virtual std::optional<crypto::Secret> key(Instant now, std::string_view username,
                                            std::string_view realm,
                                            PasswordAlgorithmNumber algorithm) = 0;
  // RFC 8489 §14.4: whose name hashes to this; nullopt: nobody's, or hashes are not supported.
  virtual std::optional<std::string> find(const Userhash& /*hash*/, std::string_view /*realm*/) {
    return std::nullopt;
  }
};

// A list of names and passwords.
class StaticCredentials final : public Credentials {
 public:
  static constexpr std::size_t kMaxUsers = 10'000;

  // False, and nothing is added: no OpaqueString form (RFC 8265 §4.2), a name that is too long, or
  // too many users. A user who is there gets the new password.
  bool add(std::string_view username, std::string_view password);

  std::optional<crypto::Secret> key(Instant now, std::string_view username, std::string_view realm,
                                    PasswordAlgorithmNumber algorithm) override;
  std::optional<std::string> find(const Userhash& hash, std::string_view realm) override;

 private:
  std::map<std::string, crypto::Secret, std::less<>> users_;
  // Hashes of all names under one realm, made when first asked for.
  std::map<std::array<std::uint8_t, 32>, std::string> hashes_;
  std::string hashed_realm_;
};

// Stateless users, see above.
class TimeLimitedCredentials final : public Credentials {
 public:
  // `unix_at_zero`: the Unix time at Instant{}, since machines have no clock of their own.
  TimeLimitedCredentials(Bytes secret, std::chrono::seconds unix_at_zero)
      : secret_(secret), unix_at_zero_(unix_at_zero) {}

  std::optional<crypto::Secret> key(Instant now, std::string_view username, std::string_view realm,
                                    PasswordAlgorithmNumber algorithm) override;

 private:
  crypto::Secret secret_;
  std::chrono::seconds unix_at_zero_;
};

// "1700003600:alice"
std::string time_limited_name(std::chrono::seconds unix_expiry, std::string_view id);
// The password that goes with such a name.
std::string time_limited_password(Bytes secret, std::string_view username);

}  // namespace glass::stun
