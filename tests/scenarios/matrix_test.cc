#include "demo/scenarios/matrix.h"

#include <cstddef>
#include <cstdint>
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

// Seed 1: computed once each.
const std::vector<MatrixCell>& plain() {
  static const std::vector<MatrixCell> kCells = matrix({.seed = 1, .with_turn = false});
  return kCells;
}
const std::vector<MatrixCell>& relayed() {
  static const std::vector<MatrixCell> kCells = matrix({.seed = 1, .without_turn = false});
  return kCells;
}

// A NAT in the words of RFC 4787, in the order of matrix_kinds(): of each mapping the three
// filters.
enum class By : std::uint8_t { kNobody, kAddress, kAddressAndPort };
struct Kind {
  By mapping;
  By filter;
};
Kind kind_at(std::size_t index) { return {static_cast<By>(index / 3), static_cast<By>(index % 3)}; }

// Can two peers meet without a relay? Each knows of the other the endpoint that the STUN server
// saw. A pair works once both send between the same two endpoints, from that on which each is sent
// to.
bool can_meet(Kind a, Kind b) {
  const bool a_is_known = a.mapping == By::kNobody;
  const bool b_is_known = b.mapping == By::kNobody;
  // RFC 4787 §4.1, endpoint-independent mapping: what the server saw is what the peer meets. Each
  // opens its own filter by sending there.
  if (a_is_known && b_is_known) return true;
  // One of them shows the other a port that nobody has told of. It opens its own filter by sending,
  // and is learnt from its check: if that passes the filter of the other, who has sent to that
  // address, but not to that port (RFC 4787 §5).
  if (a_is_known) return a.filter != By::kAddressAndPort;
  if (b_is_known) return b.filter != By::kAddressAndPort;
  // Both show new ports. Where these depend on the port that is sent to, learning the new port of
  // the other means another own one, and there is no end to it.
  if (a.mapping == By::kAddressAndPort && b.mapping == By::kAddressAndPort) return false;
  // The known endpoints are open to the server alone, so that one of them has to be open to
  // everybody for a first check to arrive. The port learnt from it is sent to from a new port of
  // this side: the sender's filter may look at addresses, not at ports.
  const auto arrives = [](Kind open, Kind sender) {
    return open.filter == By::kNobody && sender.filter != By::kAddressAndPort;
  };
  return arrives(a, b) || arrives(b, a);
}

std::vector<std::string> expected(char otherwise) {
  std::vector<std::string> lines(9);
  for (std::size_t a = 0; a < 9; ++a)
    for (std::size_t b = 0; b < 9; ++b)
      lines[a] += can_meet(kind_at(a), kind_at(b)) ? 'D' : otherwise;
  return lines;
}

TEST(Matrix, TheKindsAreNinePairsOfMappingAndFilter) {
  const std::vector<std::string> names{"ei", "ad", "apd"};

  for (std::size_t i = 0; i < 9; ++i)
    EXPECT_EQ(matrix_kinds().at(i), names[i / 3] + "/" + names[i % 3]);
}

// What the reasoning above comes to, as a picture: ei, ad, apd mappings, with ei, ad, apd filters
// each.
TEST(Matrix, TheReasoningComesToThis) {
  EXPECT_EQ(expected('-'), (std::vector<std::string>{"DDDDDDDDD",  //
                                                     "DDDDDDDDD",  //
                                                     "DDD------",  // such filters want exact ports
                                                     "DD-DD-DD-",  //
                                                     "DD-D--D--",  //
                                                     "DD-------",  //
                                                     "DD-DD----",  //
                                                     "DD-D-----",  //
                                                     "DD-------"}));
}

TEST(Matrix, WithoutTurnThoseMeetWhoCan) {
  ASSERT_EQ(plain().size(), 81U);

  EXPECT_EQ(letters(plain()), expected('-'));
}

// Nobody fails, and nobody is relayed who could do without.
TEST(Matrix, WithTurnTheOthersMeetAtTheRelay) {
  ASSERT_EQ(relayed().size(), 81U);

  EXPECT_EQ(letters(relayed()), expected('R'));
}

TEST(Matrix, HasTheSameOutcomesForAnotherSeed) {
  EXPECT_EQ(letters(matrix({.seed = 5, .with_turn = false})), letters(plain()));
  EXPECT_EQ(letters(matrix({.seed = 5, .without_turn = false})), letters(relayed()));
}

TEST(Matrix, ACellSaysWhyNotAndHowToRunIt) {
  const MatrixCell& last = plain().back();
  EXPECT_EQ(last.command, "glass run nat --a-nat apd/apd --b-nat apd/apd --no-turn --seed 1");
  EXPECT_EQ(last.met, Met::kNot);
  EXPECT_FALSE(last.why.empty());
  EXPECT_FALSE(plain().front().path.empty());
}

}  // namespace
}  // namespace glass::demo
