// fuzz: uses dtls
//
// Bytes as the body of a Certificate of DTLS 1.3. We write none with extensions, so only one
// without is written again.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "base/writer.h"
#include "dtls/messages/certificate13.h"
#include "fuzz/support/dtls_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glass;
  const Bytes body(data, size);
  const auto certificate = fuzz::check_parse(body, dtls::parse_certificate13);
  if (!certificate || certificate->has_extensions) return 0;
  CHECK(certificate->chain.size() <= dtls::kChainMax);
  ByteVector again;
  Writer out(again);
  write(out, *certificate);
  CHECK(equal(again, body));
  return 0;
}
