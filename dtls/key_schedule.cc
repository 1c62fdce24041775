#include "dtls/key_schedule.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "crypto/aead.h"
#include "crypto/prf.h"
#include "crypto/secret.h"
#include "dtls/config.h"
#include "dtls/record.h"
#include "dtls/wire.h"

namespace glass::dtls {

void KeySchedule::derive_master(const crypto::Secret& premaster) {
  master_ = crypto::Secret(kMasterSecretSize);
  crypto::prf(suite->hash,
              {.secret = premaster.bytes(),
               .label = "master secret",
               .seed = client_random,
               .more_seed = server_random},
              master_.bytes());
}

void KeySchedule::derive_extended_master(const crypto::Secret& premaster, Bytes session_hash) {
  master_ = crypto::Secret(kMasterSecretSize);
  crypto::prf(suite->hash,
              {.secret = premaster.bytes(),
               .label = "extended master secret",
               .seed = session_hash,
               .more_seed = {}},
              master_.bytes());
}

// RFC 5246 §6.3: both keys, then both implicit nonces; an AEAD has no MAC keys.
KeySchedule::Pair KeySchedule::expand() const {
  const std::size_t key_size = crypto::aead_key_size(suite->aead);
  const std::size_t nonce_size = implicit_nonce_size(suite->aead);
  crypto::Secret block(2 * key_size + 2 * nonce_size);
  crypto::prf(suite->hash,
              {.secret = master_.bytes(),
               .label = "key expansion",
               .seed = server_random,
               .more_seed = client_random},
              block.bytes());
  std::size_t at = 0;
  const auto take = [&](std::size_t size) {
    at += size;
    return crypto::Secret(Bytes(block.bytes()).subspan(at - size, size));
  };
  Pair pair;
  pair.client.key = take(key_size);
  pair.server.key = take(key_size);
  pair.client.nonce = take(nonce_size);
  pair.server.nonce = take(nonce_size);
  return pair;
}

std::array<std::uint8_t, kVerifyDataSize> KeySchedule::verify_data(Role sender,
                                                                   Bytes transcript_hash) const {
  std::array<std::uint8_t, kVerifyDataSize> data{};
  crypto::prf(suite->hash,
              {.secret = master_.bytes(),
               .label = sender == Role::kClient ? "client finished" : "server finished",
               .seed = transcript_hash,
               .more_seed = {}},
              data);
  return data;
}

void KeySchedule::export_keys(std::string_view label, MutableBytes out) const {
  crypto::prf(suite->hash,
              {.secret = master_.bytes(),
               .label = label,
               .seed = client_random,
               .more_seed = server_random},
              out);
}

}  // namespace glass::dtls
