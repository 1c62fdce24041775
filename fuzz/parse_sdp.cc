// fuzz: uses sdp
//
// Any text: what parses is written back byte for byte, every line has an explanation, and whatever
// is answered is an answer that fits.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "sdp/data_session.h"
#include "sdp/explain.h"
#include "sdp/offer_answer.h"
#include "sdp/parse.h"
#include "sdp/write.h"

namespace {

using namespace glass::sdp;  // NOLINT(google-build-using-namespace): a program, not a header

LocalParameters local_parameters() {
  return {.ufrag = "Glas",
          .pwd = "0123456789abcdefghijkl",
          .candidates = {"candidate:1 1 udp 2130706431 192.0.2.7 40000 typ host"},
          .fingerprints = {"sha-1 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33"},
          .tls_id = "0123456789abcdef0123"};
}

void answer(const Description& offer) {
  const auto text = make_answer(offer, local_parameters());
  if (!text) return;
  const auto description = parse(*text);
  CHECK(description.has_value());
  CHECK(check_answer(offer, *description).has_value());
  CHECK(data_session(*description, Type::kAnswer).has_value());
  CHECK(parse(make_offer(local_parameters(), *description, glass::Trace())).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = glass::as_text(glass::Bytes(data, size));
  const auto description = parse(text);
  if (!description) return 0;
  CHECK(write(*description) == text);
  std::size_t lines = description->session.size();
  for (const Media& media : description->media) lines += media.lines.size();
  CHECK(explain(*description).size() == lines);
  (void)data_session(*description, Type::kAnswer);
  answer(*description);
  return 0;
}
