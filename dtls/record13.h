// dtls/record13.h - the sealed record of DTLS 1.3: its short header, and one key's protection.
//
// Knows keys and record numbers; not what is inside, nor when keys change. RFC 9147 §4, RFC 8446
// §5.2.  Tested by: rules13_test.cc
//
//   0                     1 or 2 bytes        2 bytes, where L is set
//  | 0 0 1 C S L E E     | record number     | length                  | encrypted, tag of 16
//
// C: a connection id follows, before the number. S: the number has two bytes. E: the last two bits
// of the epoch. Of the number only the last bits are sent, and those are masked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "crypto/number_mask.h"
#include "crypto/primitives.h"
#include "dtls/record.h"
#include "dtls/suites.h"
#include "dtls/wire.h"

namespace glass::dtls {

// What we write: two bytes of number, and a length, so that another record may follow.
inline constexpr std::size_t kUnifiedHeaderSize = 5;
// Header, content type and tag.
inline constexpr std::size_t kSealOverhead13 = kUnifiedHeaderSize + 1 + crypto::kAeadTagSize;
static_assert(kSealOverhead13 <= kRecordHeaderSize + kSealOverhead);

// RFC 9147 §4.1: by its first three bits.
constexpr bool is_unified(std::uint8_t first_byte) { return (first_byte & 0xe0) == 0x20; }

struct UnifiedRecord {
  std::uint8_t epoch_bits = 0;
  bool has_connection_id = false;  // where the reader has none, nothing below is known
  Bytes connection_id;
  std::size_t number_size = 1;  // right behind the connection id
  std::size_t header_size = 0;
  Bytes whole;  // header, encrypted text, tag
};

// The record at the front of `in`. `id_size`: of the connection ids that the reader has given out.
Result<UnifiedRecord, RecordError> parse_unified(Reader& in, std::size_t id_size = 0);
// RFC 9147 §4.2.2: the number nearest to `expected` that ends in these `size` bytes.
std::uint64_t reconstruct(std::uint64_t expected, std::uint64_t tail, std::size_t size);

// One traffic secret: seals or opens records in place.
class Protection13 {
 public:
  struct Opened {
    ContentType type;
    std::uint64_t sequence;
    MutableBytes text;
  };

  Protection13(const crypto::Primitives& primitives, const Suite& suite, Bytes traffic_secret);

  struct Outside {
    ContentType type;
    std::uint64_t epoch;
    std::uint64_t sequence;
    Bytes connection_id;  // empty: none
  };
  // Makes a whole record of the bytes in `packet`.
  void seal(const Outside& outside, PacketBuffer& packet);
  // The same, appended to what stands in `out`.
  void append(const Outside& outside, Bytes text, PacketBuffer& out);
  // `whole`: the bytes of `record`, decrypted in place. nullopt: not sealed with this key.
  std::optional<Opened> open(const UnifiedRecord& record, MutableBytes whole,
                             std::uint64_t expected);

 private:
  using Nonce = std::array<std::uint8_t, crypto::kAeadNonceSize>;
  [[nodiscard]] Nonce nonce_of(std::uint64_t sequence) const;
  // `record`: header, text with its content type, room for the tag.
  void protect(const Outside& outside, MutableBytes record);
  // RFC 9147 §4.2.3: the same step hides the number and shows it.
  void mask_number(MutableBytes number, Bytes ciphertext);

  std::unique_ptr<crypto::Aead> aead_;
  std::unique_ptr<crypto::NumberMask> mask_;
  Nonce iv_{};
};

}  // namespace glass::dtls
