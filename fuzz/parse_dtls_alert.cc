// fuzz: uses dtls
//
// Bytes as an alert.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "dtls/messages/alert.h"
#include "fuzz/support/dtls_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  glass::fuzz::check_body(glass::Bytes(data, size), glass::dtls::parse_alert);
  return 0;
}
