#include "dtls/messages/client_hello.h"

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/extensions/number_list.h"
#include "dtls/messages/message_error.h"
#include "dtls/wire.h"

namespace glass::dtls {

Result<ClientHello, MessageError> parse_client_hello(Reader& in) {
  ClientHello hello;
  hello.version = in.u16("client_version");
  copy_bytes(in.bytes(kRandomSize, "random"), hello.random);
  const std::size_t session_size = in.u8("session_id length");
  if (session_size > kSessionIdMax) return std::unexpected(MessageError::kLength);
  hello.session_id = in.bytes(session_size, "session_id");
  const std::size_t cookie_size = in.u8("cookie length");
  hello.cookie = in.bytes(cookie_size, "cookie");
  const std::size_t suites_size = in.u16("cipher_suites length");
  if (suites_size == 0 || suites_size % 2 != 0 || suites_size > in.left())
    return std::unexpected(MessageError::kLength);
  for (std::size_t i = 0; i < suites_size; i += 2)
    hello.cipher_suites.push_back(in.u16("cipher_suite"));
  const std::size_t methods_size = in.u8("compression_methods length");
  if (methods_size == 0) return std::unexpected(MessageError::kLength);
  hello.compression_methods = in.bytes(methods_size, "compression_methods");
  hello.extensions = TRY(parse_extensions(in));
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return hello;
}

void write(Writer& out, const ClientHello& hello) {
  out.u16(hello.version).bytes(hello.random);
  {
    const auto session = out.block(1);
    out.bytes(hello.session_id);
  }
  {
    const auto cookie = out.block(1);
    out.bytes(hello.cookie);
  }
  write_numbers(out, hello.cipher_suites, 2, 2);
  {
    const auto methods = out.block(1);
    out.bytes(hello.compression_methods);
  }
  write(out, hello.extensions);
}

}  // namespace glass::dtls
