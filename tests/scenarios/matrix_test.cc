#include "demo/scenarios/matrix.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace glass::demo {
namespace {

// One line per kind of Alice's NAT, one letter per kind of Bob's.
std::vector<std::string> letters(const std::vector<MatrixCell>& cells) {
  std::vector<std::string> lines;
  for (const MatrixCell& cell : cells) {
    if (cell.bob == matrix_kinds().front()) lines.emplace_back();
    lines.back() += cell.met == Met::kNot ? '-' : cell.met == Met::kRelay ? 'R' : 'D';
  }
  return lines;
}

// Seed 1 without TURN: computed once.
const std::vector<MatrixCell>& plain() {
  static const std::vector<MatrixCell> kCells = matrix({.seed = 1, .with_turn = false});
  return kCells;
}

// What ICE makes of RFC 4787's nine kinds of NAT, as it was when somebody last thought each cell
// through. The order is that of matrix_kinds(): ei, ad, apd mappings, with ei, ad, apd filters
// each.
TEST(Matrix, WithoutTurnIsWhatItWas) {
  ASSERT_EQ(plain().size(), 81U);
  EXPECT_EQ(letters(plain()),
            (std::vector<std::string>{"DDDDDDDDD",  //
                                      "DDDDDDDDD",  //
                                      "DDD------",  // port-restricted filters want exact ports
                                      "DD-DD-DD-",  //
                                      "DD-D--D--",  //
                                      "DD-------",  //
                                      "DD-DD----",  //
                                      "DD-D-----",  //
                                      "DD-------"}));
}

TEST(Matrix, DoesNotCareWhoCalls) {
  const auto lines = letters(plain());

  for (std::size_t a = 0; a < 9; ++a)
    for (std::size_t b = 0; b < 9; ++b) EXPECT_EQ(lines[a][b], lines[b][a]) << a << ' ' << b;
}

TEST(Matrix, HasTheSameOutcomesForAnotherSeed) {
  EXPECT_EQ(letters(matrix({.seed = 5, .with_turn = false})), letters(plain()));
}

TEST(Matrix, ACellSaysWhyNotAndHowToRunIt) {
  const MatrixCell& last = plain().back();
  EXPECT_EQ(last.command, "glass run nat --a-nat apd/apd --b-nat apd/apd --no-turn --seed 1");
  EXPECT_EQ(last.met, Met::kNot);
  EXPECT_FALSE(last.why.empty());
  EXPECT_FALSE(plain().front().path.empty());
}

// Where both NATs map by destination and port and let strangers in, every check shows yet another
// port; the peer-reflexive candidates run out before the relayed pair is nominated. These three
// cells do not meet yet.
bool is_endless(std::size_t a, std::size_t b) { return a + b <= 13 && a >= 6 && b >= 6; }

TEST(Matrix, WithTurnOthersMeetAndOnlyThoseWhoCouldMeetDirectlyDo) {
  const auto lines = letters(matrix({.seed = 1, .without_turn = false}));
  const auto without = letters(plain());

  ASSERT_EQ(lines.size(), 9U);
  for (std::size_t a = 0; a < 9; ++a) {
    for (std::size_t b = 0; b < 9; ++b) {
      if (!is_endless(a, b)) {
        EXPECT_NE(lines[a][b], '-') << a << ' ' << b;
      }
      if (lines[a][b] == 'D') {
        EXPECT_EQ(without[a][b], 'D') << a << ' ' << b;
      }
    }
  }
}

}  // namespace
}  // namespace glass::demo
