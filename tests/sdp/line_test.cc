#include "sdp/line.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/rules.h"

namespace glass::sdp {
namespace {

using ::testing::SizeIs;

TEST(Lines, KeepTheirEndings) {
  const auto lines = split_lines("v=0\r\ns=-\na=x", glass::test::test_trace(Layer::kSdp));

  ASSERT_TRUE(lines);
  ASSERT_THAT(*lines, SizeIs(3));
  EXPECT_EQ((*lines)[0].ending, Ending::kCrLf);
  EXPECT_EQ((*lines)[1].ending, Ending::kLf);
  EXPECT_EQ((*lines)[2].ending, Ending::kNone);
  EXPECT_EQ((*lines)[2].type, 'a');
  EXPECT_EQ((*lines)[2].value, "x");
  EXPECT_EQ((*lines)[2].number, 3U);
  EXPECT_RULE("8866:5#5");
}

TEST(Lines, MayBeEmptyAtTheEndOnly) {
  EXPECT_TRUE(split_lines("v=0\r\n\n\r\n", Trace()));
  EXPECT_EQ(split_lines("v=0\r\n\r\ns=-\r\n", Trace()).error().line, 2U);
}

TEST(Lines, OfNothingAreNone) { EXPECT_THAT(*split_lines("", Trace()), SizeIs(0)); }

TEST(Tokens, KnowTheirColumns) {
  const auto tokens = split_tokens("a  bc d", 10);

  ASSERT_THAT(tokens, SizeIs(3));
  EXPECT_EQ(tokens[0].column, 10U);
  EXPECT_EQ(tokens[1].text, "bc");
  EXPECT_EQ(tokens[1].column, 13U);
  EXPECT_EQ(tokens[2].column, 16U);
  EXPECT_THAT(split_tokens("   "), SizeIs(0));
}

TEST(Token, HasLettersDigitsAndSomeMarks) {
  EXPECT_TRUE(is_token("webrtc-datachannel"));
  EXPECT_TRUE(is_token("{|}~"));
  EXPECT_FALSE(is_token(""));
  EXPECT_FALSE(is_token("a b"));
  EXPECT_FALSE(is_token("a/b"));
  EXPECT_FALSE(is_token("\xc3\xa9"));
}

TEST(Utf8, IsChecked) {
  for (const std::string_view good : {"", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"})
    EXPECT_TRUE(is_utf8(good));
  for (const std::string_view bad : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x28\xa1",
                                     "\xf4\x90\x80\x80", "\xf0\x80\x80\x80", "\xe2\x82x"})
    EXPECT_FALSE(is_utf8(bad)) << bad.size();
}

TEST(Complaint, NamesItsPlace) {
  EXPECT_EQ(to_text(Complaint{.line = 7, .column = 3, .text = "no"}), "line 7, column 3: no");
  EXPECT_EQ(to_text(Complaint{.line = 7, .text = "no"}), "line 7: no");
  EXPECT_EQ(to_text(Complaint{.text = "no"}), "no");
}

}  // namespace
}  // namespace glass::sdp
