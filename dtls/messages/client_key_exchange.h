// dtls/messages/client_key_exchange.h - the client's ephemeral key (RFC 8422 §5.7).
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

struct ClientKeyExchange {
  Bytes public_key;
};

inline Result<ClientKeyExchange, MessageError> parse_client_key_exchange(Reader& in) {
  ClientKeyExchange exchange;
  const std::size_t size = in.u8("ecdh_Yc length");
  exchange.public_key = in.bytes(size, "ecdh_Yc");
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return exchange;
}

inline void write(Writer& out, const ClientKeyExchange& exchange) {
  const auto key = out.block(1);
  out.bytes(exchange.public_key);
}

}  // namespace glass::dtls
