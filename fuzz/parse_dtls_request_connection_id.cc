// fuzz: uses dtls
//
// Bytes as the body of a RequestConnectionId.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "dtls/messages/connection_id_update.h"
#include "fuzz/support/dtls_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  glass::fuzz::check_body(glass::Bytes(data, size), glass::dtls::parse_request_connection_id);
  return 0;
}
