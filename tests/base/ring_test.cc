// tests/base/ring_test.cc - the ring queue and the block pool.
#include "base/ring.h"

#include <deque>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/slab.h"

namespace glass {
namespace {

TEST(Ring, BehavesLikeADeque) {
  SeededRandom random(1);
  Ring<int> ring;
  std::deque<int> model;
  for (int step = 0; step < 20'000; ++step) {
    switch (random.below(5)) {
      case 0:
      case 1:
        ring.push_back(step);
        model.push_back(step);
        break;
      case 2:
        if (model.empty()) break;
        ring.pop_front();
        model.pop_front();
        break;
      case 3:
        if (model.empty()) break;
        ring.pop_back();
        model.pop_back();
        break;
      default:
        if (random.below(20) > 0) break;
        ring.resize(model.size() + 3);
        model.resize(model.size() + 3);
        break;
    }
    ASSERT_EQ(ring.size(), model.size());
    if (model.empty()) continue;
    ASSERT_EQ(ring.front(), model.front());
    ASSERT_EQ(ring.back(), model.back());
    const std::size_t at = random.below(static_cast<std::uint32_t>(model.size()));
    ASSERT_EQ(ring[at], model[at]);
  }
  ring.clear();
  EXPECT_TRUE(ring.empty());
}

TEST(Slab, LendsBlocksAndTakesThemBack) {
  Slab slab(64, 4);
  std::vector<std::uint32_t> lent;
  for (std::uint8_t i = 0; i < 10; ++i) lent.push_back(slab.store(ByteVector(i, i)));
  EXPECT_EQ(slab.in_use(), 10u);
  for (std::uint8_t i = 0; i < 10; ++i) EXPECT_TRUE(equal(slab.bytes(lent[i]), ByteVector(i, i)));
  EXPECT_EQ(slab.next(lent[3]), Slab::kNone);
  slab.next(lent[3]) = lent[4];
  EXPECT_EQ(slab.next(lent[3]), lent[4]);
  for (const std::uint32_t id : lent) slab.release(id);
  EXPECT_EQ(slab.in_use(), 0u);
  EXPECT_LT(slab.store(ByteVector(64, 1)), 12u) << "no new memory";
}

}  // namespace
}  // namespace glass
