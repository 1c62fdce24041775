// dtls/messages/hello_verify_request.h - "say that again, with this cookie" (RFC 6347 §4.2.1).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"
#include "dtls/wire.h"

namespace glass::dtls {

struct HelloVerifyRequest {
  std::uint16_t version = kDtls10;  // says nothing about the version to come
  Bytes cookie;
};

inline Result<HelloVerifyRequest, MessageError> parse_hello_verify_request(Reader& in) {
  HelloVerifyRequest request;
  request.version = in.u16("server_version");
  const std::size_t size = in.u8("cookie length");
  request.cookie = in.bytes(size, "cookie");
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return request;
}

inline void write(Writer& out, const HelloVerifyRequest& request) {
  out.u16(request.version);
  const auto cookie = out.block(1);
  out.bytes(request.cookie);
}

}  // namespace glass::dtls
