// fuzz: uses sctp
// DCEP messages: what can be read is written back byte for byte.
#include <cstddef>
#include <cstdint>
#include <variant>

#include "base/bytes.h"
#include "base/check.h"
#include "base/writer.h"
#include "sctp/channel/dcep.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const glass::Bytes message(data, size);
  glass::Reader in(message);
  const auto parsed = glass::sctp::parse_dcep(in);
  if (!parsed) return 0;
  glass::ByteVector bytes;
  glass::Writer out(bytes);
  std::visit([&](const auto& one) { write(out, one); }, *parsed);
  CHECK(glass::equal(bytes, message));
  return 0;
}
