// The cases are tested, too: a server with a fault is found out by the case that is there for it.
#include "conform/faults/faults.h"

#include <memory>
#include <set>

#include <gtest/gtest.h>

#include "conform/stun/suite.h"
#include "conform/turn/suite.h"
#include "stun/binding_server.h"
#include "tests/conform/support.h"
#include "tests/conform/turn_subject.h"

namespace glass::conform::test {
namespace {

stun::BindingServerConfig whole_config() {
  stun::BindingServerConfig config;
  config.software = "glass";
  config.add_fingerprint = true;
  config.alternates = {
      {kTarget, *parse_address("192.0.2.2:3479")}
  };
  return config;
}

std::unique_ptr<Suite> suite_of(const Fault& fault) {
  if (fault.suite == "turn") return std::make_unique<TurnSuite>();
  return std::make_unique<StunSuite>();
}

// The cases whose id is this one, or begins so where it ends in a slash.
RunReport run_named(Suite& suite, Subject& subject, std::string_view id) {
  InProcessWire wire(subject, kTarget, kOurs);
  std::vector<const Case*> cases;
  for (const Case& one : suite.cases())
    if (one.id == id) cases.push_back(&one);
  RunOptions options;
  options.login = kLogin;
  return run_cases(suite, cases, wire, options);
}

struct Verdicts {
  Verdict without;
  Verdict with;
  std::string saw;
};

Verdicts try_fault(const Fault& fault) {
  const Fault none{"none", fault.suite, {}};
  Verdicts verdicts{};
  for (const Fault* one : {&none, &fault}) {
    stun::BindingServer server(whole_config(), Trace());
    NodeSubject plain(server);
    TurnSubject turn;
    Subject& good = fault.suite == "turn" ? static_cast<Subject&>(turn) : plain;
    FaultySubject subject(good, *one);
    const auto suite = suite_of(fault);
    const RunReport report = run_named(*suite, subject, fault.caught_by);
    if (report.results.size() != 1) {
      ADD_FAILURE() << fault.name << ": there is no case " << fault.caught_by;
      return verdicts;
    }
    const CaseResult& result = report.results.front();
    (one == &none ? verdicts.without : verdicts.with) = result.verdict;
    verdicts.saw = result.outcome.name + ": " + result.outcome.detail;
  }
  return verdicts;
}

TEST(Faults, AreAllFoundOut) {
  EXPECT_GE(faults().size(), 45U);
  for (const Fault& fault : faults()) {
    const Verdicts verdicts = try_fault(fault);
    EXPECT_EQ(verdicts.without, Verdict::kPass) << fault.name;
    EXPECT_TRUE(is_failure(verdicts.with, false))
        << fault.name << " is not found out by " << fault.caught_by << ", which says "
        << to_text(verdicts.with) << ": " << verdicts.saw;
  }
}

TEST(Faults, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Fault& fault : faults()) EXPECT_TRUE(names.insert(fault.name).second) << fault.name;
}

TEST(Faults, AServerThatDiesIsToldFromOneThatIsWrong) {
  const auto found = std::ranges::find(faults(), "dies-of-overruns", &Fault::name);
  ASSERT_NE(found, faults().end());
  EXPECT_EQ(try_fault(*found).with, Verdict::kCrash);
}

}  // namespace
}  // namespace glass::conform::test
