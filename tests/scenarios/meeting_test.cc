#include "demo/scenarios/meeting.h"

#include <string>

#include <gtest/gtest.h>

#include "demo/scenarios/lessons.h"
#include "tests/support/rules.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

MeetingResult run(std::string_view lesson, std::uint64_t seed = 1) {
  return meet(meeting_of(*find_lesson(lesson), seed), test::test_sink());
}

TEST(Meeting, PublicAddressesNeedNobody) {
  const MeetingResult result = run("no-nat");

  EXPECT_EQ(result.met, Met::kDirect);
  EXPECT_EQ(result.path, "host 192.0.2.1:50001 <-> host 198.51.100.2:50002");
  EXPECT_TRUE(result.tables.empty());
}

TEST(Meeting, ServerReflexiveAddressesLeadThroughCones) {
  for (const char* lesson : {"full-cone", "restricted-cone", "port-restricted"}) {
    const MeetingResult result = run(lesson);

    EXPECT_EQ(result.met, Met::kDirect) << lesson;
    EXPECT_EQ(result.path, "srflx 192.0.2.1:50001 <-> srflx 198.51.100.2:50002") << lesson;
  }
}

TEST(Meeting, APeerReflexiveCandidateTellsTheRealPort) {
  const MeetingResult result = run("one-symmetric");

  EXPECT_EQ(result.met, Met::kDirect);
  EXPECT_EQ(result.path.substr(0, 5), "prflx");
}

TEST(Meeting, SymmetricNatsWithoutARelayDoNotMeetAndSayWhy) {
  const MeetingResult result = run("no-relay");

  EXPECT_EQ(result.met, Met::kNot);
  EXPECT_NE(result.why.find("alice: ICE"), std::string::npos) << result.why;
  EXPECT_NE(result.why.find("bob: ICE"), std::string::npos) << result.why;
  EXPECT_LT(result.ended, Instant{} + 60s);
  EXPECT_RULE("4787:5#0");
}

TEST(Meeting, TwoNatsInARowAreLikeOne) {
  const MeetingResult result = run("cgnat");

  EXPECT_EQ(result.met, Met::kDirect);
  EXPECT_EQ(result.tables.size(), 3U);
}

TEST(Meeting, NeighboursMeetByHairpinning) {
  const MeetingResult result = run("hairpin");

  EXPECT_EQ(result.met, Met::kDirect);
  EXPECT_RULE("4787:6#1");
}

TEST(Meeting, Ipv6NeedsNoTranslation) {
  const MeetingResult result = run("ipv6");

  EXPECT_EQ(result.met, Met::kDirect);
  EXPECT_EQ(result.path, "host [2001:db8:1::2]:50001 <-> host [2001:db8:2::2]:50002");
}

TEST(Meeting, TheTableTellsWhatTheNatHasDone) {
  const MeetingResult result = run("port-restricted");

  ASSERT_EQ(result.tables.size(), 2U);
  EXPECT_EQ(result.tables[0].name, "alice's router");
  EXPECT_EQ(result.tables[0].behaviour, "ei/apd");
  ASSERT_EQ(result.tables[0].entries.size(), 3U);  // one for UDP, and TURN over TCP and TLS
  EXPECT_EQ(to_text(result.tables[0].entries[0].outside), "192.0.2.1:50001");
  EXPECT_GE(result.tables[0].entries[0].admitted.size(), 2U);
}

TEST(Meeting, TheRelayIsThereForThoseWhoCannotMeetOtherwise) {
  for (const char* lesson : {"symmetric", "no-hairpin", "udp-blocked", "only-443"}) {
    const MeetingResult result = run(lesson);

    EXPECT_EQ(result.met, Met::kRelay) << lesson << ": " << result.why;
  }
}

TEST(Meeting, NobodyMeetsWithoutUdpAndTcp) {
  MeetingOptions options = meeting_of(*find_lesson("udp-blocked"), 1);
  options.alice.traffic.tcp = false;

  const MeetingResult result = meet(options, test::test_sink());

  EXPECT_EQ(result.met, Met::kNot);
  EXPECT_NE(result.why.find("alice: "), std::string::npos);
}

}  // namespace
}  // namespace glass::demo
