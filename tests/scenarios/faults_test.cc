// tests/scenarios/faults_test.cc - every bug can be seen, and does what its sentence says.
#include "demo/scenarios/faults.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/support/rules.h"

namespace glass::demo {
namespace {

// Counts the marks that a fault leaves, by node.
class Marks final : public Sink {
 public:
  void metric(Where where, std::string_view name, std::uint64_t) override {
    if (!name.starts_with("fault ")) return;
    ++count;
    nodes.insert(where.node);
  }
  std::size_t count = 0;
  std::set<std::uint16_t> nodes;
};

TEST(Faults, EachTouchesPacketsOfItsCulpritAlone) {
  for (const Fault& fault : faults()) {
    Marks marks;
    (void)run_fault(fault, {}, &marks);
    EXPECT_GT(marks.count, 0U) << fault.name;
    const std::uint16_t culprit = fault.culprit == "alice" ? 1 : 2;  // as in Duo::names()
    EXPECT_EQ(marks.nodes, (std::set<std::uint16_t>{culprit})) << fault.name;
  }
}

TEST(Faults, KeepTheTwoApartWhereTheySay) {
  for (const Fault& fault : faults())
    EXPECT_EQ(run_fault(fault, {}, nullptr).connected, fault.connects) << fault.name;
}

TEST(Faults, AreFoundByNameAndByNumber) {
  EXPECT_GE(faults().size(), 12U);
  EXPECT_EQ(find_fault("bug-crc")->name, "crc");
  EXPECT_EQ(find_fault("bug-1"), faults().data());
  EXPECT_EQ(find_fault("bug-0"), nullptr);
  EXPECT_EQ(find_fault("bug-99"), nullptr);
  EXPECT_EQ(find_fault("crc"), nullptr);
}

void run_named(std::string_view scenario) {
  (void)run_fault(*find_fault(scenario), {}, test::test_sink());
}

TEST(Faults, LeaveTheRuleThatFindsThem) {
  run_named("bug-no-integrity");
  EXPECT_RULE("8489:9.1.3#2");
  run_named("bug-own-password");
  EXPECT_RULE("8445:7.3#2");
  run_named("bug-names-swapped");
  EXPECT_RULE("8445:7.3#4");
  run_named("bug-crc");
  EXPECT_RULE("8445:7.3#8");
  run_named("bug-other-port");
  EXPECT_RULE("8445:7.2.5.2.1#3");
  run_named("bug-other-transaction");
  EXPECT_RULE("8445:7.2.5#0");
}

}  // namespace
}  // namespace glass::demo
