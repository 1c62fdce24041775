// fuzz: uses dtls
//
// Bytes as the body of a CertificateRequest of DTLS 1.2.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "dtls/messages/certificate_request.h"
#include "fuzz/support/dtls_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  glass::fuzz::check_body(glass::Bytes(data, size), glass::dtls::parse_certificate_request);
  return 0;
}
