// sctp/cookie.h - the state cookie: all that an INIT told us, kept by the one who sent it.
//
// Sealed with HMAC-SHA256 under a key that never leaves this object. RFC 9260 §5.1.3, §5.1.5.
// Tested by: cookie_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"
#include "crypto/hmac.h"
#include "sctp/types.h"

namespace glass::sctp {

// What we know of the other side once its INIT or INIT ACK was read.
struct Peer {
  VerificationTag tag;
  Tsn initial_tsn;
  std::uint32_t a_rwnd = 0;
  std::uint16_t outbound_streams = 0;  // already cut down to what we accept
  std::uint16_t inbound_streams = 0;
  bool forward_tsn = false;
  bool reconfig = false;
  bool interleaving = false;   // I-DATA: both sides want it
  bool zero_checksum = false;  // it accepts packets without one
  friend bool operator==(const Peer&, const Peer&) = default;
};

struct Cookie {
  Instant made;
  VerificationTag tag;  // ours, as the INIT ACK said
  Tsn initial_tsn;      // ours
  Peer peer;
  // RFC 9260 §5.2.2: name the association that existed when this was made; zero: none did.
  std::uint32_t local_tie = 0;
  std::uint32_t peer_tie = 0;
};

class CookieJar {
 public:
  static constexpr std::size_t kMacSize = 32;

  explicit CookieJar(Random& random);

  ByteVector seal(const Cookie& cookie);
  // nullopt: not one of ours, or changed on its way.
  std::optional<Cookie> open(Bytes sealed);

 private:
  crypto::Hmac mac_;
};

}  // namespace glass::sctp
