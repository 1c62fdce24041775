// Handshakes over thousands of bad lines, each a function of its seed: loss up to 40 %, reordering,
// duplication, datagrams that are too big, in all mixtures of the two versions, some with a peer
// that must be refused. GLASS_DTLS_SEEDS says how many; a few hundred where nobody does.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "crypto/seeded_random.h"
#include "dtls/connection.h"
#include "tests/dtls/support/link.h"
#include "tests/support/rules.h"

namespace glass::dtls::test {
namespace {

constexpr std::uint64_t kSeedsByDefault = 300;

std::uint64_t seeds() {
  const char* const wanted = std::getenv("GLASS_DTLS_SEEDS");
  return wanted == nullptr ? kSeedsByDefault : std::strtoull(wanted, nullptr, 10);
}

// What must come of it, whatever the line does.
enum class Fault : std::uint8_t {
  kNone,
  kServerCertificate,  // not the one that the client was told of
  kClientCertificate,
  kNoVersion,
  kNoGroup,
};
struct Refusal {
  Role by;
  Alert alert;
};
Refusal refusal(Fault fault) {
  switch (fault) {
    case Fault::kNone: break;
    case Fault::kServerCertificate: return {Role::kClient, Alert::kBadCertificate};
    case Fault::kClientCertificate: return {Role::kServer, Alert::kBadCertificate};
    case Fault::kNoVersion: return {Role::kServer, Alert::kProtocolVersion};
    case Fault::kNoGroup: return {Role::kServer, Alert::kHandshakeFailure};
  }
  return {Role::kServer, Alert::kInternalError};
}

struct World {
  explicit World(std::uint64_t seed) : dice(seed) {
    fault = dice.below(5) != 0 ? Fault::kNone : Fault{static_cast<std::uint8_t>(1 + dice.below(4))};
    for (Config* each : {&client, &server}) {
      each->mtu = 296 + dice.below(1205);
      each->max_version = dice.below(3) == 0 ? Version::k12 : Version::k13;
    }
    server.cookie_exchange = dice.below(2) == 0;
    if (dice.below(4) == 0) server.groups = {crypto::Group::kP256};
    loss = dice.below(41);
    doubled = dice.below(21);
    spread = 1 + dice.below(200);
    // What every host takes passes, and so does what both ends take for granted.
    const std::size_t largest = std::max(client.mtu, server.mtu);
    path_mtu = dice.below(4) == 0 ? std::max<std::size_t>(548, dice.below(1501)) : largest;
    break_it();
  }
  void break_it() {
    switch (fault) {
      case Fault::kNone: break;
      case Fault::kServerCertificate: client.remote_fingerprints = {alice().fingerprint()}; break;
      case Fault::kClientCertificate: server.remote_fingerprints = {bob().fingerprint()}; break;
      case Fault::kNoVersion:
        client.max_version = Version::k12;
        server.max_version = server.min_version = Version::k13;
        break;
      case Fault::kNoGroup:
        client.groups = {crypto::Group::kX25519};
        server.groups = {crypto::Group::kP384};
        break;
    }
  }
  std::vector<Duration> fate(const Datagram& datagram) {
    std::vector<Duration> delays;
    if (datagram.bytes.size() > path_mtu) return delays;
    if (dice.below(100) >= loss)
      delays.push_back(std::chrono::milliseconds(1 + dice.below(spread)));
    if (dice.below(100) < doubled)
      delays.push_back(std::chrono::milliseconds(1 + dice.below(spread)));
    return delays;
  }
  [[nodiscard]] Version version() const { return std::min(client.max_version, server.max_version); }

  SeededRandom dice;
  Config client = config_for(Role::kClient);
  Config server = config_for(Role::kServer);
  Fault fault = Fault::kNone;
  std::uint32_t loss = 0;
  std::uint32_t doubled = 0;
  std::uint32_t spread = 1;
  std::size_t path_mtu = 1500;
};

struct Attempt {
  explicit Attempt(std::uint64_t seed)
      : world(seed),
        client(world.client, seed * 2),
        server(world.server, seed * 2 + 1),
        line(client, server,
             [this](std::size_t, const Datagram& datagram) { return world.fate(datagram); }) {}

  [[nodiscard]] static bool is_over(const Ours& end) {
    return !end.connected.empty() || !end.closed.empty();
  }
  [[nodiscard]] static bool has_timed_out(const Ours& end) {
    return !end.closed.empty() && end.closed[0].reason == CloseReason::kTimeout;
  }
  [[nodiscard]] std::string why() const {
    return (client.closed.empty() ? "" : "client: " + client.closed[0].text + "; ") +
           (server.closed.empty() ? "" : "server: " + server.closed[0].text);
  }

  World world;
  Ours client;
  Ours server;
  Line line;
};

// Both have the same keys and hear each other.
void expect_connection(Attempt& run) {
  ASSERT_EQ(run.client.connected.size(), 1U);
  ASSERT_EQ(run.server.connected.size(), 1U);
  const Connected& ours = run.client.connected[0];
  const Connected& theirs = run.server.connected[0];
  EXPECT_EQ(ours.version, run.world.version() == Version::k13 ? kDtls13 : kDtls12);
  EXPECT_EQ(ours.version, theirs.version);
  EXPECT_EQ(ours.cipher_suite, theirs.cipher_suite);
  EXPECT_EQ(ours.group, theirs.group);
  std::array<std::uint8_t, 32> one{};
  std::array<std::uint8_t, 32> other{};
  ASSERT_TRUE(run.client.connection().export_keys("EXPERIMENTAL", one));
  ASSERT_TRUE(run.server.connection().export_keys("EXPERIMENTAL", other));
  EXPECT_EQ(hex(one), hex(other));
  for (int i = 0; i < 40 && (run.server.received().empty() || run.client.received().empty()); ++i) {
    run.client.send(run.line.now, "ping");
    run.server.send(run.line.now, "pong");
    run.line.collect();
    run.line.run_for(100ms);
  }
  EXPECT_FALSE(run.server.received().empty());
  EXPECT_FALSE(run.client.received().empty());
}

// The one whose duty it is gives the right reason; the other hears it, or hears nothing at all.
void expect_refusal(Attempt& run) {
  const Refusal wanted = refusal(run.world.fault);
  Ours& judge = wanted.by == Role::kClient ? run.client : run.server;
  Ours& judged = wanted.by == Role::kClient ? run.server : run.client;
  if (Attempt::has_timed_out(judge)) return;
  // A server that has heard no whole hello has nothing to judge.
  if (judge.closed.empty() && wanted.by == Role::kServer && Attempt::has_timed_out(judged)) return;
  ASSERT_EQ(judge.closed.size(), 1U) << "the refusing side is still open";
  EXPECT_TRUE(judge.connected.empty());
  const bool by_certificate = wanted.alert == Alert::kBadCertificate;
  EXPECT_EQ(judge.closed[0].reason,
            by_certificate ? CloseReason::kFingerprint : CloseReason::kHandshake);
  if (judged.closed.empty()) {
    // A server that has heard nothing whole, or a client of DTLS 1.3 that was done before.
    EXPECT_TRUE(run.world.version() == Version::k13 || judged.connected.empty());
    return;
  }
  if (Attempt::has_timed_out(judged)) return;
  EXPECT_EQ(judged.closed[0].reason, CloseReason::kPeerAlert);
  EXPECT_EQ(judged.closed[0].text, "the peer has given up: " + std::string(to_text(wanted.alert)));
}

// Nothing goes on for ever, and the timer is one of those that doubling leads to.
void expect_timers(Ours& end) {
  const Connection& connection = end.connection();
  Duration rto = 50ms;
  while (rto < connection.rto()) rto = std::min<Duration>(rto * 2, 60s);
  EXPECT_EQ(rto, connection.rto());
  EXPECT_EQ(connection.next_time(), kNever);
}

TEST(Campaign, EveryHandshakeEndsAsItShould) {
  std::uint64_t connected = 0;
  std::uint64_t refused = 0;
  std::uint64_t timed_out = 0;
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    crypto::seed_openssl(seed);
    glass::test::forget_rules();
    Attempt run(seed);
    run.line.start();
    run.line.run_until(
        [&] {
          return Attempt::is_over(run.client) &&
                 (Attempt::is_over(run.server) || Attempt::has_timed_out(run.client));
        },
        130s);

    // A client is done a minute after its first word at the latest, a server a minute after it has
    // heard one: one that has heard none whole waits.
    ASSERT_TRUE(Attempt::is_over(run.client));
    EXPECT_LE(run.line.now, Instant{} + 120s);
    const bool gave_up = Attempt::has_timed_out(run.client) || Attempt::has_timed_out(run.server);
    if (run.world.fault != Fault::kNone) {
      run.line.run_for(130s);
      expect_refusal(run);
      ++refused;
    } else if (gave_up) {
      ++timed_out;
    } else {
      expect_connection(run);
      ++connected;
    }
    run.line.run_for(130s);
    expect_timers(run.server);
    expect_timers(run.client);
    if (::testing::Test::HasFailure()) {
      FAIL() << run.why() << "; loss " << run.world.loss << ", mtu " << run.world.client.mtu
             << " and " << run.world.server.mtu << ", path " << run.world.path_mtu;
    }
  }
  crypto::unseed_openssl();
  RecordProperty("connected", std::to_string(connected));
  RecordProperty("refused", std::to_string(refused));
  RecordProperty("timed_out", std::to_string(timed_out));
  EXPECT_GT(connected, seeds() / 2);
  EXPECT_GT(refused, seeds() / 10);
  // Ten repeats and more, each lost in part: seldom, and then both know.
  EXPECT_LE(timed_out, 1 + seeds() / 200);
  if (std::getenv("GLASS_DTLS_SEEDS") != nullptr)
    std::printf(
        "%llu seeds: %llu connected, %llu refused, %llu gave up in time\n",
        static_cast<unsigned long long>(seeds()), static_cast<unsigned long long>(connected),
        static_cast<unsigned long long>(refused), static_cast<unsigned long long>(timed_out));
}

}  // namespace
}  // namespace glass::dtls::test
