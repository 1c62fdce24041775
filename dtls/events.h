// dtls/events.h - what a DTLS connection tells the layer above.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "dtls/config.h"
#include "dtls/wire.h"

namespace glass::dtls {

enum class CloseReason : std::uint8_t {
  kLocal,        // close() was called
  kPeer,         // the peer said close_notify
  kPeerAlert,    // the peer sent a fatal alert
  kHandshake,    // the handshake cannot go on; an alert tells the peer
  kFingerprint,  // the peer's certificate is not the one that was announced
  kTimeout,      // the peer did not answer in Config::handshake_limit
  kKeysWornOut,  // Limits
};
std::string_view to_text(CloseReason reason);

// The handshake is complete: records may be sealed.
struct Connected {
  std::uint16_t version = kDtls12;
  std::uint16_t cipher_suite = 0;
  std::uint16_t group = 0;
  std::optional<SrtpProfile> srtp_profile;
  bool extended_master_secret = false;
  bool connection_ids = false;  // in one direction at least
};
// What a record carried. The view is into the bytes that receive() was given (decrypted in place),
// or into this connection for a record that came early: take it before either goes.
struct Plaintext {
  MutableBytes bytes;
};
// Comes once, and nothing after it.
struct Closed {
  CloseReason reason = CloseReason::kLocal;
  std::string text;  // one sentence for people
};

}  // namespace glass::dtls
