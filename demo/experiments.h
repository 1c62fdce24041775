// demo/experiments.h - what the page asks the simulator for beside single runs: who meets whom
// behind which NATs, and what three kinds of channel make of the same losses.
//
// Answers are JSON, documented in explain/README.md. All work is bounded: a matrix has few seeds
// and is computed once. Sans-IO.  Tested by: tests/demo/experiments_test.cc
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace glass::demo {

class Experiments {
 public:
  static constexpr std::uint64_t kMaxMatrixSeed = 16;

  // "seed=1&turn=0": 81 cells, each with the run that computed it. The error says what is wrong.
  Result<std::string, std::string> matrix(std::string_view query);
  // "seed=1&loss=10&delay=25&jitter=0": three lanes, each with its figures and its run.
  static Result<std::string, std::string> delivery(std::string_view query);

 private:
  std::map<std::pair<std::uint64_t, bool>, std::string> matrices_;
};

}  // namespace glass::demo
