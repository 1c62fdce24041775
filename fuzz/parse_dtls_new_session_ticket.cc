// fuzz: uses dtls
//
// Bytes as the body of a NewSessionTicket of DTLS 1.3, which we read to refuse what is malformed,
// and never write.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "dtls/messages/new_session_ticket.h"
#include "fuzz/support/dtls_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glass;
  const auto ticket = fuzz::check_parse(Bytes(data, size), dtls::parse_new_session_ticket);
  if (ticket) CHECK(!ticket->ticket.empty());
  return 0;
}
