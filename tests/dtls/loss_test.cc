// Handshakes over a line that loses, doubles and reorders: ours with ours, and with OpenSSL.
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "dtls/connection.h"
#include "tests/dtls/support/link.h"
#include "tests/dtls/support/openssl_end.h"
#include "tests/support/rules.h"

namespace glass::dtls::test {
namespace {

enum class Pairing : std::uint8_t { kOurs, kOpenSslServer, kOpenSslClient };

class Loss : public ::testing::TestWithParam<Pairing> {
 protected:
  static std::unique_ptr<End> make(Role role) {
    const bool is_openssl = (role == Role::kServer && GetParam() == Pairing::kOpenSslServer) ||
                            (role == Role::kClient && GetParam() == Pairing::kOpenSslClient);
    if (is_openssl) return std::make_unique<OpenSslEnd>(OpenSslOptions{.role = role});
    return std::make_unique<Ours>(config_for(role), role == Role::kClient ? 1 : 2);
  }
  // Connects and says something each way; how many datagrams the handshake took.
  static std::size_t expect_connects(const Line::Fate& fate, const std::string& what) {
    const auto client = make(Role::kClient);
    const auto server = make(Role::kServer);
    Line line(*client, *server, fate);
    EXPECT_TRUE(line.connect()) << what;
    const std::size_t datagrams = line.sent.size();
    if (!client->is_open() || !server->is_open()) return datagrams;
    // Said often enough to get through.
    for (int i = 0; i < 20; ++i) {
      client->send(line.now, "ping");
      server->send(line.now, "pong");
      line.collect();
      line.run_for(20ms);
    }
    EXPECT_FALSE(server->received().empty()) << what;
    EXPECT_FALSE(client->received().empty()) << what;
    return datagrams;
  }
  static std::size_t clean() {
    return expect_connects([](std::size_t, const Datagram&) { return std::vector{Duration(5ms)}; },
                           "clean");
  }
};

TEST_P(Loss, EachDatagramOfTheHandshakeMayBeLost) {
  const std::size_t count = clean();
  for (std::size_t lost = 0; lost < count; ++lost)
    expect_connects(
        [lost](std::size_t number, const Datagram&) {
          return number == lost ? std::vector<Duration>{} : std::vector{Duration(5ms)};
        },
        "lost " + std::to_string(lost));
}

TEST_P(Loss, EachTwoDatagramsMayBeLost) {
  const std::size_t count = clean() + 2;
  for (std::size_t one = 0; one < count; ++one)
    for (std::size_t other = one + 1; other < count; ++other)
      expect_connects(
          [one, other](std::size_t number, const Datagram&) {
            return number == one || number == other ? std::vector<Duration>{}
                                                    : std::vector{Duration(5ms)};
          },
          "lost " + std::to_string(one) + " and " + std::to_string(other));
}

TEST_P(Loss, EachDatagramMayComeTwiceOrLate) {
  const std::size_t count = clean();
  for (std::size_t odd = 0; odd < count; ++odd) {
    expect_connects(
        [odd](std::size_t number, const Datagram&) {
          return number == odd ? std::vector<Duration>{5ms, 6ms} : std::vector{Duration(5ms)};
        },
        "twice " + std::to_string(odd));
    for (const Duration late : {Duration(8ms), Duration(40ms), Duration(120ms)})
      expect_connects(
          [odd, late](std::size_t number, const Datagram&) {
            return std::vector{number == odd ? late : Duration(5ms)};
          },
          "late " + std::to_string(odd));
  }
}

TEST_P(Loss, BadLinesOfManySeedsAreOvercome) {
  for (std::uint64_t seed = 0; seed < 48; ++seed) {
    SeededRandom dice(seed);
    expect_connects(
        [&dice](std::size_t, const Datagram&) {
          std::vector<Duration> arrivals;
          if (dice.below(100) < 30) return arrivals;
          arrivals.push_back(Duration(1ms) * (1 + dice.below(60)));
          if (dice.below(100) < 20) arrivals.push_back(Duration(1ms) * (1 + dice.below(60)));
          return arrivals;
        },
        "seed " + std::to_string(seed));
  }
}

INSTANTIATE_TEST_SUITE_P(Pairings, Loss,
                         ::testing::Values(Pairing::kOurs, Pairing::kOpenSslServer,
                                           Pairing::kOpenSslClient),
                         [](const auto& pairing) {
                           switch (pairing.param) {
                             case Pairing::kOurs: return "Ours";
                             case Pairing::kOpenSslServer: return "OpenSslServer";
                             case Pairing::kOpenSslClient: return "OpenSslClient";
                           }
                           return "Unknown";
                         });

}  // namespace
}  // namespace glass::dtls::test
