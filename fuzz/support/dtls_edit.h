// fuzz/support/dtls_edit.h - changes to an honest datagram, as a fuzzer likes to make them.
//
// Some break the outside (bits, ends, a second datagram behind the first); one changes the body of
// a handshake message and mends every length around it, so that the message arrives whole, and
// wrong. Sealed records are looked into as if they were not sealed, which is so with
// crypto/transparent.h.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "crypto/aead.h"
#include "dtls/handshake.h"
#include "dtls/record.h"
#include "dtls/record13.h"
#include "dtls/wire.h"

namespace glass::fuzz {

// Where the first fragment of a record stands in its datagram.
struct FragmentPlace {
  std::size_t record_length_at = 0;  // two bytes
  std::size_t fragment_at = 0;
  std::size_t end = 0;  // of the text
};

inline std::size_t number_at(Bytes bytes, std::size_t at, std::size_t width) {
  std::size_t value = 0;
  for (const std::uint8_t byte : bytes.subspan(at, width)) value = value << 8 | byte;
  return value;
}
inline void set_number_at(MutableBytes bytes, std::size_t at, std::size_t width,
                          std::size_t value) {
  for (std::size_t i = width; i-- > 0; value >>= 8)
    bytes[at + i] = static_cast<std::uint8_t>(value);
}

// Of the record at the front of `rest`, which begins at `start`; nullopt: it carries no handshake.
inline std::optional<FragmentPlace> place_of(const dtls::Record& record, std::size_t start) {
  const bool is_sealed = record.epoch > 0;
  const std::size_t header = dtls::record_header_size(record);
  const std::size_t nonce = is_sealed ? dtls::kExplicitNonceSize : 0;
  const std::size_t behind = is_sealed ? crypto::kAeadTagSize : 0;
  if (record.type == dtls::ContentType::kAlert ||
      record.fragment.size() < nonce + dtls::kHandshakeHeaderSize + behind)
    return std::nullopt;
  return FragmentPlace{.record_length_at = start + header - 2,
                       .fragment_at = start + header + nonce,
                       .end = start + header + record.fragment.size() - behind};
}
inline std::optional<FragmentPlace> place_of(const dtls::UnifiedRecord& record, std::size_t start) {
  constexpr std::size_t kBehind = crypto::kAeadTagSize + 1;
  if (record.whole.size() < record.header_size + dtls::kHandshakeHeaderSize + kBehind ||
      record.header_size < dtls::kUnifiedHeaderSize)
    return std::nullopt;
  const std::size_t end = record.whole.size() - kBehind;
  if (record.whole[end] != std::to_underlying(dtls::ContentType::kHandshake)) return std::nullopt;
  return FragmentPlace{.record_length_at = start + record.header_size - 2,
                       .fragment_at = start + record.header_size,
                       .end = start + end};
}

// The fragment of the record number `which`, counted from 0; nullopt: there is none.
inline std::optional<FragmentPlace> find_fragment(Bytes datagram, std::size_t which,
                                                  std::size_t id_size) {
  Reader in(datagram);
  for (std::size_t i = 0; in.left() > 0; ++i) {
    const std::size_t start = in.at();
    if (dtls::is_unified(in.rest().front())) {
      const auto record = dtls::parse_unified(in, id_size);
      if (!record) return std::nullopt;
      if (i == which) return place_of(*record, start);
    } else {
      const auto record = dtls::parse_record(in, id_size);
      if (!record) return std::nullopt;
      if (i == which) return place_of(*record, start);
    }
  }
  return std::nullopt;
}

struct BodyEdit {
  std::size_t record = 0;   // which of the datagram
  std::size_t at = 0;       // in the body; taken modulo its size
  std::size_t removed = 0;  // as far as there is any
  Bytes inserted;
};

// Lengths of record, message and fragment follow the body.
inline void edit_body(ByteVector& datagram, const BodyEdit& edit, std::size_t id_size) {
  const auto place = find_fragment(datagram, edit.record, id_size);
  if (!place) return;
  constexpr std::size_t kLengthAt = 1;
  constexpr std::size_t kFragmentLengthAt = 9;
  const std::size_t fragment = place->fragment_at;
  const std::size_t body = fragment + dtls::kHandshakeHeaderSize;
  const std::size_t size = number_at(datagram, fragment + kFragmentLengthAt, 3);
  if (body + size > place->end) return;
  const std::size_t at = edit.at % (size + 1);
  const std::size_t removed = std::min(edit.removed, size - at);
  const auto resize = [&](std::size_t where, std::size_t width) {
    const std::size_t length = number_at(datagram, where, width);
    set_number_at(datagram, where, width, length - removed + edit.inserted.size());
  };
  resize(place->record_length_at, 2);
  resize(fragment + kLengthAt, 3);
  resize(fragment + kFragmentLengthAt, 3);
  const auto first = datagram.begin() + static_cast<std::ptrdiff_t>(body + at);
  const auto next = datagram.erase(first, first + static_cast<std::ptrdiff_t>(removed));
  datagram.insert(next, edit.inserted.begin(), edit.inserted.end());
}

}  // namespace glass::fuzz
