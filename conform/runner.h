// conform/runner.h - runs cases against a target and says what became of each.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "conform/case.h"
#include "conform/profile.h"
#include "conform/wire.h"

namespace glass::conform {

struct CaseResult {
  const Case* what = nullptr;
  Verdict verdict = Verdict::kInconclusive;
  Outcome outcome;
  std::string why{};  // of a skip or an expected failure, from the profile
  Duration took{};
  std::vector<Said> said{};  // the whole conversation
};

struct RunReport {
  std::string target;   // as the user named it
  std::string suite{};  // "stun"
  std::uint64_t seed = 0;
  bool reached = false;  // it answered at least once
  Duration round_trip{};
  Facts facts{};
  std::vector<CaseResult> results{};

  [[nodiscard]] std::size_t count(Verdict verdict) const;
  [[nodiscard]] bool failed(bool strict) const;
};

struct RunOptions {
  Transport transport = Transport::kUdp;
  Selection selection{};
  Login login{};
  std::uint64_t seed = 1;
  Duration timeout = std::chrono::seconds(2);  // at most so long for any answer
  std::function<void(const CaseResult&)> on_result{};
};

// Which of `cases` run was decided by select(). Facts come from the suite's look at the target.
RunReport run_cases(Suite& suite, const std::vector<const Case*>& cases, Wire& wire,
                    const RunOptions& options);

}  // namespace glass::conform
