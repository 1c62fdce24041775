#include "sdp/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sdp/fixtures.h"

namespace glass::sdp {
namespace {

using test::data_offer;
using test::fixture_names;
using test::parsed;
using test::parsed_fixture;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Diff, ADescriptionDoesNotDifferFromItself) {
  for (const std::string& name : fixture_names())
    EXPECT_THAT(diff(parsed_fixture(name), parsed_fixture(name)), IsEmpty()) << name;
}

TEST(Diff, SaysWhichLinesOnlyOneSideHas) {
  const auto sections =
      diff(parsed(data_offer("a=setup")), parsed(data_offer("a=max-message-size", "a=sendrecv")));

  ASSERT_THAT(sections, SizeIs(1));
  EXPECT_EQ(sections[0].name, "section 0: application, mid 0");
  EXPECT_THAT(
      sections[0].changes,
      ElementsAre(
          LineChange{.side = DiffSide::kFirst, .line = 14, .text = "a=max-message-size:100000"},
          LineChange{.side = DiffSide::kSecond, .line = 12, .text = "a=setup:actpass"},
          LineChange{.side = DiffSide::kSecond, .line = 15, .text = "a=sendrecv"}));
}

TEST(Diff, TheOrderInASectionDoesNotCount) {
  const auto sections = diff(parsed(data_offer("a=mid", "a=mid:0")), parsed(data_offer()));

  EXPECT_THAT(sections, IsEmpty());
}

TEST(Diff, ALineThatStandsMoreOftenIsADifference) {
  const auto sections = diff(parsed(data_offer("", "a=x\na=x")), parsed(data_offer("", "a=x")));

  ASSERT_THAT(sections, SizeIs(1));
  EXPECT_THAT(sections[0].changes, SizeIs(1));
}

TEST(Diff, SectionsAreFoundByTheirNames) {
  const std::string audio = "m=audio 9 RTP/AVP 0\nc=IN IP4 0.0.0.0\na=mid:a\n";
  const std::string video = "m=video 9 RTP/AVP 96\nc=IN IP4 0.0.0.0\na=mid:v\n";
  const std::string head = "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\n";

  EXPECT_THAT(diff(parsed(head + audio + video), parsed(head + video + audio)), IsEmpty());
  const auto less = diff(parsed(head + audio + video), parsed(head + audio));
  ASSERT_THAT(less, SizeIs(1));
  EXPECT_THAT(less[0].changes, SizeIs(3));
  const auto more = diff(parsed(head + audio), parsed(head + audio + video));
  ASSERT_THAT(more, SizeIs(1));
  EXPECT_EQ(more[0].name, "section 1: video, mid v");
}

}  // namespace
}  // namespace glass::sdp
