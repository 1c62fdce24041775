#include "dtls/messages/server_key_exchange.h"

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

Result<ServerKeyExchange, MessageError> parse_server_key_exchange(Reader& in) {
  ServerKeyExchange exchange;
  const Bytes all = in.rest();
  const std::uint8_t curve_type = in.u8("curve_type");
  if (in.ok() && curve_type != kNamedCurve) return std::unexpected(MessageError::kValue);
  exchange.group = in.u16("named_curve");
  const std::size_t key_size = in.u8("public length");
  exchange.public_key = in.bytes(key_size, "public");
  if (!in.ok()) return std::unexpected(MessageError::kLength);
  exchange.params = all.first(all.size() - in.left());
  exchange.scheme = in.u16("algorithm");
  const std::size_t signature_size = in.u16("signature length");
  exchange.signature = in.bytes(signature_size, "signature");
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return exchange;
}

void write_params(Writer& out, const ServerKeyExchange& exchange) {
  out.u8(kNamedCurve).u16(exchange.group);
  const auto key = out.block(1);
  out.bytes(exchange.public_key);
}

void write(Writer& out, const ServerKeyExchange& exchange) {
  write_params(out, exchange);
  out.u16(exchange.scheme);
  const auto signature = out.block(2);
  out.bytes(exchange.signature);
}

}  // namespace glass::dtls
