// tests/demo/commands_test.cc - what the subcommands print and how they end.
#include "demo/commands/commands.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/address.h"
#include "crypto/os_random.h"
#include "demo/ice_uri.h"
#include "demo/server/turn_host.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "net/udp.h"
#include "stun/binding_server.h"

namespace glass::demo {
namespace {

namespace fs = std::filesystem;

// Exit code, stdout and stderr of a command.
struct Ran {
  int code = 0;
  std::string out;
  std::string err;
};
template <class Command>
Ran ran(Command command) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Ran result;
  result.code = command();
  std::fflush(stdout);
  result.out = testing::internal::GetCapturedStdout();
  result.err = testing::internal::GetCapturedStderr();
  return result;
}

TEST(ParseLoss, TakesPercentAndFractions) {
  EXPECT_EQ(parse_loss("2%"), 20'000U);
  EXPECT_EQ(parse_loss("0.5%"), 5'000U);
  EXPECT_EQ(parse_loss("0.02"), 20'000U);
  EXPECT_EQ(parse_loss("0"), 0U);
  EXPECT_EQ(parse_loss("100%"), 1'000'000U);
  for (const char* text : {"", "%", "x", "2%%", "101%", "-1%", "2", "nan", "inf"})
    EXPECT_FALSE(parse_loss(text).has_value()) << text;
}

TEST(RunExplain, NamesTheBytesOfABindingRequest) {
  const Ran explained = ran(
      [] { return run_explain({.input = "000100002112a4420102030405060708090a0b0c", .as = ""}); });

  EXPECT_EQ(explained.code, kExitDone);
  EXPECT_NE(explained.out.find("STUN Binding request"), std::string::npos) << explained.out;
  EXPECT_TRUE(explained.err.empty());
}

TEST(RunExplain, ReadsASessionDescriptionLineByLine) {
  const fs::path root =
      fs::path(testing::TempDir()) / ("glass-explain-" + std::to_string(getpid()));
  fs::create_directories(root);
  const auto explain_file = [&](std::string_view text) {
    std::ofstream(root / "offer.sdp", std::ios::binary) << text;
    return ran([&] { return run_explain({.input = (root / "offer.sdp").string(), .as = ""}); });
  };
  const Ran whole =
      explain_file("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=setup:active\r\n");
  EXPECT_EQ(whole.code, kExitDone);
  EXPECT_NE(whole.out.find("   5  a=setup:active\n        Who begins"), std::string::npos)
      << whole.out;
  const Ran broken = explain_file("v=0\r\nnonsense\r\n");
  EXPECT_EQ(broken.code, kExitFailed);
  EXPECT_NE(broken.out.find("problem: line 2"), std::string::npos) << broken.out;
  fs::remove_all(root);
}

TEST(RunExplain, SaysWhatIsWrongWithTheInput) {
  const Ran nothing = ran([] { return run_explain({.input = "no such thing", .as = ""}); });
  EXPECT_EQ(nothing.code, kExitUsage);
  EXPECT_NE(nothing.err.find("neither a file nor hex digits"), std::string::npos);
  EXPECT_EQ(ran([] { return run_explain({.input = "00", .as = "morse"}); }).code, kExitUsage);
  EXPECT_EQ(ran([] { return run_explain({.input = "/", .as = ""}); }).code, kExitLocal);
}

TEST(RunScenario, PrintsTheStoryAndWritesItsFiles) {
  const fs::path root = fs::path(testing::TempDir()) / ("glass-run-" + std::to_string(getpid()));
  fs::create_directories(root);
  RunOptions options;
  options.scenario = "first-light";
  options.trace = (root / "trace.ndjson").string();
  options.pcapng = (root / "run.pcapng").string();
  options.keylog = (root / "keys").string();

  const Ran run = ran([&] { return run_scenario(options); });

  EXPECT_EQ(run.code, kExitDone) << run.err;
  EXPECT_NE(run.out.find("alice"), std::string::npos);
  for (const char* name : {"trace.ndjson", "run.pcapng", "keys"})
    EXPECT_GT(fs::file_size(root / name), 0U) << name;
  fs::remove_all(root);
}

TEST(RunScenario, UnknownNamesAndUnwritableFilesAreExplained) {
  RunOptions options;
  options.scenario = "last-light";
  EXPECT_EQ(ran([&] { return run_scenario(options); }).code, kExitUsage);
  options.scenario = "first-light";
  options.trace = "/no/such/folder/trace";
  const Ran run = ran([&] { return run_scenario(options); });
  EXPECT_EQ(run.code, kExitLocal);
  EXPECT_NE(run.err.find("/no/such/folder/trace"), std::string::npos);
}

TEST(Report, NamesStageCauseAndNextStep) {
  const Ran reported = ran([] {
    return report({kExitTimeout, "waiting", "wait for the other side", "nobody came", "try again"});
  });

  EXPECT_EQ(reported.code, kExitTimeout);
  EXPECT_EQ(reported.err,
            "glass: waiting failed\n  tried:  wait for the other side\n  cause:  nobody came\n"
            "  next:   try again\n");
}

TEST(RunMatrix, PrintsTheSameJsonForTheSameSeed) {
  const auto run = [](std::uint64_t seed) {
    return ran([&] { return run_matrix({.seed = seed, .with_turn = false}, true); }).out;
  };

  const std::string once = run(1);

  EXPECT_EQ(run(1), once);
  EXPECT_NE(run(2), once);
  EXPECT_NE(once.find("\"outcome\": \"direct\""), std::string::npos);
  EXPECT_NE(once.find("\"outcome\": \"fail\""), std::string::npos);
}

TEST(RunScenario, ALessonPrintsWhatWasSaidTheTablesAndTheOutcome) {
  const Ran lesson = ran([] { return run_scenario({.scenario = "port-restricted"}); });

  EXPECT_EQ(lesson.code, kExitDone);
  EXPECT_NE(lesson.out.find("alice's router (ei/apd): 3 mappings\n"), std::string::npos)
      << lesson.out;
  EXPECT_NE(lesson.err.find("outcome: direct, srflx 192.0.2.1:50001"), std::string::npos);
}

TEST(RunScenario, TheCommandLineGoesOverTheLesson) {
  const Ran failed = ran([] {
    return run_scenario(
        {.scenario = "nat", .a_nat = "apd/apd", .b_nat = "symmetric", .turn = false});
  });
  const Ran wrong = ran([] { return run_scenario({.scenario = "nat", .a_nat = "cubic"}); });

  EXPECT_EQ(failed.code, kExitFailed);
  EXPECT_NE(failed.err.find("outcome: fail"), std::string::npos) << failed.err;
  EXPECT_EQ(wrong.code, kExitUsage);
  EXPECT_NE(wrong.err.find("no NAT has that name"), std::string::npos) << wrong.err;
}

// STUN servers on this machine, whose loop runs on a thread of its own until the test ends.
class RunStun : public testing::Test {
 protected:
  RunStun() : here_(net::resolve_now("localhost", 0)->front()) {}
  void TearDown() override { stop(); }
  // Before the servers of a test go.
  void stop() {
    if (!thread_.joinable()) return;
    loop_.post([this] { loop_.stop(); });  // by itself: it may not even run yet
    thread_.join();
  }
  void run() {
    thread_ = std::thread([this] { loop_.run(); });
  }

  Address here_;  // what "localhost" leads to
  net::Loop loop_;
  crypto::OsRandom random_;
  std::thread thread_;
};

TEST_F(RunStun, IsSentOnToAnotherServerAndSaysWhichOneAnswered) {
  auto first = net::UdpSocket::open(here_);
  auto second = net::UdpSocket::open(here_);
  ASSERT_TRUE(first && second);
  stun::BindingServer busy({.try_instead = {second->local()}}, {});
  stun::BindingServer idle({}, {});
  const auto ignore = [](const stun::BindingServer::Event&) {};
  loop_.add(busy, *first, ignore);
  loop_.add(idle, *second, ignore);
  run();

  const std::string uri = "stun:localhost:" + std::to_string(first->local().port);
  const Ran asked = ran([&] { return run_stun({.uri = uri, .json = true}); });
  stop();

  EXPECT_EQ(asked.code, kExitDone) << asked.err;
  const auto json = nlohmann::json::parse(asked.out);
  EXPECT_EQ(json["server"], to_text(second->local()));
  EXPECT_EQ(json["sent_on_by"], to_text(first->local()));
  EXPECT_EQ(json["nat"], false);
}

TEST_F(RunStun, TrustsOverTlsWhomItIsToldToTrust) {
  TurnHostOptions options;
  options.hosts = {here_};
  options.port = options.tls_port = 0;
  auto host = TurnHost::start(loop_, random_, options);
  ASSERT_TRUE(host.has_value()) << to_text(host.error());
  const std::string file = testing::TempDir() + "/glass_stun_ca.pem";
  std::ofstream(file) << (*host)->certificate_pem();
  std::string uri;
  for (const std::string& one : (*host)->turn_uris())
    if (const auto parsed = parse_ice_uri(one); parsed && parsed->transport == Transport::kTls)
      uri = "stuns:localhost:" + std::to_string(parsed->port);
  ASSERT_FALSE(uri.empty());
  run();

  const Ran trusted = ran([&] { return run_stun({.uri = uri, .ca_file = file}); });
  const Ran strange = ran([&] { return run_stun({.uri = uri}); });
  const Ran missing = ran([&] { return run_stun({.uri = uri, .ca_file = "/no/such.pem"}); });
  stop();

  EXPECT_EQ(trusted.code, kExitDone) << trusted.err;
  EXPECT_NE(trusted.out.find("sees you over tls"), std::string::npos) << trusted.out;
  EXPECT_EQ(strange.code, kExitSecurity);
  EXPECT_NE(strange.err.find("--ca FILE"), std::string::npos) << strange.err;
  EXPECT_EQ(missing.code, kExitLocal);
}

TEST(RunNat, WantsUdpAndSaysWhy) {
  for (const char* uri : {"stun:localhost?transport=tcp", "stuns:localhost"}) {
    const Ran refused = ran([&] { return run_nat({.uri = uri}); });
    EXPECT_EQ(refused.code, kExitUsage) << uri;
    EXPECT_NE(refused.err.find("over UDP alone"), std::string::npos) << refused.err;
  }
}

}  // namespace
}  // namespace glass::demo
