#include "tests/support/rules.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace glass::test {
namespace {

class Record final : public Sink {
 public:
  void now(Instant instant) override {
    if (next != nullptr) next->now(instant);
  }
  void rule(Where where, Rule rule, std::span<const Fact> facts) override {
    fired.insert(to_text(rule));
    if (next != nullptr) next->rule(where, rule, facts);
  }
  void drop(Where where, Rule rule, std::string_view why, Bytes packet) override {
    fired.insert(to_text(rule));
    drops.emplace_back(why);
    if (next != nullptr) next->drop(where, rule, why, packet);
  }
  void state(Where where, std::string_view machine, std::string_view from,
             std::string_view to) override {
    states.push_back(std::string(machine) + ": " + std::string(from) + " -> " + std::string(to));
    if (next != nullptr) next->state(where, machine, from, to);
  }
  void timer(Where where, std::string_view name, Instant deadline) override {
    if (next != nullptr) next->timer(where, name, deadline);
  }
  void metric(Where where, std::string_view name, std::uint64_t value) override {
    if (next != nullptr) next->metric(where, name, value);
  }
  void packet(Where where, const PacketNote& note) override {
    if (next != nullptr) next->packet(where, note);
  }
  void secret(Where where, std::string_view label, Bytes id, Bytes value) override {
    if (next != nullptr) next->secret(where, label, id, value);
  }

  std::set<std::string> fired;
  std::vector<std::string> drops;
  std::vector<std::string> states;
  Sink* next = nullptr;
};

Record& record() {
  static Record the_record;
  return the_record;
}

class ForgetBeforeEachTest final : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo&) override {
    record().next = nullptr;
    forget_rules();
  }
};

}  // namespace

Trace test_trace(Layer layer, std::uint16_t node) { return {&record(), node, layer}; }
Sink* test_sink() { return &record(); }
void forward_trace_to(Sink* sink) { record().next = sink; }
bool rule_fired(Rule rule) { return record().fired.contains(to_text(rule)); }
const std::vector<std::string>& drop_reasons() { return record().drops; }
const std::vector<std::string>& state_changes() { return record().states; }
void forget_rules() {
  record().fired.clear();
  record().drops.clear();
  record().states.clear();
}

}  // namespace glass::test

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  // gtest owns the listener.
  ::testing::UnitTest::GetInstance()->listeners().Append(new glass::test::ForgetBeforeEachTest);
  return RUN_ALL_TESTS();
}
