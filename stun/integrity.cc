#include "stun/integrity.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/equal.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "stun/attributes.h"
#include "stun/message.h"

namespace glass::stun {
namespace {

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320U : crc >> 1;
    table[i] = crc;
  }
  return table;
}();

// The HMAC over `before`, a message up to the attribute that will hold it, whose length field is
// read as if the message ended behind that attribute (RFC 8489 §14.5).
void message_hmac(crypto::HashKind kind, Bytes key, Bytes before, MutableBytes out) {
  const std::size_t length = before.size() - kHeaderSize + kAttributeHeaderSize + out.size();
  const std::array<std::uint8_t, 4> start{before[0], before[1],
                                          static_cast<std::uint8_t>(length >> 8),
                                          static_cast<std::uint8_t>(length)};
  crypto::Hmac mac(kind, key);
  mac.update(start);
  mac.update(before.subspan(start.size()));
  mac.finish(out);
}

template <std::size_t size>
Verdict check(const MessageView& message, AttributeType type, crypto::HashKind kind, Bytes key) {
  const auto found = message.find(type);
  if (!found) return Verdict::kAbsent;
  if (found->value.size() != size) return Verdict::kWrong;
  std::array<std::uint8_t, size> expected{};
  message_hmac(kind, key, message.bytes().first(found->offset), expected);
  return crypto::equal_secret(expected, found->value) ? Verdict::kValid : Verdict::kWrong;
}

std::string_view without_nulls(std::string_view text) {
  while (text.ends_with('\0')) text.remove_suffix(1);
  return text;
}

// RFC 8489 §9.2.2: names are hashed without the quotes that stand around them in SIP.
std::string_view bare(std::string_view text) {
  text = without_nulls(text);
  if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"'))
    return text.substr(1, text.size() - 2);
  return text;
}

}  // namespace

Verdict check_integrity(const MessageView& message, Bytes key) {
  return check<kIntegritySize>(message, AttributeType::kMessageIntegrity, crypto::HashKind::kSha1,
                               key);
}

Verdict check_integrity_sha256(const MessageView& message, Bytes key) {
  return check<kIntegritySha256Size>(message, AttributeType::kMessageIntegritySha256,
                                     crypto::HashKind::kSha256, key);
}

Verdict check_fingerprint(const MessageView& message) {
  const auto found = message.find(AttributeType::kFingerprint);
  if (!found) return Verdict::kAbsent;
  if (found->value.size() != 4 || found->end() != message.bytes().size()) return Verdict::kWrong;
  const std::uint32_t value = Reader(found->value).u32("Fingerprint");
  const std::uint32_t expected = crc32(message.bytes().first(found->offset)) ^ kFingerprintXor;
  return value == expected ? Verdict::kValid : Verdict::kWrong;
}

ByteVector short_term_key(std::string_view password) {
  const Bytes bytes = as_bytes(password);
  return {bytes.begin(), bytes.end()};
}

ByteVector long_term_key(PasswordAlgorithmNumber algorithm, std::string_view username,
                         std::string_view realm, std::string_view password) {
  std::string text(bare(username));
  text.reserve(username.size() + realm.size() + password.size() + 2);  // no copy is left behind
  text.append(":").append(bare(realm)).append(":").append(without_nulls(password));
  const bool sha256 = algorithm == PasswordAlgorithmNumber::kSha256;
  ByteVector key =
      crypto::hash(sha256 ? crypto::HashKind::kSha256 : crypto::HashKind::kMd5, as_bytes(text));
  crypto::wipe(text);
  return key;
}

Userhash userhash(std::string_view username, std::string_view realm) {
  std::string text(username);
  text.append(":").append(realm);
  Userhash out;
  copy_bytes(crypto::hash(crypto::HashKind::kSha256, as_bytes(text)), out.hash);
  return out;
}

std::uint32_t crc32(Bytes bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const std::uint8_t byte : bytes) crc = crc >> 8 ^ kCrcTable[(crc ^ byte) & 0xFF];
  return ~crc;
}

MessageBuilder& MessageBuilder::add_integrity(Bytes key) {
  std::array<std::uint8_t, kIntegritySize> mac{};
  message_hmac(crypto::HashKind::kSha1, key, bytes(), mac);
  return attribute(AttributeType::kMessageIntegrity, mac);
}

MessageBuilder& MessageBuilder::add_integrity_sha256(Bytes key) {
  std::array<std::uint8_t, kIntegritySha256Size> mac{};
  message_hmac(crypto::HashKind::kSha256, key, bytes(), mac);
  return attribute(AttributeType::kMessageIntegritySha256, mac);
}

MessageBuilder& MessageBuilder::add_fingerprint() {
  set_length(kAttributeHeaderSize + 4);
  const std::uint32_t value = crc32(bytes()) ^ kFingerprintXor;
  const std::size_t start = open(AttributeType::kFingerprint);
  out_.u32(value);
  close(start);
  return *this;
}

}  // namespace glass::stun
