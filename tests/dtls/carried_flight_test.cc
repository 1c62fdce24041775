// Flights that travel inside other packets, before there is a path: taken as whole datagrams,
// carried by the test's hands, with the timers standing still until the path is there.
#include <cstddef>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "dtls/connection.h"
#include "tests/dtls/support/link.h"
#include "tests/support/rules.h"

namespace glass::dtls::test {
namespace {

// An end, and the datagrams of its flight that a carrier puts into every packet it sends.
struct Carried {
  Carried(Role role, Version version) : ours(config(role, version), role == Role::kClient ? 1 : 2) {
    ours.connection().pause_timers(Instant{});
    ours.start(Instant{});
    collect(Instant{});
  }
  static Config config(Role role, Version version) {
    Config config = config_for(role);
    config.max_version = version;
    config.mtu = 900;
    return config;
  }
  void collect(Instant now) {
    for (;;) {
      const std::uint32_t before = number;
      auto datagram = ours.poll_transmit(now);
      if (!datagram) return;
      number = ours.connection().flight_number();
      if (number != before) flight.clear();
      flight.push_back(*datagram);
    }
  }
  void receive(Instant now, const ByteVector& datagram) {
    ours.receive(now, datagram);
    collect(now);
  }

  Ours ours;
  std::uint32_t number = 0;
  std::vector<ByteVector> flight;
};

class CarriedFlight : public ::testing::TestWithParam<Version> {};

TEST_P(CarriedFlight, IsTakenAndGivenWholeAndNothingIsRepeatedByTime) {
  Carried client(Role::kClient, GetParam());
  Carried server(Role::kServer, GetParam());
  Instant now{};

  // A check every 20 s, far beyond any timer; each carries all of a flight, and each twice.
  for (int round = 0; round < 4 && !(client.ours.is_open() && server.ours.is_open()); ++round) {
    now += 10s;
    for (Carried* each : {&client, &server})
      if (each->ours.next_time() <= now) each->ours.on_time(now);
    for (const ByteVector& datagram : std::vector<ByteVector>(client.flight)) {
      server.receive(now, datagram);
      server.receive(now, datagram);
    }
    for (const ByteVector& datagram : std::vector<ByteVector>(server.flight)) {
      client.receive(now, datagram);
      client.receive(now, datagram);
    }
  }

  EXPECT_TRUE(client.ours.is_open());
  EXPECT_TRUE(server.ours.is_open());
  EXPECT_EQ(client.ours.connection().counters().retransmits, 0);
  EXPECT_EQ(server.ours.connection().counters().retransmits, 0);
}

TEST_P(CarriedFlight, WithAPathTheTimerBeginsWithItsRoundTrip) {
  Carried client(Role::kClient, GetParam());
  const std::size_t datagrams = client.flight.size();
  client.ours.on_time(Instant{} + 5s);
  client.collect(Instant{} + 5s);
  EXPECT_EQ(client.flight.size(), datagrams);
  EXPECT_EQ(client.ours.next_time(), Instant{} + 60s);  // the limit of the handshake

  client.ours.connection().resume_timers(Instant{} + 5s, 80ms);

  EXPECT_EQ(client.ours.next_time(), Instant{} + 5080ms);
  client.ours.on_time(Instant{} + 5080ms);
  client.collect(Instant{} + 5080ms);
  EXPECT_EQ(client.flight.size(), 2 * datagrams);  // the same flight once more
  EXPECT_EQ(client.ours.connection().rto(), 160ms);
  EXPECT_EQ(client.ours.next_time(), Instant{} + 5240ms);
}

INSTANTIATE_TEST_SUITE_P(Versions, CarriedFlight, ::testing::Values(Version::k12, Version::k13),
                         [](const auto& version) {
                           return version.param == Version::k12 ? "Dtls12" : "Dtls13";
                         });

}  // namespace
}  // namespace glass::dtls::test
