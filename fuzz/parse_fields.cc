// fuzz: uses explain stun sdp dtls sctp
// Annotated bytes: whatever comes in, fields lie side by side and cover all of it, and what is
// printed is text.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "explain/fields.h"
#include "explain/format.h"
#include "explain/hexview.h"
#include "explain/story/summary.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using glass::explain::Format;
  if (size == 0) return 0;
  const glass::Bytes input(data, size);
  const glass::Bytes bytes = input.subspan(1);
  constexpr std::uint8_t kFormats = static_cast<std::uint8_t>(Format::kUnknown) + 1;
  const auto format = static_cast<Format>(input[0] % kFormats);
  const auto annotated = glass::explain::annotate(bytes, format);
  std::size_t at = 0;
  for (const auto& field : annotated.fields) {
    if (field.has_parts) continue;
    CHECK(field.offset == at);
    at += field.size;
  }
  CHECK(at == bytes.size());
  (void)glass::explain::hexview(bytes, annotated);
  CHECK(glass::explain::summarize(bytes, format).find('\n') == std::string::npos);
  return 0;
}
