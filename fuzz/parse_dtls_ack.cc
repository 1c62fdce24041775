// fuzz: uses dtls
//
// Bytes as an ACK of DTLS 1.3.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "dtls/messages/ack.h"
#include "fuzz/support/dtls_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  glass::fuzz::check_body(glass::Bytes(data, size), glass::dtls::parse_ack);
  return 0;
}
