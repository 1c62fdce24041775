// tests/relay/turn_host_test.cc - our TURN server on real sockets, asked by our own client.
#include "demo/server/turn_host.h"

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/address.h"
#include "crypto/os_random.h"
#include "demo/turn_probe.h"
#include "net/loop.h"
#include "net/udp.h"
#include "stun/nat_discovery.h"

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
    loop_.post([this] { loop_.stop(); });  // by itself: it may not even run yet
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

TEST_F(TurnHostTest, ASecondAddressTellsWhatNatIsBetween) {
  start({.alternate = parse_address("127.0.0.2:0")});
  std::vector<net::UdpSocket> sockets;
  stun::NatDiscoveryConfig config{.server = host_->udp()};
  std::vector<net::UdpSocket*> carried;
  for (std::size_t i = 0; i < stun::NatDiscovery::kFixedPorts; ++i)
    sockets.push_back(*net::UdpSocket::open(*parse_ip("127.0.0.1")));
  for (net::UdpSocket& socket : sockets) {
    config.locals.push_back(socket.local());
    carried.push_back(&socket);
  }
  net::Loop loop;
  stun::NatDiscovery discovery(config, random_, Trace());
  std::optional<stun::NatReport> found;
  const net::NodeId id =
      loop.add(discovery, carried, [&](const stun::NatReport& report) { found = report; });
  discovery.start(loop.now());
  loop.poke(id);

  ASSERT_TRUE(loop.run_until([&] { return found.has_value(); }, std::chrono::seconds(30)));
  EXPECT_FALSE(found->is_translated);
  EXPECT_EQ(found->mapping, stun::NatDependence::kEndpointIndependent);
  EXPECT_EQ(found->filtering, stun::NatDependence::kEndpointIndependent);
}

TEST_F(TurnHostTest, TheSecondAddressDiffersInAddressAndPort) {
  TurnHostOptions options{.hosts = {*parse_ip("127.0.0.1")}, .port = 0, .tls_port = 0};
  options.alternate = parse_address("127.0.0.1:3479");
  const auto same = TurnHost::start(loop_, random_, options);
  options.alternate = parse_address("[::1]:3479");
  const auto foreign = TurnHost::start(loop_, random_, options);

  ASSERT_FALSE(same.has_value());
  EXPECT_EQ(same.error().code, kExitUsage);
  ASSERT_FALSE(foreign.has_value());
  EXPECT_EQ(foreign.error().code, kExitUsage);
}

TEST_F(TurnHostTest, TlsIsOfferedByTheNameInTheCertificate) {
  start({.name = "turn.example"});

  EXPECT_TRUE(host_->turn_uris().at(0).starts_with("turn:127.0.0.1:"));
  EXPECT_TRUE(host_->turn_uris().at(2).starts_with("turns:turn.example:"));
}

TEST_F(TurnHostTest, MembersAreToldTheServersElsewhereThatShareTheSecret) {
  const std::string uri = "turn:192.0.2.7:3478?transport=udp";
  start({.secret = ByteVector(32, 7), .elsewhere = {uri}});

  const std::vector<IceServer> servers = host_->issue("room.p1");

  ASSERT_EQ(servers.size(), 2U);
  EXPECT_EQ(servers[0].urls, host_->stun_uris());
  EXPECT_EQ(servers[1].urls, std::vector<std::string>{uri});
  EXPECT_EQ(servers[1].credential,
            stun::time_limited_password(ByteVector(32, 7), servers[1].username));
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
