// fuzz: uses dtls
//
// Bytes as the body of a Finished of DTLS 1.2. (That of 1.3 is as long as a hash and has no parser:
// server13.cc and client13.cc compare it as a whole.)
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "dtls/messages/finished.h"
#include "fuzz/support/dtls_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  glass::fuzz::check_body(glass::Bytes(data, size), glass::dtls::parse_finished);
  return 0;
}
