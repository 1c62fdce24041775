// dtls/extensions/renegotiation_info.h - proof that a handshake is a first one (RFC 5746 §3.2).
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

// The renegotiated_connection field: empty in a first handshake, and we know no other.
inline Result<Bytes, MessageError> parse_renegotiation_info(Reader& in) {
  const std::size_t size = in.u8("renegotiated_connection length");
  const Bytes connection = in.bytes(size, "renegotiated_connection");
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return connection;
}

}  // namespace glass::dtls
