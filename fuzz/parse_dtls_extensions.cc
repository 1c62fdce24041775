// fuzz: uses dtls
//
// The first byte chooses a kind of extension, the rest is its data: refused with a reason, or
// written again it is the same bytes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "base/writer.h"
#include "dtls/extensions/connection_id.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/extensions/key_share.h"
#include "dtls/extensions/number_list.h"
#include "dtls/extensions/renegotiation_info.h"
#include "dtls/extensions/single_values.h"
#include "dtls/extensions/use_srtp.h"
#include "fuzz/support/dtls_body.h"

namespace {

using namespace glass;
using namespace glass::dtls;

// A list of numbers, by the widths of its length and of one number.
void check_numbers(Bytes data, std::size_t count_width, std::size_t width) {
  const auto numbers = fuzz::check_parse(
      data, [&](Reader& in) { return parse_numbers(in, count_width, width, "number"); });
  if (!numbers) return;
  ByteVector again;
  Writer out(again);
  write_numbers(out, *numbers, count_width, width);
  CHECK(equal(again, data));
}

void check_client_shares(Bytes data) {
  const auto shares = fuzz::check_parse(data, parse_client_shares);
  if (!shares) return;
  ByteVector again;
  Writer out(again);
  {
    const auto list = out.block(2);
    for (const KeyShareEntry& entry : *shares) write(out, entry);
  }
  CHECK(equal(again, data));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes value = Bytes(data, size).subspan(1);
  switch (data[0] % 10) {
    case 0: check_numbers(value, 2, 2); break;  // supported_groups, signature_algorithms
    case 1: check_numbers(value, 1, 1); break;  // ec_point_formats
    case 2: check_numbers(value, 1, 2); break;  // supported_versions of a client
    case 3: check_client_shares(value); break;
    case 4: fuzz::check_body(value, parse_server_share); break;
    case 5: fuzz::check_body(value, parse_use_srtp); break;
    case 6: fuzz::check_body(value, parse_extensions); break;
    case 7:
      if (const auto id = fuzz::check_parse(value, parse_connection_id))
        CHECK(equal(connection_id_bytes(*id), value));
      break;
    case 8:
      if (const auto cookie = fuzz::check_parse(value, parse_cookie))
        CHECK(equal(cookie_bytes(*cookie), value));
      break;
    default: (void)fuzz::check_parse(value, parse_renegotiation_info); break;
  }
  return 0;
}
