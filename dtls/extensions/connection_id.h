// dtls/extensions/connection_id.h - the id that the sender wants to find in records to it
// (RFC 9146 §3).
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

// Empty: none is wanted, though ids may be asked for.
inline Result<Bytes, MessageError> parse_connection_id(Reader& in) {
  const std::size_t size = in.u8("cid length");
  const Bytes id = in.bytes(size, "cid");
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return id;
}

inline ByteVector connection_id_bytes(Bytes id) {
  ByteVector bytes;
  Writer out(bytes);
  {
    const auto block = out.block(1);
    out.bytes(id);
  }
  return bytes;
}

}  // namespace glass::dtls
