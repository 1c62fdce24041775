#include "dtls/record.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/result.h"
#include "base/writer.h"
#include "crypto/aead.h"
#include "dtls/wire.h"

namespace glass::dtls {
namespace {

// RFC 9146 §5.3: the longer of the two forms.
constexpr std::size_t kAssociatedMax = 23 + kConnectionIdMax;

// What a record is authenticated with besides its text.
struct Associated {
  std::array<std::uint8_t, kAssociatedMax> storage{};
  std::size_t size = 0;
  [[nodiscard]] Bytes bytes() const { return Bytes(storage).first(size); }
};

void store(std::uint64_t value, MutableBytes out) {
  for (std::size_t i = out.size(); i-- > 0; value >>= 8) out[i] = static_cast<std::uint8_t>(value);
}

std::uint64_t numbered(std::uint64_t epoch, std::uint64_t sequence) {
  return epoch << 48 | sequence;
}

// RFC 6347 §4.1.2.1 and RFC 5246 §6.2.3.3: epoch and sequence number, type, version, and the length
// of the text.
Associated plain_associated_data(const Record& record, std::size_t length) {
  Associated data{.size = 13};
  const MutableBytes all(data.storage);
  store(numbered(record.epoch, record.sequence), all.first(8));
  store(std::to_underlying(record.type), all.subspan(8, 1));
  store(kDtls12, all.subspan(9, 2));
  store(length, all.subspan(11, 2));
  return data;
}

// RFC 9146 §5.3: begins with what no record without an id could begin with.
Associated associated_data(const Record& record, std::size_t length) {
  if (record.connection_id.empty()) return plain_associated_data(record, length);
  const Bytes id = record.connection_id;
  constexpr std::uint64_t kPlaceholder = ~std::uint64_t{0};
  constexpr auto kType = std::to_underlying(ContentType::kTls12Cid);
  Associated data{.size = 23 + id.size()};
  const MutableBytes all(data.storage);
  store(kPlaceholder, all.first(8));
  store(kType, all.subspan(8, 1));
  store(id.size(), all.subspan(9, 1));
  store(kType, all.subspan(10, 1));
  store(kDtls12, all.subspan(11, 2));
  store(numbered(record.epoch, record.sequence), all.subspan(13, 8));
  copy_bytes(id, all.subspan(21));
  store(length, all.subspan(21 + id.size(), 2));
  return data;
}

}  // namespace

std::string_view to_text(RecordError error) {
  switch (error) {
    case RecordError::kTruncated: return "truncated record";
    case RecordError::kNotDtls: return "record of another protocol version";
    case RecordError::kTooLong: return "record longer than any may be";
  }
  return "unknown";
}

Result<Record, RecordError> parse_record(Reader& in, std::size_t id_size) {
  constexpr std::uint8_t kMajor = kDtls12 >> 8;
  in.open("Record");
  Record record;
  record.type = ContentType{in.u8("type")};
  record.version = in.u16("version");
  record.epoch = in.u16("epoch");
  record.sequence = in.u48("sequence_number");
  if (record.type == ContentType::kTls12Cid && id_size > 0)
    record.connection_id = in.bytes(id_size, "cid");
  const std::size_t length = in.u16("length");
  if (!in.ok()) return std::unexpected(RecordError::kTruncated);
  if (record.version >> 8 != kMajor) return std::unexpected(RecordError::kNotDtls);
  if (length > kCiphertextMax) return std::unexpected(RecordError::kTooLong);
  record.fragment = in.bytes(length, "fragment");
  if (!in.ok()) return std::unexpected(RecordError::kTruncated);
  in.close();
  return record;
}

void fill_record_header(MutableBytes out, const Record& record, std::size_t length) {
  const Bytes id = record.connection_id;
  const ContentType type = id.empty() ? record.type : ContentType::kTls12Cid;
  store(std::to_underlying(type), out.first(1));
  store(record.version, out.subspan(1, 2));
  store(record.epoch, out.subspan(3, 2));
  store(record.sequence, out.subspan(5, 6));
  copy_bytes(id, out.subspan(11));
  store(length, out.subspan(11 + id.size(), 2));
}

void write(Writer& out, const Record& record) {
  fill_record_header(out.append(record_header_size(record)), record, record.fragment.size());
  out.bytes(record.fragment);
}

Protection::Protection(std::unique_ptr<crypto::Aead> aead, Bytes implicit_nonce)
    : aead_(std::move(aead)), explicit_size_(crypto::kAeadNonceSize - implicit_nonce.size()) {
  CHECK(explicit_size_ == 0 || explicit_size_ == kExplicitNonceSize);
  copy_bytes(implicit_nonce, implicit_);
}

// RFC 5288 §3: four secret bytes, then eight that the record carries. RFC 7905 §2: twelve secret
// bytes, the last eight of them mixed with epoch and record number.
Protection::Nonce Protection::nonce_of(Bytes explicit_part, std::uint64_t number) const {
  Nonce nonce = implicit_;
  const MutableBytes tail = MutableBytes(nonce).last(kExplicitNonceSize);
  if (explicit_size_ > 0) {
    copy_bytes(explicit_part, tail);
    return nonce;
  }
  for (std::size_t i = tail.size(); i-- > 0; number >>= 8)
    tail[i] = static_cast<std::uint8_t>(tail[i] ^ (number & 0xff));
  return nonce;
}

void Protection::seal(const Record& record, MutableBytes sealed) {
  CHECK(sealed.size() >= overhead());
  const std::uint64_t number = numbered(record.epoch, record.sequence);
  const MutableBytes explicit_nonce = sealed.first(explicit_size_);
  const MutableBytes tag = sealed.last(crypto::kAeadTagSize);
  const MutableBytes text = sealed.subspan(explicit_size_, sealed.size() - overhead());
  store(number, explicit_nonce);  // never the same twice, since the number is not
  const Associated associated = associated_data(record, text.size());
  aead_->seal(nonce_of(explicit_nonce, number), associated.bytes(), text, tag);
}

std::optional<MutableBytes> Protection::open(const Record& record, MutableBytes fragment) {
  if (fragment.size() < overhead()) return std::nullopt;
  const MutableBytes text = fragment.subspan(explicit_size_, fragment.size() - overhead());
  const std::uint64_t number = numbered(record.epoch, record.sequence);
  const Associated associated = associated_data(record, text.size());
  const Nonce nonce = nonce_of(fragment.first(explicit_size_), number);
  if (!aead_->open(nonce, associated.bytes(), text, fragment.last(crypto::kAeadTagSize)))
    return std::nullopt;
  return text;
}

}  // namespace glass::dtls
