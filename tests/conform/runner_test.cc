// The engine: what runs, what it becomes, and what a profile makes of it.
#include "conform/runner.h"

#include <gtest/gtest.h>

#include "tests/conform/support.h"

namespace glass::conform::test {
namespace {

// Answers every datagram with itself, until it dies of an 'x'.
class Echo final : public Subject {
 public:
  void receive(Instant, const Received& in) override {
    is_dead |= !in.bytes.empty() && in.bytes[0] == 'x';
    if (!is_dead)
      waiting = {
          in.path, {in.bytes.begin(), in.bytes.end()}
      };
  }
  void on_time(Instant) override {}
  [[nodiscard]] Instant next_time() const override { return kNever; }
  std::optional<Path> poll_transmit(Instant, ByteVector& out) override {
    if (!waiting) return std::nullopt;
    out = waiting->second;
    return std::exchange(waiting, std::nullopt)->first;
  }

  bool is_dead = false;
  std::optional<std::pair<Path, ByteVector>> waiting;
};

Outcome say(Session& session, std::string_view text) {
  const auto plug = session.wire.open(Transport::kUdp);
  session.wire.send(*plug, kTarget, as_bytes(text));
  const Heard heard = session.wire.receive(*plug, session.timing.answer);
  return {.name = heard.kind == Heard::Kind::kBytes ? "echo" : "silence"};
}

class EchoSuite final : public Suite {
 public:
  EchoSuite() {
    const auto add = [&](std::string id, std::string text, Class cls = Class::kValid) {
      all.push_back({.id = std::move(id),
                     .title = "says",
                     .expectation = "hears",
                     .cls = cls,
                     .outcomes = {{"echo", Verdict::kPass}},
                     .run = [text](Session& session) { return say(session, text); }});
    };
    add("echo/8489:5#1/one", "one");
    add("echo/8489:5#1/two", "two");
    add("echo/8489:5#3/kill", "x", Class::kInvalid);
    add("echo/8489:5#7/after", "after");
  }
  [[nodiscard]] const std::vector<Case>& cases() const override { return all; }
  Life is_alive(Session& session, Duration* took) override {
    const Instant begin = session.wire.now();
    const bool alive = say(session, "alive?").name == "echo";
    if (took != nullptr) *took = session.wire.now() - begin;
    return alive ? Life::kAlive : Life::kSilent;
  }
  void look(Session& session) override { session.facts["echo"] = "it does"; }

  std::vector<Case> all;
};

struct EchoRun {
  RunReport run(Selection selection = {}) {
    InProcessWire wire(echo, kTarget, kOurs);
    RunOptions options;
    options.selection = std::move(selection);
    return run_cases(suite, pointers(suite.cases()), wire, options);
  }
  Echo echo;
  EchoSuite suite;
};

TEST(Runner, TellsADeadTargetFromAWrongOne) {
  EchoRun t;

  const RunReport report = t.run();

  EXPECT_TRUE(report.reached);
  EXPECT_EQ(report.round_trip, 2 * InProcessWire::kOneWay);
  EXPECT_EQ(report.results[0].verdict, Verdict::kPass);
  EXPECT_EQ(report.results[1].verdict, Verdict::kPass);
  EXPECT_EQ(report.results[2].verdict, Verdict::kCrash);
  EXPECT_EQ(report.results[2].outcome.detail, "it does not answer a good request any more");
  EXPECT_EQ(report.results[3].verdict, Verdict::kCrash);
}

TEST(Runner, KeepsTheConversationOfEachCase) {
  EchoRun t;

  const RunReport report = t.run();

  ASSERT_EQ(report.results[0].said.size(), 2U);
  EXPECT_TRUE(report.results[0].said[0].by_us);
  EXPECT_EQ(as_text(report.results[0].said[0].bytes), "one");
  EXPECT_FALSE(report.results[0].said[1].by_us);
}

TEST(Runner, SkipsWhatItIsToldToAndSaysWhy) {
  EchoRun t;

  const RunReport report = t.run({
      .profile = {.xfails = {}, .skips = {{"echo/8489:5#3/*", "it kills"}}}
  });

  EXPECT_EQ(report.results[2].verdict, Verdict::kSkip);
  EXPECT_EQ(report.results[2].why, "it kills");
  EXPECT_EQ(report.results[3].verdict, Verdict::kPass);
}

TEST(Runner, AnExpectedFailureThatPassesIsAFailure) {
  EchoRun t;

  const RunReport report = t.run({
      .profile = {.xfails = {{"echo/8489:5#1/one", "fixed"}, {"echo/8489:5#3/kill", "known"}},
                  .skips = {}}
  });

  EXPECT_EQ(report.results[0].verdict, Verdict::kXpass);
  EXPECT_EQ(report.results[2].verdict, Verdict::kXfail);
  EXPECT_TRUE(report.failed(false));
}

TEST(Runner, SkipsCasesWhoseNeedsTheTargetDoesNotMeet) {
  EchoRun t;
  t.suite.all[0].needs = {"echo"};
  t.suite.all[1].needs = {"wings"};
  t.suite.all[3].needs = {"no-echo"};

  const RunReport report = t.run({
      .profile = {.xfails = {}, .skips = {{"echo/8489:5#3/kill", ""}}}
  });

  EXPECT_EQ(report.results[0].verdict, Verdict::kPass);
  EXPECT_EQ(report.results[1].outcome.detail, "the target has no wings");
  EXPECT_EQ(report.results[3].outcome.detail, "the target has echo");
}

TEST(Profile, IsLinesOfVerbIdAndReason) {
  Profile profile;

  EXPECT_TRUE(
      profile.add("# comment\n\nxfail stun/8489:5#1/a  known, see issue 3\nskip stun/5780*\n"));

  ASSERT_EQ(profile.xfails.size(), 1U);
  EXPECT_EQ(profile.xfails[0].why, "known, see issue 3");
  EXPECT_TRUE(profile.skips[0].matches("stun/5780:6.1#1/x"));
  EXPECT_FALSE(profile.skips[0].matches("stun/8489:6.1#1/x"));
}

TEST(Profile, NamesTheLineThatItDoesNotUnderstand) {
  Profile profile;
  const auto added = profile.add("xfail a b\nxfai1 c\n");
  ASSERT_FALSE(added.has_value());
  EXPECT_TRUE(added.error().starts_with("line 2:"));
}

TEST(Selection, TakesPrefixesAndRefusesUnknownOnes) {
  EchoSuite suite;
  suite.all[0].level = Level::kShould;

  const auto some = select(suite.all, {.prefixes = {"echo/8489:5#1"}});
  const auto named = select(suite.all, {.prefixes = {"echo/8489:5#1/one"}});
  const auto none = select(suite.all, {.prefixes = {"echo/9999"}});

  ASSERT_TRUE(some.has_value());
  EXPECT_EQ(some->size(), 1U);  // the other is of a SHOULD
  ASSERT_TRUE(named.has_value());
  EXPECT_EQ(named->size(), 1U);  // unless it is named
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error(), "echo/9999");
}

}  // namespace
}  // namespace glass::conform::test
