// demo/annotated.h - a run of a scenario as the trace that the page draws: what happened, in order,
// with every packet opened and the note of every rule that fired.
//
// The page draws it at any of its instants and simulates nothing itself. The format is in
// explain/README.md: version 1 of the trace, with more keys.  Tested by:
// tests/demo/annotated_test.cc
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/trace.h"
#include "demo/scenarios/fork.h"
#include "explain/notes.h"
#include "explain/sinks/recorder.h"

namespace glass::demo {

// What may be asked for. Everything is bounded: a run takes a fraction of a second.
struct RunRequest {
  static constexpr std::uint32_t kMaxLoss = 400'000;  // per million
  static constexpr Duration kMaxDelay = std::chrono::seconds(2);
  static constexpr Duration kMaxJitter = std::chrono::seconds(1);
  static constexpr Duration kMaxFork = std::chrono::minutes(10);

  // Or the name of a lesson (scenarios/lessons.h), a delivery, a fault, an attack.
  std::string scenario = "first-light";
  std::uint64_t seed = 1;
  // What is not asked for is as the scenario has it.
  std::optional<std::uint32_t> loss_per_million{};
  std::optional<Duration> delay{};  // one way
  Duration jitter{};
  std::string a_nat{};  // Alice's: "apd/ad", "symmetric", "none"...
  std::string b_nat{};
  std::optional<bool> turn{};   // is there a relay?
  std::optional<bool> a_udp{};  // does UDP get out of Alice's network?
  std::optional<bool> b_udp{};
  // From that instant on the network is another one; scenarios that are lessons, and first-light.
  std::optional<Duration> fork_at{};
  std::optional<std::uint32_t> fork_loss_per_million{};
  std::optional<Duration> fork_delay{};
  std::optional<Duration> fork_jitter{};
};

// "scenario=first-light&seed=7&loss=2.5&delay=25&a_nat=ei/apd": loss in percent, delay and jitter
// in milliseconds, turn, a_udp and b_udp 0 or 1; fork in microseconds since the start, with
// fork_loss, fork_delay and fork_jitter for what is another network from then on. Each may be left
// out. The error says in a sentence what is wrong with which.
Result<RunRequest, std::string> parse_run_request(std::string_view query);

// The lanes of its trace, by node.
std::vector<std::string> names_of(const RunRequest& request);
// Runs it; what happens goes to `sink`. Replaces OpenSSL's dice meanwhile.
void run(const RunRequest& request, Sink& sink);

// The run as a capture that Wireshark opens decrypted, each packet with the rules behind it.
std::string captured_run(const RunRequest& request, const explain::Notes& notes);

// Runs it. The same request gives the same bytes. Replaces OpenSSL's dice meanwhile.
std::string annotated_run(const RunRequest& request, const explain::Notes& notes);

// The trace of a recorded story. Secrets are named, never shown.
std::string annotated_trace(const explain::Story& story, const explain::Notes& notes);

}  // namespace glass::demo
