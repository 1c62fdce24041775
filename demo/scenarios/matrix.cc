#include "demo/scenarios/matrix.h"

#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "sim/nat.h"

namespace glass::demo {

const std::vector<std::string>& matrix_kinds() {
  static const std::vector<std::string> kKinds{"ei/ei",  "ei/ad",  "ei/apd", "ad/ei",  "ad/ad",
                                               "ad/apd", "apd/ei", "apd/ad", "apd/apd"};
  return kKinds;
}

MeetingOptions matrix_meeting(std::uint64_t seed, const std::string& alice, const std::string& bob,
                              bool turn) {
  MeetingOptions options;
  options.seed = seed;
  options.alice.nat = sim::parse_nat(alice);
  options.bob.nat = sim::parse_nat(bob);
  options.turn = turn;
  return options;
}

std::vector<MatrixCell> matrix(const MatrixOptions& options) {
  std::vector<MatrixCell> cells;
  for (const bool turn : {false, true}) {
    if (turn ? !options.with_turn : !options.without_turn) continue;
    for (const std::string& alice : matrix_kinds()) {
      for (const std::string& bob : matrix_kinds()) {
        const MeetingResult met = meet(matrix_meeting(options.seed, alice, bob, turn), nullptr);
        const bool is_met = met.met != Met::kNot;
        MatrixCell& cell = cells.emplace_back(alice, bob, turn, met.met, met.path, met.why);
        if (is_met) cell.connected_ms = (met.connected - Instant{}) / std::chrono::milliseconds(1);
        cell.command = "glass run nat --a-nat " + alice + " --b-nat " + bob +
                       (turn ? " --turn" : " --no-turn") + " --seed " + decimal(options.seed);
      }
    }
  }
  return cells;
}

}  // namespace glass::demo
