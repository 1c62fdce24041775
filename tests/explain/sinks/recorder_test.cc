#include "explain/sinks/recorder.h"

#include <string>
#include <variant>

#include <gtest/gtest.h>

#include "base/trace.h"
#include "explain/sinks/tee.h"
#include "sim/world.h"
#include "tests/sim/toys.h"

namespace glass::explain {
namespace {

using namespace std::chrono_literals;

TEST(Recorder, CopiesEveryRecordWithTimeNodeAndLayer) {
  Recorder recorder;
  const Trace trace(&recorder, 3, Layer::kSctp);
  std::string passing = "gone soon";
  const Path path{Transport::kUdp, test::at_ip("192.0.2.1:1"), test::at_ip("192.0.2.2:2")};
  const ByteVector bytes{1, 2, 3};

  trace.now(Instant{} + 5ms);
  trace.rule("9260:6.7#3"_rule, Fact{"first_missing", 7}, Fact{"text", passing});
  passing = "gone";
  trace.drop("9260:8.5#1"_rule, "another tag", bytes);
  trace.now(Instant{} + 6ms);
  trace.state("association", "CLOSED", "COOKIE-WAIT");
  trace.timer("T1-init", kNever);
  trace.metric("cwnd", 4380);
  trace.packet({Direction::kSent, &path, 9, bytes});
  trace.secret("CLIENT_RANDOM", bytes, bytes);

  const auto& records = recorder.story().records;
  ASSERT_EQ(records.size(), 7U);
  EXPECT_EQ(records[0].at, Instant{} + 5ms);
  EXPECT_EQ(records[6].at, Instant{} + 6ms);
  for (const Record& record : records) {
    EXPECT_EQ(record.node, 3);
    EXPECT_EQ(record.layer, Layer::kSctp);
  }
  const auto& fired = std::get<RuleFired>(records[0].what);
  EXPECT_EQ(fired.rule, "9260:6.7#3"_rule);
  EXPECT_EQ(fired.facts.at(0).key, "first_missing");
  EXPECT_EQ(fired.facts.at(0).number, 7U);
  EXPECT_EQ(fired.facts.at(0).text, "7");
  EXPECT_EQ(fired.facts.at(1).text, "gone soon");
  EXPECT_EQ(std::get<Dropped>(records[1].what).why, "another tag");
  EXPECT_EQ(std::get<Dropped>(records[1].what).bytes, bytes);
  EXPECT_EQ(std::get<StateChanged>(records[2].what).to, "COOKIE-WAIT");
  EXPECT_EQ(std::get<TimerSet>(records[3].what).deadline, kNever);
  EXPECT_EQ(std::get<MetricSeen>(records[4].what).value, 4380U);
  EXPECT_EQ(std::get<PacketSeen>(records[5].what).path, path);
  EXPECT_EQ(std::get<PacketSeen>(records[5].what).id, 9U);
  EXPECT_EQ(std::get<SecretTold>(records[6].what).label, "CLIENT_RANDOM");
}

TEST(Recorder, KnowsWhichPacketTheNetworkDropped) {
  Recorder recorder;
  sim::World world(1, &recorder);
  test::Speaker node;
  const Address here = test::at_ip("192.0.2.1:1");
  const auto id = world.host("a", node, here, [](const test::Heard&) {});
  node.say(here, here.with_port(9), "one");
  node.say(here, here.with_port(9), "two");

  world.poke(id);
  world.run_for(1s);

  std::vector<std::uint64_t> dropped;
  for (const Record& record : recorder.story().records)
    if (const auto* drop = std::get_if<Dropped>(&record.what)) dropped.push_back(drop->packet);
  EXPECT_EQ(dropped, (std::vector<std::uint64_t>{1, 2}));
}

TEST(Recorder, IsBoundedAndSaysWhatItLeftOut) {
  Recorder recorder(2);
  const Trace trace(&recorder, 0, Layer::kIce);

  for (int i = 0; i < 5; ++i) trace.metric("n", 1);

  EXPECT_EQ(recorder.story().records.size(), 2U);
  EXPECT_EQ(recorder.story().left_out, 3U);
}

TEST(Tee, GivesEveryVerbToEverySink) {
  Recorder one;
  Recorder two;
  Tee tee({&one});
  tee.add(&two);
  const Trace trace(&tee, 1, Layer::kIce);
  const ByteVector bytes{1};

  trace.now(Instant{} + 1s);
  trace.rule("8445:6#0"_rule);
  trace.drop({}, "why", bytes);
  trace.state("m", "a", "b");
  trace.timer("t", kNever);
  trace.metric("n", 1);
  trace.packet({Direction::kSent, nullptr, 1, bytes});
  trace.secret("l", bytes, bytes);

  EXPECT_EQ(one.story().records.size(), 7U);
  EXPECT_EQ(two.story().records.size(), 7U);
  EXPECT_EQ(two.story().records[0].at, Instant{} + 1s);
}

}  // namespace
}  // namespace glass::explain
