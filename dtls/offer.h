// dtls/offer.h - the ClientHello we send: one offer for DTLS 1.3 and 1.2 alike.
//
// Which of the two it becomes is the server's choice; what was offered is kept here, since a second
// hello repeats it (RFC 6347 §4.2.1, RFC 8446 §4.1.2). Knows no states.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "crypto/key_exchange.h"
#include "dtls/handshake.h"
#include "dtls/session.h"

namespace glass::dtls {

struct Offer {
  std::vector<crypto::KeyShare> shares;  // for DTLS 1.3; one, of the group we like best
  ByteVector cookie;                     // of HelloVerifyRequest, DTLS 1.2
  ByteVector retry_cookie;               // of HelloRetryRequest, DTLS 1.3
  Message hello;                         // as it was last sent

  // Writes the hello anew and puts it into the flight.
  void send(Session& session);
  [[nodiscard]] const crypto::KeyShare* find_share(std::uint16_t group) const;
};

}  // namespace glass::dtls
