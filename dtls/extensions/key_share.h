// dtls/extensions/key_share.h - public keys of the key exchange (RFC 8446 §4.2.8).
//
// Three shapes: a list in ClientHello, one in ServerHello, and a mere group in HelloRetryRequest.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

struct KeyShareEntry {
  std::uint16_t group = 0;
  Bytes key_exchange;
};

inline KeyShareEntry read_key_share_entry(Reader& in) {
  KeyShareEntry entry;
  entry.group = in.u16("group");
  const std::size_t size = in.u16("key_exchange length");
  entry.key_exchange = in.bytes(size, "key_exchange");
  return entry;
}

// May be empty: the client wants a HelloRetryRequest. No group comes twice.
inline Result<std::vector<KeyShareEntry>, MessageError> parse_client_shares(Reader& in) {
  const std::size_t size = in.u16("client_shares length");
  if (!in.ok() || size != in.left()) return std::unexpected(MessageError::kLength);
  std::vector<KeyShareEntry> shares;
  while (in.ok() && in.left() > 0) {
    const KeyShareEntry entry = read_key_share_entry(in);
    if (!in.ok() || entry.key_exchange.empty()) return std::unexpected(MessageError::kLength);
    if (std::ranges::find(shares, entry.group, &KeyShareEntry::group) != shares.end())
      return std::unexpected(MessageError::kValue);
    shares.push_back(entry);
  }
  return shares;
}

inline Result<KeyShareEntry, MessageError> parse_server_share(Reader& in) {
  const KeyShareEntry entry = read_key_share_entry(in);
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return entry;
}

inline void write(Writer& out, const KeyShareEntry& entry) {
  out.u16(entry.group);
  const auto key = out.block(2);
  out.bytes(entry.key_exchange);
}

}  // namespace glass::dtls
