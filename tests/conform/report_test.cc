// The reports of a run with one case of each kind.
#include "conform/report/report.h"

#include <gtest/gtest.h>

#include "explain/capture.h"
#include "stun/message.h"
#include "tests/conform/support.h"

namespace glass::conform::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Case some_case(std::string id) {
  return {.id = std::move(id),
          .title = "Says <hello> & \"waits\"",
          .expectation = "An answer",
          .outcomes = {{"success", Verdict::kPass}}};
}

class Reports : public ::testing::Test {
 protected:
  Reports() {
    report.target = "stun:192.0.2.1:3478";
    report.suite = "stun";
    report.seed = 7;
    report.reached = true;
    report.round_trip = std::chrono::microseconds(1250);
    report.facts["software"] = "some <server>";
    add(good, Verdict::kPass, {"success", "fine"});
    add(bad, Verdict::kDeviation, {"error 400", "STUN Binding error response 400 <script>"});
    add(dead, Verdict::kCrash, {"silence", "nothing listens there any more"});
    add(known, Verdict::kXfail, {"silence", ""});
    report.results.back().why = "issue 12";
    report.results[1].said = {
        {Instant(std::chrono::seconds(5)), true,  path, request(), {}},
        {Instant(std::chrono::seconds(6)), false, path, request(), {}}
    };
  }

  static ByteVector request() {
    return ByteVector{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  }
  void add(const Case& what, Verdict verdict, Outcome outcome) {
    report.results.push_back({.what = &what, .verdict = verdict, .outcome = std::move(outcome)});
  }

  const Path path{Transport::kUdp, *parse_address("198.51.100.7:4000"), kTarget};
  const Case good = some_case("stun/8489:12#1/good");
  const Case bad = some_case("stun/8489:12#1/bad");
  const Case dead = some_case("stun/8489:12#1/dead");
  const Case known = some_case("stun/8489:12#1/known");
  RunReport report;
};

TEST_F(Reports, ForPeopleBeginWithWhatIsWorst) {
  const std::string text = text_report(report, {});

  EXPECT_LT(text.find("crash"), text.find("deviation"));
  EXPECT_LT(text.find("deviation"), text.find("xfail"));
  EXPECT_THAT(text, HasSubstr("saw       error 400: STUN Binding error response 400 <script>"));
  EXPECT_THAT(text, HasSubstr("known     issue 12"));
  EXPECT_THAT(text, HasSubstr("4 cases: 1 pass, 1 deviation, 1 crash, 1 xfail"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST_F(Reports, ShowTheNoteOfTheRule) {
  explain::Notes notes;
  notes.add("# RFC 8489: STUN\n\n#### 12#1 MUST - A server answers Binding\nBecause it is one.\n");

  EXPECT_THAT(text_report(report, {.notes = &notes}),
              HasSubstr("rule      MUST - A server answers Binding"));
  EXPECT_THAT(html_report(report, {.notes = &notes}), HasSubstr("Because it is one."));
}

TEST_F(Reports, ForProgramsAreOneObject) {
  const std::string json = json_report(report, {.version = "0.1"});

  EXPECT_THAT(json, HasSubstr(R"("schema":1)"));
  EXPECT_THAT(json, HasSubstr(R"("failed":true)"));
  EXPECT_THAT(json, HasSubstr(R"("round_trip_ms":1.250)"));
  EXPECT_THAT(json, HasSubstr(R"("id":"stun/8489:12#1/bad")"));
  EXPECT_THAT(json, HasSubstr(R"("verdict":"deviation")"));
  EXPECT_THAT(json, HasSubstr(R"("expected":"An answer")"));
  EXPECT_THAT(json, HasSubstr(R"("direction":"sent")"));
  EXPECT_THAT(json, HasSubstr(R"("at_ms":1000.000)"));
  EXPECT_EQ(std::ranges::count(json, '\n'), 1);
}

TEST_F(Reports, ForBuildServersTellFailuresFromErrors) {
  const std::string junit = junit_report(report, {});

  EXPECT_THAT(junit, HasSubstr(R"(tests="4" failures="1" errors="1" skipped="1")"));
  EXPECT_THAT(junit, HasSubstr(R"(classname="stun/8489:12#1" name="bad")"));
  EXPECT_THAT(junit, HasSubstr(R"(<failure type="deviation" message="error 400: )"));
  EXPECT_THAT(junit, HasSubstr(R"(<error type="crash" message="silence: nothing )"));
  EXPECT_THAT(junit, HasSubstr("<skipped message=\"xfail: silence (issue 12)\"/>"));
  EXPECT_THAT(junit, Not(HasSubstr("<script>")));
}

TEST_F(Reports, AsAPageEscapeWhatStrangersSaid) {
  const std::string page = html_report(report, {});

  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  EXPECT_THAT(page, HasSubstr("some &lt;server&gt;"));
  EXPECT_THAT(page, HasSubstr("Transaction ID"));  // each byte has a name
  EXPECT_THAT(page, Not(HasSubstr("http://")));
  EXPECT_THAT(page, Not(HasSubstr("https://")));
}

TEST_F(Reports, AsACaptureHoldWhatWasSaid) {
  const std::string file = pcapng_of(report.results[1], 1'700'000'000);
  const auto capture = explain::read_pcapng(as_bytes(file));

  ASSERT_TRUE(capture.has_value());
  ASSERT_EQ(capture->datagrams.size(), 2U);
  EXPECT_EQ(capture->datagrams[0].from, path.local);
  EXPECT_EQ(capture->datagrams[0].to, path.remote);
  EXPECT_EQ(capture->datagrams[1].from, path.remote);
  EXPECT_TRUE(equal(capture->datagrams[1].bytes, request()));
  EXPECT_EQ(pcapng_name(report.results[1]), "stun-8489-12-1-bad.pcapng");
}

}  // namespace
}  // namespace glass::conform::test
