// Every case for STUN servers, in process, against our own: it passes all of them.
#include <gtest/gtest.h>

#include "conform/stun/suite.h"
#include "stun/binding_server.h"
#include "tests/conform/support.h"

namespace glass::conform::test {
namespace {

stun::BindingServerConfig two_addresses() {
  stun::BindingServerConfig config;
  config.software = "glass";
  config.alternates = {
      {kTarget, *parse_address("192.0.2.2:3479")}
  };
  return config;
}

TEST(StunCases, OurServerPassesAllOfThem) {
  stun::BindingServer server({.software = "glass", .add_fingerprint = true}, Trace());
  NodeSubject subject(server);
  StunSuite suite;

  const RunReport report = run_all(suite, subject);

  EXPECT_TRUE(report.reached);
  EXPECT_GE(report.count(Verdict::kPass), 65U);
  expect_clean(report, {"other-address"});
}

TEST(StunCases, OurServerOfTwoAddressesPassesAllOfThem) {
  stun::BindingServer server(two_addresses(), Trace());
  NodeSubject subject(server);
  StunSuite suite;

  const RunReport report = run_all(suite, subject);

  EXPECT_GE(report.count(Verdict::kPass), 75U);
  expect_clean(report, {"no-other-address"});
}

TEST(StunCases, SayWhichRuleAndAtWhichLevel) {
  const StunSuite suite;
  expect_well_described(suite.cases(), "stun/");
  EXPECT_GE(suite.cases().size(), 75U);
}

TEST(StunCases, ATargetThatIsNotThereIsSaidToBeSo) {
  stun::BindingServer server({}, Trace());
  NodeSubject subject(server);
  StunSuite suite;
  InProcessWire wire(subject, kTarget, kOurs);
  wire.stop();

  const RunReport report = run_cases(suite, pointers(suite.cases()), wire, {});

  EXPECT_FALSE(report.reached);
  EXPECT_EQ(report.count(Verdict::kInconclusive), suite.cases().size());
}

}  // namespace
}  // namespace glass::conform::test
