#include "stun/authenticator.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "crypto/equal.h"
#include "crypto/hash.h"
#include "crypto/secret.h"
#include "stun/attributes.h"
#include "stun/credentials.h"
#include "stun/guard.h"
#include "stun/message.h"
#include "stun/names.h"
#include "stun/nonce_cookie.h"
#include "stun/opaque_string.h"

namespace glass::stun {
namespace {

constexpr std::size_t kNonceMacSize = 16;
constexpr std::size_t kNonceTimeDigits = 10;  // hex digits of seconds: enough for 34,000 years

std::int64_t seconds_of(Instant now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
}

bool has_any(const MessageView& message, AttributeType one, AttributeType other) {
  return message.has(one) || message.has(other);
}

}  // namespace

// What a request says of its sender before anything is proved.
struct Authenticator::Names {
  std::string_view nonce;
  PasswordAlgorithmNumber algorithm = PasswordAlgorithmNumber::kMd5;
  bool is_legacy = true;  // neither PASSWORD-ALGORITHM nor PASSWORD-ALGORITHMS
};

Authenticator::Authenticator(AuthenticatorConfig config, Bytes secret, Credentials& credentials,
                             const Trace& trace)
    : config_(std::move(config)),
      signer_(crypto::HashKind::kSha256, secret),
      credentials_(credentials),
      trace_(trace) {
  config_.realm = opaque_string(config_.realm).value_or(AuthenticatorConfig{}.realm);
  if (fitting(config_.realm) != config_.realm) config_.realm = AuthenticatorConfig{}.realm;
  cookie_ = nonce_cookie({config_.password_algorithms, config_.anonymous});
  if (!config_.password_algorithms) return;
  PasswordAlgorithms offered;
  offered.list[offered.count++].algorithm = PasswordAlgorithmNumber::kSha256;
  offered.list[offered.count++].algorithm = PasswordAlgorithmNumber::kMd5;
  Writer out(algorithms_);
  offered.write(out, TransactionId{});
}

Result<Accepted, Refusal> Authenticator::check(Instant now, const Path& path,
                                               const MessageView& request) {
  if (!has_any(request, AttributeType::kMessageIntegrity, AttributeType::kMessageIntegritySha256)) {
    trace_.rule("8489:9.2.4#2"_rule);
    return std::unexpected(Refusal{401, true});
  }
  const Names names = TRY(read_names(request));
  auto accepted = TRY(check_proof(now, names, request));
  if (check_nonce(now, path, names.nonce) == Freshness::kStale) {
    trace_.rule("8489:9.2.4#22"_rule);
    return std::unexpected(Refusal{438, true});
  }
  trace_.rule(names.is_legacy ? "8489:9.2.4#27"_rule : "8489:9.2.4#26"_rule);
  accepted.integrity = names.is_legacy ? Integrity::kSha1 : Integrity::kSha256;
  return accepted;
}

// RFC 8489 §9.2.4: what makes a request with a proof malformed.
Result<Authenticator::Names, Refusal> Authenticator::read_names(const MessageView& request) const {
  const auto nonce = get<Nonce>(request);
  const bool has_user = get<Username>(request).has_value() || get<Userhash>(request).has_value();
  if (!has_user || !get<Realm>(request) || !nonce) {
    trace_.rule("8489:9.2.4#10"_rule);
    return std::unexpected(Refusal{400, false});
  }
  Names names{.nonce = nonce->text};
  const auto features = features_of(nonce->text);
  if (!features || !features->password_algorithms) return names;
  const auto algorithm = algorithm_of(request, names.is_legacy);
  if (!algorithm) {
    trace_.drop("8489:9.2.4#12"_rule, "password algorithms other than those offered",
                request.bytes());
    return std::unexpected(Refusal{400, false});
  }
  names.algorithm = *algorithm;
  return names;
}

// nullopt: the two attributes are not what follows from our challenge.
std::optional<PasswordAlgorithmNumber> Authenticator::algorithm_of(const MessageView& request,
                                                                   bool& is_legacy) const {
  is_legacy =
      !has_any(request, AttributeType::kPasswordAlgorithm, AttributeType::kPasswordAlgorithms);
  if (is_legacy) return PasswordAlgorithmNumber::kMd5;
  const auto list = request.find(AttributeType::kPasswordAlgorithms);
  const auto chosen = get<PasswordAlgorithm>(request);
  if (!list || !chosen || !equal(list->value, algorithms_)) return std::nullopt;
  const bool is_offered = chosen->algorithm == PasswordAlgorithmNumber::kSha256 ||
                          chosen->algorithm == PasswordAlgorithmNumber::kMd5;
  if (!is_offered || !chosen->parameters.empty()) return std::nullopt;
  return chosen->algorithm;
}

std::optional<std::string> Authenticator::name_of(const MessageView& request) {
  if (const auto name = get<Username>(request)) return std::string(name->text);
  if (const auto hash = get<Userhash>(request)) return credentials_.find(*hash, config_.realm);
  return std::nullopt;
}

Result<Accepted, Refusal> Authenticator::check_proof(Instant now, const Names& names,
                                                     const MessageView& request) {
  auto user = name_of(request);
  auto key = user ? credentials_.key(now, *user, config_.realm, names.algorithm) : std::nullopt;
  if (!key) {
    trace_.drop("8489:9.2.4#13"_rule, "an unknown user", request.bytes());
    return std::unexpected(Refusal{401, true});
  }
  const bool is_sha256 = request.has(AttributeType::kMessageIntegritySha256);
  if (!has_proof(request, is_sha256 ? Integrity::kSha256 : Integrity::kSha1, key->bytes())) {
    trace_.drop("8489:9.2.4#19"_rule, "a wrong proof of the password", request.bytes());
    return std::unexpected(Refusal{401, true});
  }
  return Accepted{.user = *std::move(user), .key = *std::move(key)};
}

void Authenticator::refuse(Instant now, const Path& path, const Refusal& refusal,
                           MessageBuilder& builder) {
  builder.add(ErrorCode{refusal.code, reason_phrase(refusal.code)});
  if (!refusal.is_challenge) return;
  trace_.rule(refusal.code == 438 ? "8489:9.2.4#23"_rule : "8489:9.2.4#3"_rule);
  trace_.rule(refusal.code == 438 ? "8489:9.2.4#24"_rule : "8489:9.2.4#4"_rule);
  trace_.rule("8489:14.9#1"_rule);
  builder.add(Realm{config_.realm}).add(Nonce{make_nonce(now, path)});
  if (config_.anonymous) trace_.rule("8489:9.2.4#8"_rule);
  if (config_.password_algorithms) {
    trace_.rule("8489:9.2.4#7"_rule);
    builder.attribute(AttributeType::kPasswordAlgorithms, algorithms_);
  }
}

// Cookie, seconds, and a code over both and the address of whoever asks.
std::string Authenticator::make_nonce(Instant now, const Path& path) {
  const bool has_features = config_.password_algorithms || config_.anonymous;
  trace_.rule(has_features ? "8489:9.2#1"_rule : "8489:9.2#2"_rule);
  trace_.rule("8489:9.2.4#5"_rule);
  return sign(seconds_of(now), path);
}

std::string Authenticator::sign(std::int64_t seconds, const Path& path) {
  ByteVector numbers;
  Writer(numbers).u64(static_cast<std::uint64_t>(seconds)).bytes(path.remote.ip);
  Writer(numbers).u16(path.remote.port).u8(static_cast<std::uint8_t>(path.transport));
  signer_.update(as_bytes(cookie_));
  signer_.update(numbers);
  std::array<std::uint8_t, kNonceMacSize> mac{};
  signer_.finish(mac);
  const std::string time = hex(Bytes(numbers).subspan(3, kNonceTimeDigits / 2));
  return cookie_ + time + hex(mac);
}

Authenticator::Freshness Authenticator::check_nonce(Instant now, const Path& path,
                                                    std::string_view nonce) {
  const std::size_t size = cookie_.size() + kNonceTimeDigits + 2 * kNonceMacSize;
  if (nonce.size() != size) return Freshness::kStale;
  const auto time = from_hex(nonce.substr(cookie_.size(), kNonceTimeDigits));
  if (!time || time->size() != kNonceTimeDigits / 2) return Freshness::kStale;
  std::int64_t made = 0;
  for (const std::uint8_t byte : *time) made = made << 8 | byte;
  // Signed anew and compared as a whole: only our own spelling of it passes.
  if (!crypto::equal_secret(as_bytes(sign(made, path)), as_bytes(nonce))) return Freshness::kStale;
  const auto age = std::chrono::seconds(seconds_of(now) - made);
  return age.count() >= 0 && age < config_.nonce_lifetime ? Freshness::kFresh : Freshness::kStale;
}

}  // namespace glass::stun
