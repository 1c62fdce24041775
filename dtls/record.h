// dtls/record.h - the record: its header, and the protection of one epoch in one direction.
//
// Knows keys and sequence numbers; not what is inside, nor when keys change.
// RFC 6347 §4.1; RFC 5288 §3 for AES-GCM, RFC 7905 §2 for ChaCha20; RFC 9146 for connection ids,
// which stand between sequence number and length.  Tested by: rules_test.cc, connection_id_test.cc
//
//   0       1               3               5                              11             13
//  | type  | version       | epoch         | sequence number               | length        | ...
//
// Sealed (RFC 5246 §6.2.3.3): the fragment ends with a tag of 16 bytes, and with AES-GCM it begins
// with 8 bytes of explicit nonce.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "crypto/aead.h"
#include "dtls/replay_window.h"
#include "dtls/wire.h"

namespace glass::dtls {

inline constexpr std::size_t kRecordHeaderSize = 13;
inline constexpr std::size_t kExplicitNonceSize = 8;  // RFC 5288 §3
inline constexpr std::size_t kSealOverhead = kExplicitNonceSize + crypto::kAeadTagSize;  // at most
// RFC 7905 §2: all of ChaCha20's nonce comes from the keys and the record number.
constexpr std::size_t explicit_nonce_size(crypto::AeadKind kind) {
  return kind == crypto::AeadKind::kChaCha20Poly1305 ? 0 : kExplicitNonceSize;
}
constexpr std::size_t implicit_nonce_size(crypto::AeadKind kind) {
  return crypto::kAeadNonceSize - explicit_nonce_size(kind);
}
inline constexpr std::size_t kPlaintextMax = std::size_t{1} << 14;   // RFC 5246 §6.2.1
inline constexpr std::size_t kCiphertextMax = kPlaintextMax + 2048;  // RFC 5246 §6.2.3

struct Record {
  ContentType type = ContentType::kHandshake;
  std::uint16_t version = kDtls12;
  std::uint64_t epoch = 0;  // 16 bits on the wire
  std::uint64_t sequence = 0;
  Bytes connection_id;  // RFC 9146 §4; only in front of sealed records
  Bytes fragment;
};

enum class RecordError : std::uint8_t { kTruncated, kNotDtls, kTooLong };
std::string_view to_text(RecordError error);

// The record at the front of `in`. Any content type: the caller knows which it expects. After
// kNotDtls or kTooLong the rest of the datagram is of no use; after kTruncated there is none.
// `id_size`: of the connection ids that the reader has given out, which records do not tell.
Result<Record, RecordError> parse_record(Reader& in, std::size_t id_size = 0);
// kRecordHeaderSize, and the connection id.
inline std::size_t record_header_size(const Record& record) {
  return kRecordHeaderSize + record.connection_id.size();
}
// The header alone, for a fragment of `length` bytes, into record_header_size() bytes. With a
// connection id the type on the outside is tls12_cid.
void fill_record_header(MutableBytes out, const Record& record, std::size_t length);
// Header and fragment as they are, for what goes out unprotected.
void write(Writer& out, const Record& record);

// One key in one direction: numbers records, seals and opens them in place.
class Protection {
 public:
  // `implicit_nonce`: implicit_nonce_size() bytes of the kind that `aead` is of.
  Protection(std::unique_ptr<crypto::Aead> aead, Bytes implicit_nonce);

  [[nodiscard]] std::size_t explicit_size() const { return explicit_size_; }
  // How much longer a fragment is than its text.
  [[nodiscard]] std::size_t overhead() const { return explicit_size_ + crypto::kAeadTagSize; }

  // `sealed` is explicit nonce, text and tag, of which only the text is filled in.
  void seal(const Record& record, MutableBytes sealed);
  // The text inside the fragment, decrypted in place. nullopt: not sealed by the peer, or too short
  // to have been.
  std::optional<MutableBytes> open(const Record& record, MutableBytes fragment);

 private:
  using Nonce = std::array<std::uint8_t, crypto::kAeadNonceSize>;
  [[nodiscard]] Nonce nonce_of(Bytes explicit_part, std::uint64_t number) const;

  std::unique_ptr<crypto::Aead> aead_;
  Nonce implicit_{};
  std::size_t explicit_size_;
};

}  // namespace glass::dtls
