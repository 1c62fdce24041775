// fuzz: uses dtls
//
// Bytes as the body of a ClientHello.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "dtls/messages/client_hello.h"
#include "fuzz/support/dtls_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  glass::fuzz::check_body(glass::Bytes(data, size), glass::dtls::parse_client_hello);
  return 0;
}
