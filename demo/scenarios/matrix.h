// demo/scenarios/matrix.h - all pairs of NATs, and whether two peers behind them meet.
//
// Three kinds of mapping times three kinds of filtering on either side, with and without a TURN
// server. Each cell is a meeting of its own.  Tested by: tests/demo/matrix_test.cc
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "demo/scenarios/meeting.h"

namespace glass::demo {

struct MatrixOptions {
  std::uint64_t seed = 1;
  bool with_turn = true;
  bool without_turn = true;
};

struct MatrixCell {
  std::string alice;  // "apd/ei"
  std::string bob;
  bool turn = false;
  Met met = Met::kNot;
  std::string path;
  std::string why;
  std::int64_t connected_ms = 0;
  std::string command;  // that runs this cell alone
};

// "ei/ei", "ei/ad", ... "apd/apd".
const std::vector<std::string>& matrix_kinds();
// The meeting of one cell.
MeetingOptions matrix_meeting(std::uint64_t seed, const std::string& alice, const std::string& bob,
                              bool turn);
// Without TURN first, then with; by alice, then by bob.
std::vector<MatrixCell> matrix(const MatrixOptions& options);

}  // namespace glass::demo
