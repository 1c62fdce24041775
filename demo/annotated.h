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

#include "base/result.h"
#include "base/time.h"
#include "explain/notes.h"
#include "explain/sinks/recorder.h"

namespace glass::demo {

// What may be asked for. Everything is bounded: a run takes a fraction of a second.
struct RunRequest {
  static constexpr std::uint32_t kMaxLoss = 400'000;  // per million
  static constexpr Duration kMaxDelay = std::chrono::seconds(2);
  static constexpr Duration kMaxJitter = std::chrono::seconds(1);

  std::string scenario = "first-light";  // or a lesson's name (scenarios/lessons.h)
  std::uint64_t seed = 1;
  // What is not asked for is as the scenario has it.
  std::optional<std::uint32_t> loss_per_million{};
  std::optional<Duration> delay{};  // one way
  Duration jitter{};
  std::string a_nat{};  // Alice's: "apd/ad", "symmetric", "none"...
  std::string b_nat{};
};

// "scenario=first-light&seed=7&loss=2.5&delay=25&a_nat=ei/apd": loss in percent, delay and jitter
// in milliseconds, each may be left out. The error says in a sentence what is wrong with which.
Result<RunRequest, std::string> parse_run_request(std::string_view query);

// Runs it. The same request gives the same bytes. Replaces OpenSSL's dice meanwhile.
std::string annotated_run(const RunRequest& request, const explain::Notes& notes);

// The trace of a recorded story. Secrets are named, never shown.
std::string annotated_trace(const explain::Story& story, const explain::Notes& notes);

}  // namespace glass::demo
