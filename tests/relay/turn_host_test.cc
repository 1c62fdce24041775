// tests/relay/turn_host_test.cc - our TURN server on real sockets, asked by our own client.
#include "demo/server/turn_host.h"

#include <cstdio>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "base/address.h"
#include "crypto/os_random.h"
#include "demo/turn_probe.h"
#include "net/loop.h"

namespace glass::demo {
namespace {

// A server whose loop runs on a thread of its own until the test ends.
class TurnHostTest : public testing::Test {
 protected:
  void start(TurnHostOptions options = {}) {
    options.hosts = {*parse_ip("127.0.0.1")};
    options.port = options.tls_port = 0;
    options.users = {
        {"alice", "wonderland"}
    };
    auto started = TurnHost::start(loop_, random_, options);
    ASSERT_TRUE(started.has_value()) << to_text(started.error());
    host_ = std::move(*started);
    thread_ = std::thread([this] { loop_.run(); });
  }
  void TearDown() override {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
  }
  TurnReport probe(const std::string& kind, TurnProbeOptions options = {}) {
    for (const std::string& uri : host_->turn_uris())
      if (uri.starts_with(kind.substr(0, kind.find('?'))) &&
          uri.ends_with(kind.substr(kind.find('?'))))
        options.uri = *parse_ice_uri(uri);
    if (options.username.empty()) {
      options.username = "alice";
      options.password = "wonderland";
    }
    return probe_turn(options);
  }

  net::Loop loop_;
  crypto::OsRandom random_;
  std::unique_ptr<TurnHost> host_;
  std::thread thread_;
};

void expect_works(const TurnReport& report) {
  EXPECT_FALSE(report.failure.has_value()) << to_text(*report.failure);
  EXPECT_TRUE(report.relayed.has_value());
  EXPECT_TRUE(report.mapped.has_value());
  EXPECT_TRUE(report.indication.has_value());
  EXPECT_TRUE(report.channel.has_value());
  EXPECT_EQ(report.lifetime.count(), 600);
}

TEST_F(TurnHostTest, DataGoesThroughTheRelayOverUdp) {
  start();
  expect_works(probe("turn:?transport=udp"));
}

TEST_F(TurnHostTest, DataGoesThroughTheRelayOverTcp) {
  start();
  expect_works(probe("turn:?transport=tcp"));
}

TEST_F(TurnHostTest, DataGoesThroughTheRelayOverTls) {
  start();
  const std::string file = testing::TempDir() + "/glass_turn_host_ca.pem";
  std::FILE* const out = std::fopen(file.c_str(), "w");
  ASSERT_NE(out, nullptr);
  std::fputs(host_->certificate_pem().c_str(), out);
  std::fclose(out);

  expect_works(probe("turns:?transport=tcp", {.ca_file = file}));
}

TEST_F(TurnHostTest, ACertificateThatNobodyVouchesForIsASecurityFailure) {
  start();

  const TurnReport report = probe("turns:?transport=tcp");

  ASSERT_TRUE(report.failure.has_value());
  EXPECT_EQ(report.failure->code, kExitSecurity);
}

TEST_F(TurnHostTest, AWrongPasswordIsASecurityFailure) {
  start();

  const TurnReport report =
      probe("turn:?transport=udp", {.username = "alice", .password = "mirror"});

  ASSERT_TRUE(report.failure.has_value());
  EXPECT_EQ(report.failure->code, kExitSecurity);
  EXPECT_EQ(report.code, 401U);
}

TEST_F(TurnHostTest, WhoJoinedARoomMayRelayWithTheIssuedPassword) {
  start();
  const std::vector<IceServer> servers = host_->issue("room.p1");
  ASSERT_EQ(servers.size(), 2U);
  EXPECT_TRUE(servers[0].urls[0].starts_with("stun:127.0.0.1:"));
  EXPECT_TRUE(servers[1].username.ends_with(":room.p1"));

  expect_works(probe("turn:?transport=udp",
                     {.username = servers[1].username, .password = servers[1].credential}));
}

TEST_F(TurnHostTest, AUserGetsNoMoreThanTheQuota) {
  start({.allocations_per_user = 1});

  const TurnReport report = probe("turn:?transport=udp");  // it asks for two

  ASSERT_TRUE(report.failure.has_value());
  EXPECT_EQ(report.code, 486U);
  EXPECT_EQ(report.failure->code, kExitFailed);
}

TEST(ProbeTurn, NobodyThereIsATimeoutOrUnreachable) {
  const TurnReport silent = probe_turn({.uri = *parse_ice_uri("turn:127.0.0.1:9"),
                                        .username = "a",
                                        .password = "b",
                                        .patience = std::chrono::milliseconds(300)});
  const TurnReport refused = probe_turn(
      {.uri = *parse_ice_uri("turn:127.0.0.1:9?transport=tcp"), .username = "a", .password = "b"});

  EXPECT_EQ(silent.failure->code, kExitTimeout);
  EXPECT_EQ(refused.failure->code, kExitUnreachable);
  EXPECT_EQ(refused.failure->cause, "Connection refused");
}

}  // namespace
}  // namespace glass::demo
