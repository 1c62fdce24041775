// Each lesson in which something goes wrong, over 64 seeds: they connect, or say exactly why not,
// and all of it in bounded time.
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "demo/scenarios/lessons.h"
#include "demo/scenarios/meeting.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSeeds = 64;
constexpr Duration kGivenUp = 10min;  // the latest that anybody says why not

struct Tally {
  int direct = 0;
  int relay = 0;
  int fail = 0;
  int restarts = 0;
};

// Runs all seeds. `connect` and `recover`: how long either may take where it succeeds.
Tally tally(std::string_view lesson, Duration connect, Duration recover = {}) {
  Tally out;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const MeetingResult result = meet(meeting_of(*find_lesson(lesson), seed), nullptr);
    const std::string where = std::string(lesson) + ", seed " + std::to_string(seed);
    if (result.met == Met::kDirect) ++out.direct;
    if (result.met == Met::kRelay) ++out.relay;
    if (result.met == Met::kNot) {
      ++out.fail;
      EXPECT_FALSE(result.why.empty()) << where;
      EXPECT_LT(result.ended, Instant{} + kGivenUp) << where;
      continue;
    }
    EXPECT_LT(result.connected, Instant{} + connect) << where;
    if (result.struck != kNever) {
      EXPECT_LT(result.recovered - result.struck, recover) << where;
    }
    out.restarts += static_cast<int>(result.restarts);
  }
  return out;
}

TEST(SixtyFourSeeds, RebindingNatsAreSurvived) {
  const Tally all = tally("rebinding", 1s, 40s);

  EXPECT_EQ(all.direct, 64);
  EXPECT_GT(all.restarts, 0);  // nothing else brings them together again
}

TEST(SixtyFourSeeds, NatRebootsAreSurvived) {
  const Tally all = tally("nat-reboot", 1s, 40s);

  EXPECT_EQ(all.direct, 64);
}

TEST(SixtyFourSeeds, CarrierGradeNatsAreNoHindrance) { EXPECT_EQ(tally("cgnat", 1s).direct, 64); }

TEST(SixtyFourSeeds, NeighboursMeetByHairpinning) { EXPECT_EQ(tally("hairpin", 1s).direct, 64); }

TEST(SixtyFourSeeds, ThreeOfTenDatagramsMayBeLost) {
  const Tally all = tally("lossy", 180s);

  EXPECT_LE(all.fail, 6);  // all repeats of one question are lost now and then
}

TEST(SixtyFourSeeds, TwoSecondsAreNotTooFar) { EXPECT_EQ(tally("far-away", 60s).fail, 0); }

// The claims are those of tally(): in bounded time, and with a reason where it fails.
TEST(SixtyFourSeeds, InterfaceChangesEndWellOrWithAReason) {
  const Tally all = tally("interface-change", 5s, 120s);

  EXPECT_EQ(all.direct + all.relay + all.fail, 64);
}

TEST(SixtyFourSeeds, ARelayThatIsGoneForGoodIsSaidToBe) {
  EXPECT_EQ(tally("turn-lost", 5s, 240s).fail, 64);  // there is no other way between these NATs
}

TEST(SixtyFourSeeds, ARelayThatComesBackEndsWellOrWithAReason) {
  const Tally all = tally("turn-restarted", 5s, 240s);

  EXPECT_EQ(all.direct + all.relay + all.fail, 64);
}

}  // namespace
}  // namespace glass::demo
