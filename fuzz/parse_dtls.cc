// fuzz: uses dtls
//
// Bytes as a datagram: its records and the fragments in them are refused with a reason, or written
// again they are the same bytes. The walk that explains a datagram names no byte twice. What a
// message says is for parse_dtls_client_hello and its like.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "base/writer.h"
#include "dtls/handshake.h"
#include "dtls/record.h"
#include "dtls/record13.h"
#include "dtls/walk.h"
#include "fuzz/support/dtls_body.h"

namespace {

using namespace glass;
using namespace glass::dtls;

void check_fragments(Bytes text) {
  Reader in(text);
  while (in.left() > 0) {
    const Bytes rest = in.rest();
    const auto fragment = parse_fragment(in);
    if (!fragment) return;
    ByteVector again;
    Writer out(again);
    write(out, *fragment);
    CHECK(equal(again, rest.first(rest.size() - in.left())));
  }
}

// The same bytes to a reader that has given out connection ids.
void check_records_with_id(Bytes input) {
  constexpr std::size_t kIdSize = 3;
  Reader in(input);
  while (in.left() > 0) {
    const Bytes rest = in.rest();
    if (is_unified(rest.front())) {
      const auto sealed = parse_unified(in, kIdSize);
      if (!sealed) return;
      CHECK(sealed->whole.size() == rest.size() - in.left());
      CHECK(!sealed->has_connection_id || sealed->connection_id.size() == kIdSize);
      continue;
    }
    const auto record = parse_record(in, kIdSize);
    if (!record) return;
    ByteVector again;
    Writer out(again);
    write(out, *record);
    CHECK(equal(again, rest.first(rest.size() - in.left())));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(data, size);
  fuzz::Order order;
  (void)walk_datagram(input, order);
  Reader in(input);
  while (in.left() > 0) {
    const Bytes rest = in.rest();
    const auto record = parse_record(in);
    if (!record) break;
    ByteVector again;
    Writer out(again);
    write(out, *record);
    CHECK(equal(again, rest.first(rest.size() - in.left())));
    check_fragments(record->fragment);
  }
  check_records_with_id(input);
  return 0;
}
