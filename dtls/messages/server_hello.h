// dtls/messages/server_hello.h - what the server has chosen (RFC 5246 §7.4.1.3).
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/messages/client_hello.h"
#include "dtls/messages/message_error.h"
#include "dtls/wire.h"

namespace glass::dtls {

struct ServerHello {
  std::uint16_t version = kDtls12;
  HelloRandom random{};
  Bytes session_id;
  std::uint16_t cipher_suite = 0;
  std::uint8_t compression_method = 0;
  ExtensionList extensions;
};

Result<ServerHello, MessageError> parse_server_hello(Reader& in);
void write(Writer& out, const ServerHello& hello);

}  // namespace glass::dtls
