// crypto/seeded_random.h - makes all that OpenSSL draws repeatable, for simulations, fuzzers,
// tests.
//
// The one place where a deprecated part of OpenSSL is used: its generator of the whole process can
// be replaced in no other way. Never call this in a program that meets a real network.
#pragma once

#include <cstdint>

namespace glass::crypto {

// From here on OpenSSL's generator is a function of `seed`: key pairs and ECDSA signatures are the
// same, byte for byte, in each run. May be called again to begin another sequence.
void seed_openssl(std::uint64_t seed);
// Gives the process OpenSSL's own generator back.
void unseed_openssl();

}  // namespace glass::crypto
