// demo/scenarios/attacks.h - somebody who means no good, and what the protocols do about each
// attempt.
//
//   alice ------------------------ bob
//                                  |
//   mallory -- mallory's provider -+
//
// Mallory sees every packet between the two, and her provider lets her write any sender's address
// on hers. She has no key. In "attacks" she tries one thing after another while the two talk on; in
// "attack-fingerprint" she is the signaling server and exchanges a fingerprint before they have
// met. Tested by: tests/scenarios/attacks_test.cc
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/trace.h"

namespace glass::demo {

inline constexpr std::string_view kAttacks = "attacks";
inline constexpr std::string_view kAttackFingerprint = "attack-fingerprint";

struct AttackOptions {
  std::uint64_t seed = 1;
  Duration delay = std::chrono::milliseconds(25);  // one way
};
struct AttackResult {
  std::size_t attempts = 0;        // packets that Mallory sent
  std::size_t answers_before = 0;  // that Alice had from Bob when the first of them came
  std::size_t answers = 0;         // that she had in the end: they talk on
  std::string failure;             // what a peer complained of
};

std::vector<std::string> attack_names();
// Both replace OpenSSL's dice while they run.
AttackResult attack(const AttackOptions& options, Sink* sink);
AttackResult attack_fingerprint(const AttackOptions& options, Sink* sink);

}  // namespace glass::demo
