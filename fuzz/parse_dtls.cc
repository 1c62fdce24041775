// fuzz: uses dtls
//
// Bytes as a datagram, and as the body of each handshake message: refused with a reason, or written
// again to the same bytes. The walk that explains a datagram names no byte twice.
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/writer.h"
#include "dtls/extensions/connection_id.h"
#include "dtls/extensions/key_share.h"
#include "dtls/handshake.h"
#include "dtls/messages/ack.h"
#include "dtls/messages/alert.h"
#include "dtls/messages/certificate.h"
#include "dtls/messages/certificate13.h"
#include "dtls/messages/certificate_request.h"
#include "dtls/messages/certificate_request13.h"
#include "dtls/messages/certificate_verify.h"
#include "dtls/messages/client_hello.h"
#include "dtls/messages/client_key_exchange.h"
#include "dtls/messages/connection_id_update.h"
#include "dtls/messages/encrypted_extensions.h"
#include "dtls/messages/finished.h"
#include "dtls/messages/hello_verify_request.h"
#include "dtls/messages/key_update.h"
#include "dtls/messages/new_session_ticket.h"
#include "dtls/messages/server_hello.h"
#include "dtls/messages/server_key_exchange.h"
#include "dtls/record.h"
#include "dtls/record13.h"
#include "dtls/walk.h"

namespace {

using namespace glass;
using namespace glass::dtls;

struct Order final : FieldTap {
  void field(std::string_view name, std::size_t offset, Bytes bytes) override {
    CHECK(!name.empty());
    CHECK(offset >= next);
    next = offset + bytes.size();
  }
  std::size_t next = 0;
};

template <class Parse>
void check_body(Bytes body, Parse parse) {
  Reader in(body);
  const auto parsed = parse(in);
  if (!parsed) return;
  ByteVector again;
  Writer out(again);
  write(out, *parsed);
  CHECK(equal(again, body));
}

void check_bodies(Bytes body) {
  check_body(body, parse_client_hello);
  check_body(body, parse_server_hello);
  check_body(body, parse_hello_verify_request);
  check_body(body, parse_certificate);
  check_body(body, parse_server_key_exchange);
  check_body(body, parse_certificate_request);
  check_body(body, parse_certificate_verify);
  check_body(body, parse_client_key_exchange);
  check_body(body, parse_finished);
  check_body(body, parse_alert);
  check_body(body, parse_ack);
  check_body(body, parse_certificate_request13);
  check_body(body, parse_encrypted_extensions);
  check_body(body, parse_key_update);
  check_body(body, parse_server_share);
  check_body(body, parse_request_connection_id);
  check_body(body, parse_new_connection_id);
  Reader chain(body);
  (void)parse_certificate13(chain);
  Reader ticket(body);
  (void)parse_new_session_ticket(ticket);
  Reader shares(body);
  (void)parse_client_shares(shares);
}

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
    check_bodies(fragment->bytes);
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
  Order order;
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
  check_bodies(input);
  return 0;
}
