// The window, and the same from a model that remembers everything.
#include "rtp/replay_window.h"

#include <set>

#include <gtest/gtest.h>

#include "base/random.h"

namespace glass::rtp {
namespace {

using Window = ReplayWindow<64>;

TEST(ReplayWindow, TakesEachIndexOnce) {
  Window window;
  EXPECT_EQ(window.check(7), Window::Verdict::kNew);
  window.note(7);
  EXPECT_EQ(window.check(7), Window::Verdict::kSeen);
  EXPECT_EQ(window.check(6), Window::Verdict::kNew);
  EXPECT_EQ(window.highest(), 7U);
}

TEST(ReplayWindow, Is64Wide) {
  Window window;
  window.note(100);
  EXPECT_EQ(window.check(37), Window::Verdict::kNew);
  EXPECT_EQ(window.check(36), Window::Verdict::kTooOld);
}

TEST(ReplayWindow, AJumpForgetsAll) {
  Window window;
  for (std::uint64_t i = 0; i < 64; ++i) window.note(i);
  window.note(1'000'000);
  for (std::uint64_t i = 1'000'000 - 63; i < 1'000'000; ++i)
    EXPECT_EQ(window.check(i), Window::Verdict::kNew) << i;
  EXPECT_EQ(window.check(1'000'000), Window::Verdict::kSeen);
}

TEST(ReplayWindow, NotingWhatIsTooOldChangesNothing) {
  Window window;
  window.note(200);
  window.note(200 - 64);
  EXPECT_EQ(window.check(200 - 63), Window::Verdict::kNew);
  EXPECT_EQ(window.check(200), Window::Verdict::kSeen);
}

template <std::size_t kBits>
void agree_with_the_model(std::uint64_t seed) {
  SeededRandom dice(seed);
  ReplayWindow<kBits> window;
  std::set<std::uint64_t> seen;
  std::uint64_t highest = 0;
  using Verdict = typename ReplayWindow<kBits>::Verdict;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t back = dice.below(static_cast<std::uint32_t>(kBits + kBits / 8));
    const std::uint64_t ahead = dice.below(8) == 0 ? dice.below(3 * kBits) : dice.below(4);
    const std::uint64_t from = highest + ahead;
    const std::uint64_t index = from < back || dice.below(2) == 0 ? from : from - back;
    Verdict expected = Verdict::kNew;
    if (!seen.empty() && index + kBits <= highest) {
      expected = Verdict::kTooOld;
    } else if (seen.contains(index)) {
      expected = Verdict::kSeen;
    }
    ASSERT_EQ(window.check(index), expected) << index << " at " << highest << ", seed " << seed;
    if (expected != Verdict::kNew) continue;
    window.note(index);
    seen.insert(index);
    highest = std::max(highest, index);
  }
}

TEST(ReplayWindow, AgreesWithASetOfAllIndices) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    agree_with_the_model<64>(seed);
    agree_with_the_model<128>(seed);
    agree_with_the_model<1024>(seed);
  }
}

}  // namespace
}  // namespace glass::rtp
