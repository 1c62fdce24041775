// dtls/messages/server_key_exchange.h - the server's ephemeral key, signed (RFC 8422 §5.4).
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

inline constexpr std::uint8_t kNamedCurve = 3;  // RFC 8422 §5.4: the only curve_type left

struct ServerKeyExchange {
  std::uint16_t group = 0;
  Bytes public_key;
  std::uint16_t scheme = 0;
  Bytes signature;
  // ServerECDHParams as they stood in the message: this is what is signed, behind both randoms.
  Bytes params;
};

Result<ServerKeyExchange, MessageError> parse_server_key_exchange(Reader& in);
void write_params(Writer& out, const ServerKeyExchange& exchange);
// Writes group and key anew; `params` is not looked at.
void write(Writer& out, const ServerKeyExchange& exchange);

}  // namespace glass::dtls
