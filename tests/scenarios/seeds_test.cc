// Each lesson in which something goes wrong, over 64 seeds: they connect, or say exactly why not,
// and all of it in bounded time.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "demo/scenarios/lessons.h"
#include "demo/scenarios/meeting.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSeeds = 64;
// The latest that anybody says why not: ICE, DTLS and SCTP may each take all of their patience.
constexpr Duration kGivenUp = 16min;

// A reason is of one layer, and final: somebody has given up, and says on what.
bool is_reason(std::string_view why) {
  constexpr std::array<std::string_view, 6> kReasons{
      "ICE: the peer has not answered for 30 s, so that its consent is lost",
      "pairs tried, none answered",
      "DTLS: the peer did not answer in time",
      "SCTP: no answer to INIT",
      "SCTP: no answer to COOKIE ECHO",
      "SCTP: no acknowledgement"};
  return std::ranges::any_of(kReasons, [&](std::string_view one) { return why.contains(one); });
}

// What each of the two says first of why they are not connected.
std::pair<std::string, std::string> reasons_of(const std::string& why) {
  const auto line = [&](std::string_view name) {
    const std::size_t at = why.find(std::string(name) + ": ");
    if (at == std::string::npos) return std::string("nothing");
    return why.substr(at, why.find('\n', at) - at);
  };
  return {line("alice"), line("bob")};
}

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
      const auto [alice, bob] = reasons_of(result.why);
      EXPECT_TRUE(is_reason(alice)) << where << ": " << alice;
      EXPECT_TRUE(is_reason(bob)) << where << ": " << bob;
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
  const Tally all = tally("lossy", kGivenUp);

  // Consent is asked for without repetition (RFC 7675 §5.1): six questions in thirty seconds, each
  // of which comes back with a chance of one half where the path is direct, and of a quarter where
  // it goes by way of a relay. Now and then all six are lost, and then they say so.
  EXPECT_GE(all.direct + all.relay, 58);
}

TEST(SixtyFourSeeds, TwoSecondsAreNotTooFar) { EXPECT_EQ(tally("far-away", 60s).direct, 64); }

// One restart with the new address, and they meet through the NAT of the other network.
TEST(SixtyFourSeeds, InterfaceChangesAreSurvived) {
  const Tally all = tally("interface-change", 1s, 2s);

  EXPECT_EQ(all.direct, 64);
  EXPECT_EQ(all.restarts, 64);
}

TEST(SixtyFourSeeds, ARelayThatIsGoneForGoodIsSaidToBe) {
  EXPECT_EQ(tally("turn-lost", 5s, 240s).fail, 64);  // there is no other way between these NATs
}

// Its allocations are gone, and nobody is told: consent has to run out (30 s) before a restart asks
// it for new ones.
TEST(SixtyFourSeeds, ARelayThatComesBackIsUsedAgain) {
  const Tally all = tally("turn-restarted", 5s, 120s);

  EXPECT_EQ(all.relay, 64);
}

}  // namespace
}  // namespace glass::demo
