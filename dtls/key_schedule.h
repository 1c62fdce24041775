// dtls/key_schedule.h - from a shared secret to keys, proofs and exports.
//
// RFC 5246 §8.1 or RFC 7627 §4 (master secret), RFC 5246 §6.3 (keys), §7.4.9 (Finished);
// RFC 5705 §4 (exporter). DTLS 1.2; that of 1.3 is key_schedule13.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "crypto/secret.h"
#include "dtls/config.h"
#include "dtls/messages/client_hello.h"
#include "dtls/record.h"
#include "dtls/suites.h"
#include "dtls/wire.h"

namespace glass::dtls {

class KeySchedule {
 public:
  // One direction: the cipher's key and the part of the nonce that is not sent.
  struct Keys {
    crypto::Secret key;
    crypto::Secret nonce;
  };
  struct Pair {
    Keys client;  // what the client writes with
    Keys server;
  };

  const Suite* suite = nullptr;  // set before anything is derived
  HelloRandom client_random{};
  HelloRandom server_random{};

  // RFC 5246 §8.1: from the secret and both randoms.
  void derive_master(const crypto::Secret& premaster);
  // RFC 7627 §4: from the secret and the digest of all messages up to ClientKeyExchange.
  void derive_extended_master(const crypto::Secret& premaster, Bytes session_hash);
  // One that is known already, out of a key log.
  void set_master(Bytes master) { master_ = crypto::Secret(master); }
  [[nodiscard]] bool has_master() const { return !master_.empty(); }
  [[nodiscard]] Bytes master() const { return master_.bytes(); }

  [[nodiscard]] Pair expand() const;
  // What `sender` says in its Finished.
  [[nodiscard]] std::array<std::uint8_t, kVerifyDataSize> verify_data(Role sender,
                                                                      Bytes transcript_hash) const;
  void export_keys(std::string_view label, MutableBytes out) const;
  void forget() { master_.forget(); }

 private:
  crypto::Secret master_;
};

}  // namespace glass::dtls
