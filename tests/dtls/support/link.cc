#include "tests/dtls/support/link.h"

#include "crypto/certificate.h"
#include "dtls/config.h"

namespace glass::dtls::test {

const crypto::Identity& alice() {
  static const crypto::Identity kAlice = crypto::Identity::make("alice", 1'700'000'000);
  return kAlice;
}

const crypto::Identity& bob() {
  static const crypto::Identity kBob = crypto::Identity::make("bob", 1'700'000'000);
  return kBob;
}

Config config_for(Role role) {
  Config config;
  config.role = role;
  config.identity = role == Role::kClient ? &alice() : &bob();
  config.max_version = Version::k12;
  config.remote_fingerprints = {(role == Role::kClient ? bob() : alice()).fingerprint()};
  return config;
}

}  // namespace glass::dtls::test
