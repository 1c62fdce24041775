// Every case for TURN servers, in process, against our own: it passes all of them.
#include <gtest/gtest.h>

#include "conform/turn/suite.h"
#include "tests/conform/support.h"
#include "tests/conform/turn_subject.h"

namespace glass::conform::test {
namespace {

TEST(TurnCases, OurServerPassesAllOfThemOverUdp) {
  TurnSubject subject;
  TurnSuite suite;

  const RunReport report = run_all(suite, subject, kLogin);

  EXPECT_TRUE(report.reached);
  EXPECT_GE(report.count(Verdict::kPass), 115U);
  expect_clean(report, {"stream"});
}

TEST(TurnCases, OurServerPassesAllOfThemOverTcp) {
  TurnSubject subject;
  TurnSuite suite;

  const RunReport report = run_all(suite, subject, kLogin, Transport::kTcp);

  EXPECT_GE(report.count(Verdict::kPass), 105U);
  expect_clean(report, {"datagram"});
}

TEST(TurnCases, SayWhichRuleAndAtWhichLevel) {
  const TurnSuite suite;
  expect_well_described(suite.cases(), "turn/");
  EXPECT_GE(suite.cases().size(), 115U);
}

TEST(TurnCases, WithoutCredentialsMostAreSkippedAndSaySo) {
  TurnSubject subject;
  TurnSuite suite;

  const RunReport report = run_all(suite, subject);

  EXPECT_FALSE(report.failed(true));
  EXPECT_GE(report.count(Verdict::kSkip), 100U);
  EXPECT_GE(report.count(Verdict::kPass), 8U);
}

}  // namespace
}  // namespace glass::conform::test
