// dtls/extensions/single_values.h - extensions that hold one thing: a version, a group, a limit,
// a cookie.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

// supported_versions of a server (RFC 8446 §4.2.1), key_share of HelloRetryRequest (§4.2.8),
// record_size_limit (RFC 8449 §4).
inline Result<std::uint16_t, MessageError> parse_number(Reader& in, std::string_view name) {
  const std::uint16_t number = in.u16(name);
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return number;
}

inline ByteVector number_bytes(std::uint16_t number) {
  return {static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}

// RFC 8446 §4.2.2.
inline Result<Bytes, MessageError> parse_cookie(Reader& in) {
  const std::size_t size = in.u16("cookie length");
  const Bytes cookie = in.bytes(size, "cookie");
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  if (cookie.empty()) return std::unexpected(MessageError::kLength);
  return cookie;
}

inline ByteVector cookie_bytes(Bytes cookie) {
  ByteVector bytes;
  Writer out(bytes);
  {
    const auto block = out.block(2);
    out.bytes(cookie);
  }
  return bytes;
}

}  // namespace glass::dtls
