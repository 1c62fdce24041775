#include "dtls/messages/server_hello.h"

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/messages/message_error.h"
#include "dtls/wire.h"

namespace glass::dtls {

Result<ServerHello, MessageError> parse_server_hello(Reader& in) {
  ServerHello hello;
  hello.version = in.u16("server_version");
  copy_bytes(in.bytes(kRandomSize, "random"), hello.random);
  const std::size_t session_size = in.u8("session_id length");
  if (session_size > kSessionIdMax) return std::unexpected(MessageError::kLength);
  hello.session_id = in.bytes(session_size, "session_id");
  hello.cipher_suite = in.u16("cipher_suite");
  hello.compression_method = in.u8("compression_method");
  hello.extensions = TRY(parse_extensions(in));
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return hello;
}

void write(Writer& out, const ServerHello& hello) {
  out.u16(hello.version).bytes(hello.random);
  {
    const auto session = out.block(1);
    out.bytes(hello.session_id);
  }
  out.u16(hello.cipher_suite).u8(hello.compression_method);
  write(out, hello.extensions);
}

}  // namespace glass::dtls
