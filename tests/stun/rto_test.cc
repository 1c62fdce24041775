#include "stun/rto.h"

#include <chrono>

#include <gtest/gtest.h>

namespace glass::stun {
namespace {

using namespace std::chrono_literals;

TEST(RtoEstimator, StartsWithHalfASecond) { EXPECT_EQ(RtoEstimator{}.rto(Instant{}), 500ms); }

TEST(RtoEstimator, NeverGoesBelowHalfASecond) {
  RtoEstimator rto;
  rto.sample(Instant{}, 20ms);

  EXPECT_EQ(rto.rto(Instant{}), 500ms);
}

TEST(RtoEstimator, FirstSampleCountsThreeTimes) {
  RtoEstimator rto;
  rto.sample(Instant{}, 400ms);

  EXPECT_EQ(rto.rto(Instant{}), 1200ms);  // 400 + 4 * 200
}

TEST(RtoEstimator, LaterSamplesAreSmoothed) {
  RtoEstimator rto;
  rto.sample(Instant{}, 400ms);
  rto.sample(Instant{} + 1s, 800ms);

  EXPECT_EQ(rto.rto(Instant{} + 1s), 1450ms);  // (7*400+800)/8 + 4 * (3*200+400)/4
}

TEST(RtoEstimator, KeepsMilliseconds) {
  RtoEstimator rto;
  rto.sample(Instant{}, 333333us);

  EXPECT_EQ(rto.rto(Instant{}), 1000ms);
}

TEST(RtoEstimator, ForgetsAfterTenMinutes) {
  RtoEstimator rto;
  rto.sample(Instant{}, 2s);

  EXPECT_EQ(rto.rto(Instant{} + 10min), 6s);
  EXPECT_EQ(rto.rto(Instant{} + 10min + 1ns), 500ms);
}

TEST(RtoEstimator, HasAMaximum) {
  RtoEstimator rto;
  rto.sample(Instant{}, 1h);

  EXPECT_EQ(rto.rto(Instant{}), 60s);
}

}  // namespace
}  // namespace glass::stun
