// fuzz/support/dtls_body.h - bytes as the body of one handshake message.
//
// For the harnesses parse_dtls_*: each is one parser. Bytes are refused with a reason, or written
// again they are the same bytes; either way a tap names each byte once at most, in order.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "base/writer.h"

namespace glass::fuzz {

struct Order final : FieldTap {
  void field(std::string_view name, std::size_t offset, Bytes bytes) override {
    CHECK(!name.empty());
    CHECK(offset >= next);
    next = offset + bytes.size();
  }
  std::size_t next = 0;
};

// `parse` takes a Reader and gives a Result with a to_text() for its error. The same bytes are read
// with and without a tap, and give the same verdict.
template <class Parse>
auto check_parse(Bytes body, Parse parse) {
  Order order;
  Reader watched(body, &order);
  const bool is_accepted = parse(watched).has_value();
  Reader in(body);
  auto parsed = parse(in);
  CHECK(parsed.has_value() == is_accepted);
  if (!parsed) CHECK(!to_text(parsed.error()).empty());
  return parsed;
}

template <class Parse>
void check_body(Bytes body, Parse parse) {
  const auto parsed = check_parse(body, parse);
  if (!parsed) return;
  ByteVector again;
  Writer out(again);
  write(out, *parsed);
  CHECK(equal(again, body));
}

}  // namespace glass::fuzz
