// dtls/messages/client_hello.h - what a client can do (RFC 6347 §4.2.1, RFC 5246 §7.4.1.2).
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/extensions/number_list.h"
#include "dtls/messages/message_error.h"
#include "dtls/wire.h"

namespace glass::dtls {

using HelloRandom = std::array<std::uint8_t, kRandomSize>;

struct ClientHello {
  std::uint16_t version = kDtls12;
  HelloRandom random{};
  Bytes session_id;
  Bytes cookie;
  NumberList cipher_suites;
  Bytes compression_methods;
  ExtensionList extensions;
};

Result<ClientHello, MessageError> parse_client_hello(Reader& in);
void write(Writer& out, const ClientHello& hello);

}  // namespace glass::dtls
