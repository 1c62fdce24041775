// fuzz: uses dtls crypto
//
// Our server of either version, whole, and a peer that is the input (fuzz/support/dtls_peer.h).
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "dtls/config.h"
#include "fuzz/support/dtls_peer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  glass::fuzz::run_peer(glass::dtls::Role::kServer, glass::Bytes(data, size));
  return 0;
}
