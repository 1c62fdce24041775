// tests/demo/lab_test.cc - a whole lab on loopback: page, signaling, glass peer, files, send,
// receive.
#include "demo/lab.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "demo/client/ws_client.h"
#include "demo/json.h"
#include "demo/share.h"
#include "demo/turn_probe.h"
#include "net/loss.h"
#include "net/streams.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr Duration kLimit = 60s;  // never reached unless something is broken

// A lab on free ports, on a thread of its own.
struct LabTest : testing::Test {
  fs::path root = fs::path(testing::TempDir()) / ("glass-lab-" + std::to_string(getpid()));
  std::unique_ptr<Lab> lab;
  std::thread thread;

  LabTest() {
    fs::remove_all(root);
    fs::create_directories(root);
  }
  ~LabTest() override {
    if (lab) {
      lab->loop().post([this] { lab->shut_down(); });
      thread.join();
      lab.reset();
    }
    fs::remove_all(root);
  }
  void start(std::uint32_t loss_per_million = 0, bool tcp = false) {
    auto started = Lab::start({.host = "",
                               .port = 0,
                               .loss_per_million = loss_per_million,
                               .downloads = (root / "received").string(),
                               .tcp = tcp,
                               .log = {}});
    ASSERT_TRUE(started.has_value()) << to_text(started.error());
    lab = std::move(*started);
    thread = std::thread([this] { lab->loop().run(); });
  }
  WebAddress server() const {
    auto address = *parse_server(lab->url());
    address.host = "127.0.0.1";
    return address;
  }
  static std::string content(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

// A peer such as a browser would be: joins a room, invites glass, and sees what comes of it.
struct Visitor final : CompanionOwner {
  // `tcp_only`: its datagrams get lost, but it can open connections.
  Visitor(const WebAddress& server, bool glass_offers, std::string folder_path,
          bool tcp_only = false)
      : folder(std::move(folder_path)),
        identity(crypto::Identity::make("visitor", loop.wall_seconds())),
        peer(config(tcp_only), random, nullptr),
        companion(room_config(glass_offers), peer, folder, *this),
        role(glass_offers ? "offer" : "answer") {
    EXPECT_TRUE(peer.add_host(loop.now(), socket.local()));
    node = loop.add(peer, socket,
                    [this](peer::Peer::Event& event) { companion.on_event(loop.now(), event); });
    if (tcp_only) {
      socket.set_loss(net::Loss(net::Loss::kCertain, 1));
      streams.emplace(loop, node);
    }
    ws = std::make_unique<WsClient>(
        server, "/signal", [this](WsClient::Task task) { loop.post(std::move(task)); },
        WsClient::Handlers{.on_open = [this] { companion.start(loop.now()); },
                           .on_text =
                               [this](const std::string& text) {
                                 companion.on_signal(loop.now(), text);
                                 loop.poke(node);
                               },
                           .on_close = [this](const std::string&) { signaling_closed = true; }});
    trace = std::make_unique<WsClient>(
        server, "/trace?room=visit", [this](WsClient::Task task) { loop.post(std::move(task)); },
        WsClient::Handlers{.on_open = [] {},
                           .on_text = [this](const std::string& text) { told.push_back(text); },
                           .on_close = [](const std::string&) {}});
  }
  peer::Config config(bool tcp_only) const {
    peer::Config c;
    c.opens_tcp = tcp_only;
    c.identity = &identity;
    c.allow_loopback = true;
    return c;
  }
  static CompanionConfig room_config(bool glass_offers) {
    CompanionConfig c;
    c.room = "visit";
    c.makes_offer = !glass_offers;
    return c;
  }
  void say(std::string text) override { ws->send(std::move(text)); }
  void on_joined(std::string_view) override {
    ws->send(write_json({
        {"type", "invite-glass"},
        {"role", role          }
    }));
  }
  void on_problem(std::string_view stage, std::string_view text) override {
    problems.push_back(std::string(stage) + ": " + std::string(text));
  }
  void on_chat(std::string_view text) override { chat.emplace_back(text); }
  void on_files_open() override { files_open = true; }
  void on_transfer(const Transfer::Event& event) override {
    if (const auto* offered = std::get_if<Transfer::Offered>(&event))
      companion.transfer().accept(offered->id);
    if (const auto* end = std::get_if<Transfer::Ended>(&event)) ended.push_back(*end);
  }
  template <class Done>
  bool until(Done done) {
    return loop.run_until(done, kLimit);
  }
  void pump() {
    companion.pump(loop.now());
    loop.poke(node);
  }

  net::Loop loop;
  crypto::OsRandom random;
  net::UdpSocket socket = *net::UdpSocket::open(*parse_ip("127.0.0.1"));
  Folder folder;
  crypto::Identity identity;
  peer::Peer peer;
  Companion companion;
  std::string role;
  net::NodeId node;
  std::optional<net::Streams> streams;
  std::unique_ptr<WsClient> ws;
  std::unique_ptr<WsClient> trace;
  std::vector<std::string> told;
  std::vector<std::string> chat;
  std::vector<std::string> problems;
  std::vector<Transfer::Ended> ended;
  bool files_open = false;
  bool signaling_closed = false;
};

TEST_F(LabTest, GlassAcceptsAnOfferEchoesAndTakesAFileAndGivesItBack) {
  start();
  Visitor visitor(server(), /*glass_offers=*/false, (root / "mine").string());
  ASSERT_TRUE(visitor.until([&] { return visitor.files_open; }))
      << testing::PrintToString(visitor.problems);

  visitor.companion.say_chat(visitor.loop.now(), "salaam");
  visitor.companion.transfer().offer(make_sample("gift.bin", 2'000'000, 5));
  visitor.pump();
  ASSERT_TRUE(visitor.until([&] { return !visitor.chat.empty() && visitor.ended.size() == 1; }));
  EXPECT_EQ(visitor.chat[0], "you said: salaam");
  EXPECT_EQ(visitor.ended[0].outcome, Outcome::kDone);
  EXPECT_EQ(fs::file_size(root / "received" / "gift.bin"), 2'000'000U);

  visitor.companion.transfer().request("gift.bin", 0);
  visitor.pump();
  ASSERT_TRUE(visitor.until([&] { return visitor.ended.size() == 2; }));
  EXPECT_EQ(visitor.ended[1].outcome, Outcome::kDone);
  EXPECT_EQ(content(root / "mine" / "gift.bin"), content(root / "received" / "gift.bin"));
}

TEST_F(LabTest, GlassMakesTheOfferAndGivesASampleOverALossyPath) {
  start(/*loss_per_million=*/20'000);
  Visitor visitor(server(), /*glass_offers=*/true, (root / "mine").string());
  ASSERT_TRUE(visitor.until([&] { return visitor.files_open; }))
      << testing::PrintToString(visitor.problems);

  visitor.companion.transfer().request("sample", 1'000'000);
  visitor.pump();

  ASSERT_TRUE(visitor.until([&] { return visitor.ended.size() == 1; }));
  EXPECT_EQ(visitor.ended[0].outcome, Outcome::kDone);
  EXPECT_EQ(fs::file_size(root / "mine" / "sample.bin"), 1'000'000U);
}

TEST_F(LabTest, TheGlassPeerTakesConnectionsForIceOverTcp) {
  start(/*loss_per_million=*/0, /*tcp=*/true);
  Visitor visitor(server(), /*glass_offers=*/true, (root / "mine").string(), /*tcp_only=*/true);
  ASSERT_TRUE(visitor.until([&] { return visitor.files_open; }))
      << testing::PrintToString(visitor.problems);

  visitor.companion.transfer().request("sample", 1'000'000);
  visitor.pump();

  ASSERT_TRUE(visitor.until([&] { return visitor.ended.size() == 1; }));
  EXPECT_EQ(visitor.ended[0].outcome, Outcome::kDone);
  EXPECT_GE(visitor.streams->counters().connected, 1U);
  EXPECT_EQ(visitor.socket.counters().sent, 0U);
}

TEST_F(LabTest, DataGoesOnAfterSignalingHasStopped) {
  start();
  Visitor visitor(server(), /*glass_offers=*/true, (root / "mine").string());
  ASSERT_TRUE(visitor.until([&] { return visitor.files_open; }));

  lab->loop().post([this] { (void)lab->answer({"POST", "/api/signaling/stop", ""}); });
  ASSERT_TRUE(visitor.until([&] { return visitor.signaling_closed; }));
  visitor.companion.transfer().request("sample", 1'000'000);
  visitor.pump();

  ASSERT_TRUE(visitor.until([&] { return visitor.ended.size() == 1; }));
  EXPECT_EQ(visitor.ended[0].outcome, Outcome::kDone);
}

TEST_F(LabTest, TheTraceTellsTheStoryWithNotesAndWithoutSecrets) {
  start();
  Visitor visitor(server(), /*glass_offers=*/true, (root / "mine").string());
  ASSERT_TRUE(visitor.until([&] { return visitor.files_open; }));
  ASSERT_TRUE(visitor.until([&] {
    return std::ranges::any_of(visitor.told, [](const std::string& line) {
      return line.find("\"files\\\" is open") != std::string::npos;
    });
  }));

  bool noted = false;
  for (const std::string& line : visitor.told) {
    const Json json = Json::parse(line);
    EXPECT_FALSE(json["text"].get<std::string>().empty()) << line;
    EXPECT_NE(json["kind"], "secret");
    EXPECT_EQ(line.find("ice-pwd"), std::string::npos);
    noted = noted || !json.value("note", "").empty();
  }
  EXPECT_TRUE(noted);
}

TEST_F(LabTest, WhatIsNotThereIsDeclined) {
  start();
  Visitor visitor(server(), /*glass_offers=*/true, (root / "mine").string());
  ASSERT_TRUE(visitor.until([&] { return visitor.files_open; }));

  visitor.companion.transfer().request("../../etc/passwd", 0);
  visitor.companion.transfer().request("sample", Lab::kMaxSample + 1);
  visitor.companion.transfer().request("sample", 10);
  visitor.pump();

  ASSERT_TRUE(visitor.until([&] { return visitor.ended.size() == 1; }));
  EXPECT_EQ(visitor.ended[0].name, "sample.bin");
}

TEST_F(LabTest, SendAndReceiveMoveFilesAndVerifyEachOther) {
  start();
  std::ofstream(root / "a.txt") << "hello";
  std::ofstream(root / "b.txt") << std::string(500'000, 'b');
  const std::string secret = make_secret();
  std::vector<std::string> sent;
  std::vector<std::string> received;
  ShareOptions send;
  send.sends = true;
  send.files = {(root / "a.txt").string(), (root / "b.txt").string()};
  send.server = server();
  send.secret = secret;
  send.result = [&](const std::string& line) { sent.push_back(line); };
  ShareOptions receive;
  receive.downloads = (root / "got").string();
  receive.server = server();
  receive.secret = secret;
  receive.result = [&](const std::string& line) { received.push_back(line); };

  std::optional<Failure> send_failure;
  std::thread sender([&] { send_failure = share(send); });
  const auto receive_failure = share(receive);
  sender.join();

  EXPECT_FALSE(send_failure.has_value()) << to_text(*send_failure);
  EXPECT_FALSE(receive_failure.has_value()) << to_text(*receive_failure);
  EXPECT_EQ(content(root / "got" / "a.txt"), "hello");
  EXPECT_EQ(fs::file_size(root / "got" / "b.txt"), 500'000U);
  EXPECT_EQ(sent, received);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0], hex(crypto::hash(crypto::HashKind::kSha256, as_bytes("hello"))) + "  a.txt");
}

TEST_F(LabTest, AReceiverThatNobodyAnswersSaysSo) {
  start();
  ShareOptions receive;
  receive.server = server();
  receive.secret = make_secret();
  receive.patience = 200ms;

  const auto failure = share(receive);

  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->code, kExitTimeout);
}

TEST_F(LabTest, AServerWithARelayTellsItsMembersHowToUseIt) {
  LabOptions options{.host = "", .port = 0, .downloads = (root / "received").string()};
  options.turn = TurnHostOptions{.port = 0, .tls_port = 0};
  options.guests = false;
  auto started = Lab::start(options);
  ASSERT_TRUE(started.has_value()) << to_text(started.error());
  lab = std::move(*started);
  thread = std::thread([this] { lab->loop().run(); });
  net::Loop loop;
  std::vector<std::string> told;
  WsClient ws(server(), "/signal", [&](WsClient::Task task) { loop.post(std::move(task)); },
              {.on_open =
                   [&] {
                     ws.send(R"({"type":"join","room":"r"})");
                     ws.send(R"({"type":"invite-glass","role":"offer"})");
                   },
               .on_text = [&](const std::string& text) { told.push_back(text); },
               .on_close = [](const std::string&) {}});

  ASSERT_TRUE(loop.run_until([&] { return told.size() == 2; }, 10s));

  const auto joined = Json::parse(told[0]);
  const auto& relay = joined["ice_servers"][1];
  const std::string username = relay["username"];
  EXPECT_TRUE(username.ends_with(":r.p1")) << username;
  const TurnReport report = probe_turn({.uri = *parse_ice_uri(relay["urls"][0].get<std::string>()),
                                        .username = username,
                                        .password = relay["credential"]});
  EXPECT_FALSE(report.failure.has_value()) << to_text(*report.failure);
  EXPECT_EQ(Json::parse(told[1])["code"], "no-glass");
}

TEST(LabStart, APortInUseAndAForeignAddressAreExplained) {
  const auto first = Lab::start({.host = "", .port = 0, .log = {}});
  ASSERT_TRUE(first.has_value());

  const auto port = parse_server((*first)->url())->port;
  const auto second = Lab::start({.host = "", .port = port, .log = {}});
  const auto foreign = Lab::start({.host = "192.0.2.77", .port = 0, .log = {}});

  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, kExitLocal);
  EXPECT_NE(to_text(second.error()).find("glass lab --port"), std::string::npos);
  ASSERT_FALSE(foreign.has_value());
  EXPECT_EQ(foreign.error().code, kExitLocal);
}

TEST(ShareStart, MissingFilesAndServersAreExplained) {
  ShareOptions options;
  options.sends = true;
  options.files = {"/no/such/file"};
  options.secret = make_secret();
  auto failure = share(options);
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->code, kExitLocal);

  options.files = {"/proc/self/exe"};
  options.server = {"127.0.0.1", 1};
  failure = share(options);
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->code, kExitUnreachable);
  EXPECT_NE(to_text(*failure).find("glass lab"), std::string::npos);
}

}  // namespace
}  // namespace glass::demo
