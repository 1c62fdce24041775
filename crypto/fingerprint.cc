#include "crypto/fingerprint.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "crypto/equal.h"
#include "crypto/hash.h"

namespace glass::crypto {
namespace {

constexpr std::array<HashKind, 3> kAccepted{HashKind::kSha256, HashKind::kSha384,
                                            HashKind::kSha512};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<HashKind> hash_named(std::string_view name) {
  for (const HashKind kind : kAccepted)
    if (same_word(name, to_text(kind))) return kind;
  return std::nullopt;
}

}  // namespace

Fingerprint fingerprint(Bytes certificate_der, HashKind kind) {
  return {.kind = kind, .digest = hash(kind, certificate_der)};
}

std::string to_text(const Fingerprint& fingerprint) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text(to_text(fingerprint.kind));
  char separator = ' ';
  for (const std::uint8_t byte : fingerprint.digest) {
    text += separator;
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
    separator = ':';
  }
  return text;
}

std::optional<Fingerprint> parse_fingerprint(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::optional<HashKind> kind = hash_named(text.substr(0, space));
  if (!kind) return std::nullopt;
  std::optional<ByteVector> digest = from_hex(text.substr(space + 1));
  if (!digest || digest->size() != hash_size(*kind)) return std::nullopt;
  return Fingerprint{.kind = *kind, .digest = *std::move(digest)};
}

bool matches_any(std::span<const Fingerprint> fingerprints, Bytes certificate_der) {
  bool matched = false;
  for (const Fingerprint& each : fingerprints) {
    const ByteVector digest = hash(each.kind, certificate_der);
    matched = equal_secret(digest, each.digest) || matched;
  }
  return matched;
}

}  // namespace glass::crypto
