#include "dtls/record13.h"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "crypto/number_mask.h"
#include "crypto/primitives.h"
#include "crypto/secret.h"
#include "dtls/key_schedule13.h"
#include "dtls/record.h"
#include "dtls/suites.h"
#include "dtls/wire.h"

namespace glass::dtls {
namespace {

constexpr std::uint8_t kFixedBits = 0x20;
constexpr std::uint8_t kConnectionIdBit = 0x10;
constexpr std::uint8_t kLongNumberBit = 0x08;
constexpr std::uint8_t kLengthBit = 0x04;
constexpr std::uint8_t kEpochBits = 0x03;
constexpr std::size_t kLongNumberSize = 2;

void store16(std::uint64_t value, MutableBytes out) {
  out[0] = static_cast<std::uint8_t>(value >> 8);
  out[1] = static_cast<std::uint8_t>(value);
}

}  // namespace

Result<UnifiedRecord, RecordError> parse_unified(Reader& in, std::size_t id_size) {
  in.open("Record");
  UnifiedRecord record;
  const Bytes all = in.rest();
  const std::uint8_t first = in.u8("unified_hdr");
  record.epoch_bits = first & kEpochBits;
  record.has_connection_id = (first & kConnectionIdBit) != 0;
  if (record.has_connection_id && id_size == 0) {
    in.skip(in.left(), "record with a connection id");
    record.whole = all;
    return record;
  }
  if (record.has_connection_id) record.connection_id = in.bytes(id_size, "connection_id");
  record.number_size = (first & kLongNumberBit) != 0 ? kLongNumberSize : 1;
  in.skip(record.number_size, "encrypted record number");
  std::size_t length = in.left();
  if ((first & kLengthBit) != 0) length = in.u16("length");
  if (!in.ok()) return std::unexpected(RecordError::kTruncated);
  record.header_size = all.size() - in.left();
  if (length > kCiphertextMax) return std::unexpected(RecordError::kTooLong);
  in.skip(length, "encrypted_record");
  if (!in.ok()) return std::unexpected(RecordError::kTruncated);
  record.whole = all.first(record.header_size + length);
  in.close();
  return record;
}

std::uint64_t reconstruct(std::uint64_t expected, std::uint64_t tail, std::size_t size) {
  const std::uint64_t range = std::uint64_t{1} << (8 * size);
  const std::uint64_t candidate = (expected & ~(range - 1)) | tail;
  if (candidate + range / 2 < expected) return candidate + range;
  if (candidate > expected + range / 2 && candidate >= range) return candidate - range;
  return candidate;
}

// RFC 8446 §7.3 for key and nonce, RFC 9147 §4.2.3 for the key of the mask.
Protection13::Protection13(const crypto::Primitives& primitives, const Suite& suite,
                           Bytes traffic_secret) {
  crypto::Secret key(crypto::aead_key_size(suite.aead));
  expand_label({.hash = suite.hash, .secret = traffic_secret, .label = "key", .context = {}},
               key.bytes());
  aead_ = primitives.aead(suite.aead, key.bytes());
  expand_label({.hash = suite.hash, .secret = traffic_secret, .label = "sn", .context = {}},
               key.bytes());
  mask_ = primitives.number_mask(suite.aead, key.bytes());
  expand_label({.hash = suite.hash, .secret = traffic_secret, .label = "iv", .context = {}}, iv_);
}

// RFC 8446 §5.3, RFC 9147 §4: the number alone, without the epoch.
Protection13::Nonce Protection13::nonce_of(std::uint64_t sequence) const {
  Nonce nonce = iv_;
  for (std::size_t i = nonce.size(); sequence > 0; sequence >>= 8) {
    --i;
    nonce[i] = static_cast<std::uint8_t>(nonce[i] ^ (sequence & 0xff));
  }
  return nonce;
}

void Protection13::mask_number(MutableBytes number, Bytes ciphertext) {
  const crypto::NumberMaskBytes mask = mask_->mask(ciphertext.first(crypto::kNumberSampleSize));
  for (std::size_t i = 0; i < number.size(); ++i)
    number[i] = static_cast<std::uint8_t>(number[i] ^ mask[i]);
}

void Protection13::protect(const Outside& outside, MutableBytes record) {
  const Bytes id = outside.connection_id;
  const MutableBytes header = record.first(kUnifiedHeaderSize + id.size());
  const MutableBytes sealed = record.subspan(header.size());
  header[0] = static_cast<std::uint8_t>(kFixedBits | (id.empty() ? 0 : kConnectionIdBit) |
                                        kLongNumberBit | kLengthBit | (outside.epoch & kEpochBits));
  copy_bytes(id, header.subspan(1));
  const MutableBytes number = header.subspan(1 + id.size(), kLongNumberSize);
  store16(outside.sequence, number);
  store16(sealed.size(), header.last(2));
  const MutableBytes text = sealed.first(sealed.size() - crypto::kAeadTagSize);
  aead_->seal(nonce_of(outside.sequence), header, text, sealed.last(crypto::kAeadTagSize));
  mask_number(number, sealed);
}

void Protection13::seal(const Outside& outside, PacketBuffer& packet) {
  packet.append(1)[0] = static_cast<std::uint8_t>(outside.type);
  (void)packet.append(crypto::kAeadTagSize);
  packet.prepend(kUnifiedHeaderSize + outside.connection_id.size());
  protect(outside, packet.bytes());
}

void Protection13::append(const Outside& outside, Bytes text, PacketBuffer& out) {
  const std::size_t header = kUnifiedHeaderSize + outside.connection_id.size();
  const MutableBytes record = out.append(header + text.size() + 1 + crypto::kAeadTagSize);
  copy_bytes(text, record.subspan(header));
  record[header + text.size()] = static_cast<std::uint8_t>(outside.type);
  protect(outside, record);
}

std::optional<Protection13::Opened> Protection13::open(const UnifiedRecord& record,
                                                       MutableBytes whole, std::uint64_t expected) {
  const MutableBytes header = whole.first(record.header_size);
  const MutableBytes sealed = whole.subspan(record.header_size);
  // RFC 9147 §4.2.3: too short to have been sealed; RFC 8446 §5.2: the type at least is inside.
  if (sealed.size() < 1 + crypto::kAeadTagSize) return std::nullopt;
  const MutableBytes number = header.subspan(1 + record.connection_id.size(), record.number_size);
  mask_number(number, sealed);
  std::uint64_t tail = 0;
  for (const std::uint8_t byte : number) tail = tail << 8 | byte;
  const std::uint64_t sequence = reconstruct(expected, tail, record.number_size);
  MutableBytes text = sealed.first(sealed.size() - crypto::kAeadTagSize);
  if (!aead_->open(nonce_of(sequence), header, text, sealed.last(crypto::kAeadTagSize)))
    return std::nullopt;
  // RFC 8446 §5.4: zeroes behind the content type are padding.
  while (!text.empty() && text.back() == 0) text = text.first(text.size() - 1);
  if (text.empty()) return Opened{.type = ContentType{0}, .sequence = sequence, .text = {}};
  return Opened{
      .type = ContentType{text.back()}, .sequence = sequence, .text = text.first(text.size() - 1)};
}

}  // namespace glass::dtls
