// glass matrix - who meets whom: all pairs of NATs, each computed by running ICE in a world of its
// own. Nothing here knows the answers.
#include "demo/scenarios/matrix.h"

#include <array>
#include <cstdio>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "demo/commands/commands.h"

namespace glass::demo {
namespace {

// "direct" for a cell that is the same with and without TURN.
char letter(Met met) {
  switch (met) {
    case Met::kDirect: return 'D';
    case Met::kRelay: return 'R';
    case Met::kNot: return '-';
  }
  return '?';
}

void print_table(const std::vector<MatrixCell>& cells, bool turn) {
  const auto& kinds = matrix_kinds();
  fmt::print("\n{} a TURN server (rows: alice, columns: bob; mapping/filtering)\n\n{:9}",
             turn ? "With" : "Without", "");
  for (const std::string& kind : kinds) fmt::print("{:>9}", kind);
  for (const std::string& alice : kinds) {
    fmt::print("\n{:9}", alice);
    for (const MatrixCell& cell : cells)
      if (cell.alice == alice && cell.turn == turn) fmt::print("{:>9}", letter(cell.met));
  }
  fmt::print("\n");
}

void print_counts(const std::vector<MatrixCell>& cells, bool turn) {
  std::array<int, 3> count{};
  for (const MatrixCell& cell : cells)
    if (cell.turn == turn) ++count.at(static_cast<std::size_t>(cell.met));
  fmt::print("{} TURN: {} direct, {} relayed, {} not at all\n", turn ? "With" : "Without", count[0],
             count[1], count[2]);
}

void print_text(const MatrixOptions& options, const std::vector<MatrixCell>& cells) {
  fmt::print(
      "Can they meet? Each cell is a run of two whole peers, seed {}.\n"
      "ei endpoint-independent, ad address-dependent, apd address- and port-dependent\n"
      "D direct, R through the relay, - not at all\n",
      options.seed);
  for (const bool turn : {false, true}) {
    if (turn ? !options.with_turn : !options.without_turn) continue;
    print_table(cells, turn);
  }
  fmt::print("\n");
  if (options.without_turn) print_counts(cells, false);
  if (options.with_turn) print_counts(cells, true);
  fmt::print("\nEach cell again, with all that was said:\n");
  for (const MatrixCell& cell : cells) fmt::print("{:7} {}\n", to_text(cell.met), cell.command);
}

void print_json(const MatrixOptions& options, const std::vector<MatrixCell>& cells) {
  nlohmann::ordered_json out;
  out["seed"] = options.seed;
  out["cells"] = nlohmann::ordered_json::array();
  for (const MatrixCell& cell : cells) {
    nlohmann::ordered_json one;
    one["alice"] = cell.alice;
    one["bob"] = cell.bob;
    one["turn"] = cell.turn;
    one["outcome"] = to_text(cell.met);
    if (cell.met != Met::kNot) {
      one["path"] = cell.path;
      one["connected_ms"] = cell.connected_ms;
    } else {
      one["why"] = cell.why;
    }
    one["command"] = cell.command;
    out["cells"].push_back(std::move(one));
  }
  fmt::print("{}\n", out.dump(1));
}

}  // namespace

int run_matrix(const MatrixOptions& options, bool json) {
  const std::vector<MatrixCell> cells = matrix(options);
  if (json) {
    print_json(options, cells);
  } else {
    print_text(options, cells);
  }
  return kExitDone;
}

}  // namespace glass::demo
