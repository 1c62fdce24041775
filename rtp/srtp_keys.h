// rtp/srtp_keys.h - from what DTLS exports to the six session keys of one direction.
//
// RFC 5764 §4.2 (the exported block), RFC 3711 §4.3 (derivation), RFC 6188 §3 (with AES-256),
// RFC 7714 §11.  Tested by: tests/rtp/srtp_keys_test.cc
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/trace.h"
#include "crypto/primitives.h"
#include "crypto/secret.h"
#include "rtp/srtp_profile.h"

namespace glass::rtp {

// What one end protects with.
struct SrtpMaster {
  crypto::Secret key;
  crypto::Secret salt;
};

struct SrtpMasters {
  SrtpMaster client;  // of the DTLS client
  SrtpMaster server;
};

// Bytes to ask the exporter for, under the label EXTRACTOR-dtls_srtp (RFC 5764 §4.2).
constexpr std::size_t exported_size(SrtpProfile profile) {
  return 2 * (sizes_of(profile).key + sizes_of(profile).salt);
}
// Cuts the exported block into client key, server key, client salt, server salt; it must be
// exported_size() long.
SrtpMasters split_exported(SrtpProfile profile, Bytes exported);

// Session keys, all derived once, since the key derivation rate is zero (RFC 3711 §4.3.1).
struct SrtpSessionKeys {
  crypto::Secret rtp_key;
  crypto::Secret rtp_auth;  // empty where the cipher authenticates
  crypto::Secret rtp_salt;
  crypto::Secret rtcp_key;
  crypto::Secret rtcp_auth;
  crypto::Secret rtcp_salt;
};

// RFC 3711 §4.3.1: what a key is for.
enum class KeyLabel : std::uint8_t {
  kRtpEncryption = 0,
  kRtpAuthentication = 1,
  kRtpSalt = 2,
  kRtcpEncryption = 3,
  kRtcpAuthentication = 4,
  kRtcpSalt = 5,
};

// `size` bytes of the key stream that the label selects.
crypto::Secret derive_key(Bytes master_key, Bytes master_salt, KeyLabel label, std::size_t size);
SrtpSessionKeys derive_session_keys(SrtpProfile profile, const SrtpMaster& master, Trace trace);

}  // namespace glass::rtp
