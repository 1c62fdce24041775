// fuzz: uses ice
// fuzz/parse_candidate.cc - what is read as a candidate can be written, and reads the same again.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "ice/candidate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glass;
  const auto candidate = ice::parse_candidate(as_text({data, size}));
  if (!candidate) {
    CHECK(!ice::to_text(candidate.error()).empty());
    return 0;
  }
  const std::string text = ice::write_candidate(*candidate);
  const auto again = ice::parse_candidate(text);
  CHECK(again.has_value());
  CHECK(*again == *candidate);
  CHECK(ice::write_candidate(*again) == text);
  return 0;
}
