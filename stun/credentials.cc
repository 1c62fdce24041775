#include "stun/credentials.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "base/time.h"
#include "crypto/equal.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "crypto/secret.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "stun/opaque_string.h"

namespace glass::stun {
namespace {

constexpr std::uint64_t kExpiryMax = 253'402'300'799;  // the last second of the year 9999

crypto::Secret secret_key(PasswordAlgorithmNumber algorithm, std::string_view username,
                          std::string_view realm, std::string_view password) {
  ByteVector raw = long_term_key(algorithm, username, realm, password);
  crypto::Secret key{Bytes(raw)};
  crypto::wipe(raw);
  return key;
}

}  // namespace

bool StaticCredentials::add(std::string_view username, std::string_view password) {
  auto name = opaque_string(username);
  auto secret = opaque_string(password);
  const bool fits = name && secret && name->size() <= kUsernameMax && users_.size() < kMaxUsers;
  if (fits) {
    users_.insert_or_assign(*std::move(name), crypto::Secret(as_bytes(*secret)));
    hashes_.clear();
  }
  if (secret) crypto::wipe(*secret);
  return fits;
}

std::optional<crypto::Secret> StaticCredentials::key(Instant, std::string_view username,
                                                     std::string_view realm,
                                                     PasswordAlgorithmNumber algorithm) {
  const auto user = users_.find(username);
  if (user == users_.end()) return std::nullopt;
  return secret_key(algorithm, username, realm, as_text(user->second.bytes()));
}

std::optional<std::string> StaticCredentials::find(const Userhash& hash, std::string_view realm) {
  if (hashes_.empty() || hashed_realm_ != realm) {
    hashes_.clear();
    hashed_realm_ = realm;
    for (const auto& [name, password] : users_) hashes_.emplace(userhash(name, realm).hash, name);
  }
  const auto found = hashes_.find(hash.hash);
  if (found == hashes_.end()) return std::nullopt;
  return found->second;
}

std::optional<crypto::Secret> TimeLimitedCredentials::key(Instant now, std::string_view username,
                                                          std::string_view realm,
                                                          PasswordAlgorithmNumber algorithm) {
  const auto expiry = parse_decimal(username.substr(0, username.find(':')), kExpiryMax);
  if (!expiry) return std::nullopt;
  const auto unix_now =
      unix_at_zero_ + std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  if (unix_now >= std::chrono::seconds(*expiry)) return std::nullopt;
  std::string password = time_limited_password(secret_.bytes(), username);
  crypto::Secret out = secret_key(algorithm, username, realm, password);
  crypto::wipe(password);
  return out;
}

std::string time_limited_name(std::chrono::seconds unix_expiry, std::string_view id) {
  std::string name = decimal(static_cast<std::uint64_t>(unix_expiry.count()));
  if (!id.empty()) name.append(":").append(id);
  return name;
}

std::string time_limited_password(Bytes secret, std::string_view username) {
  return base64(crypto::hmac(crypto::HashKind::kSha1, secret, as_bytes(username)));
}

}  // namespace glass::stun
