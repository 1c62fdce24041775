#include <string>

#include <gtest/gtest.h>

#include "base/trace.h"
#include "explain/notes.h"
#include "explain/sinks/coverage.h"
#include "explain/sinks/keylog.h"

namespace glass::explain {
namespace {

TEST(Keylog, WritesTheLinesOfNss) {
  std::string text;
  Keylog sink(to_string(text));
  const ByteVector id{0xab, 0xcd};
  const ByteVector value{1, 2, 3};

  Trace(&sink, 1, Layer::kDtls).secret("CLIENT_RANDOM", id, value);

  EXPECT_EQ(text, "CLIENT_RANDOM abcd 010203\n");
}

TEST(Coverage, CountsWhatFiredAndWhatWasDropped) {
  Coverage one;
  Coverage all;
  const Trace trace(&one, 1, Layer::kSctp);

  trace.rule("9260:6.7#3"_rule);
  trace.rule("9260:6.7#3"_rule, Fact{"n", 1});
  trace.drop("9260:6.7#3"_rule, "why", {});
  trace.drop("9260:8.5#1"_rule, "why", {});
  trace.drop({}, "lost", {});
  all.add(one);
  all.add(one);

  EXPECT_EQ(one.counts().size(), 2U);
  EXPECT_TRUE(one.reached("9260:8.5#1"_rule));
  EXPECT_FALSE(one.reached("9260:8.5#2"_rule));
  EXPECT_EQ(one.report(), "9260:6.7#3 fired 2 dropped 1\n9260:8.5#1 fired 0 dropped 1\n");
  EXPECT_EQ(all.report(), "9260:6.7#3 fired 4 dropped 2\n9260:8.5#1 fired 0 dropped 2\n");
}

TEST(Notes, ReadsHeadingsAndTheSentencesBelow) {
  Notes notes;
  notes.add(R"(# RFC 9260: Stream Control Transmission Protocol

What we implement.

#### 6.7#3 SHOULD - A gap - calls for a SACK
The receiver tells early.
It helps.

## Another part
not a note
#### 8.5#1 MUST - The tag is checked
)");
  notes.add("# RFC 8445: ICE\n#### A.1#0 INFO - Last line without an end");

  EXPECT_EQ(notes.size(), 3U);
  const Note* note = notes.find("9260:6.7#3"_rule);
  ASSERT_NE(note, nullptr);
  EXPECT_EQ(note->level, "SHOULD");
  EXPECT_EQ(note->title, "A gap - calls for a SACK");
  EXPECT_EQ(note->text, "The receiver tells early. It helps.");
  EXPECT_EQ(notes.title("9260:8.5#1"_rule), "The tag is checked");
  EXPECT_EQ(notes.title("8445:A.1#0"_rule), "Last line without an end");
  EXPECT_EQ(notes.title("8445:A.1#1"_rule), "");
}

}  // namespace
}  // namespace glass::explain
