// Who sends what again, and when: a table for each flight of both versions and each of its losses,
// computed from the figures of RFC 6347 §4.2.4 and RFC 9147 §5.8, not from our code.
//
// A datagram takes 5 ms, the timer begins at 50 ms. A flight that is lost goes again when the timer
// of its sender runs out, or when the peer's own repeat shows that it waits.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "dtls/connection.h"
#include "tests/dtls/support/link.h"
#include "tests/support/rules.h"

namespace glass::dtls::test {
namespace {

// Large enough for each flight but the server's to be one datagram; that one is cut in two or
// three.
constexpr std::size_t kMtu = 600;

struct Case {
  std::string_view lost;  // "client 1": the first datagram that the client sends; "": none
  std::uint64_t client_repeats;
  std::uint64_t server_repeats;
  Duration client_open;
  Duration server_open;
};

struct Result {
  std::uint64_t client_repeats = 0;
  std::uint64_t server_repeats = 0;
  Duration client_open = Duration::max();
  Duration server_open = Duration::max();
};

class Retransmission : public ::testing::Test {
 protected:
  static Config config(Role role, Version version, bool cookies) {
    Config config = config_for(role);
    config.max_version = version;
    config.mtu = kMtu;
    config.cookie_exchange = cookies && role == Role::kServer;
    return config;
  }
  static Result run(Version version, bool cookies, std::string_view lost) {
    Ours client(config(Role::kClient, version, cookies), 1);
    Ours server(config(Role::kServer, version, cookies), 2);
    std::array<std::size_t, 2> sent{};
    Line line(client, server, [&](std::size_t, const Datagram& datagram) {
      const std::size_t number = ++sent.at(datagram.from_client ? 0 : 1);
      const std::string name =
          (datagram.from_client ? "client " : "server ") + std::to_string(number);
      return name == lost ? std::vector<Duration>{} : std::vector<Duration>{5ms};
    });
    Result result;
    line.start();
    line.run_until(
        [&] {
          if (client.is_open())
            result.client_open = std::min(result.client_open, line.now - Instant{});
          if (server.is_open())
            result.server_open = std::min(result.server_open, line.now - Instant{});
          return false;
        },
        20s);
    result.client_repeats = client.connection().counters().retransmits;
    result.server_repeats = server.connection().counters().retransmits;
    return result;
  }
  static void expect(Version version, bool cookies, const std::vector<Case>& cases) {
    for (const Case& each : cases) {
      const Result result = run(version, cookies, each.lost);
      EXPECT_EQ(result.client_repeats, each.client_repeats) << "lost: " << each.lost;
      EXPECT_EQ(result.server_repeats, each.server_repeats) << "lost: " << each.lost;
      EXPECT_EQ(result.client_open, each.client_open) << "lost: " << each.lost;
      EXPECT_EQ(result.server_open, each.server_open) << "lost: " << each.lost;
    }
  }
};

// Hello at 0; the server's flight at 5, in two datagrams; the client's at 10; the last one at 15.
TEST_F(Retransmission, OfDtls12GoesByTheTable) {
  expect(
      Version::k12, false,
      {
          {"",         0, 0, 20ms, 15ms},
          // The client's timer at 50 brings all of it 50 ms later.
          {"client 1", 1, 0, 70ms, 65ms},
          // Both wait. The client's hello goes again at 50, the server's flight at 55: for the
          // hello, which is there in the instant in which its own timer ends. In 1.2 nobody can
          // say which half has come.
          {"server 1", 1, 1, 70ms, 65ms},
          {"server 2", 1, 1, 70ms, 65ms},
          // The server's timer has run since 5, the client's since 10: the server repeats at 55,
          // which shows the client at 60 that its flight has not come.
          {"client 2", 1, 1, 70ms, 65ms},
          // The last flight has no timer. The client repeats its own at 60 and is answered at 65.
          {"server 3", 1, 1, 70ms, 15ms},
  });
}

// HelloVerifyRequest, at 5, belongs to no flight: it is said again to whoever asks again.
TEST_F(Retransmission, OfDtls12WithACookieGoesByTheTable) {
  expect(Version::k12, true,
         {
             {"",         0, 0, 30ms, 25ms},
             {"client 1", 1, 0, 80ms, 75ms},
             {"server 1", 1, 0, 80ms, 75ms},
             {"client 2", 1, 0, 80ms, 75ms},
             {"server 2", 1, 1, 80ms, 75ms},
             {"server 3", 1, 1, 80ms, 75ms},
             {"client 3", 1, 1, 80ms, 75ms},
             {"server 4", 1, 1, 80ms, 25ms},
  });
}

// Hello at 0; the server's flight at 5, in two datagrams; the client's at 10, and it is open; an
// ACK at 15.
TEST_F(Retransmission, OfDtls13GoesByTheTable) {
  expect(
      Version::k13, false,
      {
          {"",         0, 0, 10ms,     15ms    },
          {"client 1", 1, 0, 60ms,     65ms    },
          // Without ServerHello the client can read nothing, so both timers run out as in 1.2.
          {"server 1", 1, 1, 60ms,     65ms    },
          // RFC 9147 §7.1: a quarter of the timer after the first half, at 22.5, the client says
          // what it has; §7.2: at 27.5 the server sends the rest, and nobody has waited for a
          // timer.
          {"server 2", 0, 1, 32'500us, 37'500us},
          // The server's timer ends at 55, the client's at 60, where the server's repeat comes in.
          {"client 2", 1, 1, 10ms,     65ms    },
          // The client does not know whether its flight has come: again at 60. A server answers
          // that with its ACK, which is no flight (§5.8.1).
          {"server 3", 1, 0, 10ms,     15ms    },
  });
}

// HelloRetryRequest, at 5, is a flight without a timer (RFC 9147 §5.8.1).
TEST_F(Retransmission, OfDtls13WithACookieGoesByTheTable) {
  expect(Version::k13, true,
         {
             {"",         0, 0, 20ms,     25ms    },
             {"client 1", 1, 0, 70ms,     75ms    },
             {"server 1", 1, 1, 70ms,     75ms    },
             {"client 2", 1, 0, 70ms,     75ms    },
             {"server 2", 1, 1, 70ms,     75ms    },
             {"server 3", 0, 1, 42'500us, 47'500us},
             {"client 3", 1, 1, 20ms,     75ms    },
             {"server 4", 1, 0, 20ms,     25ms    },
  });
}

}  // namespace
}  // namespace glass::dtls::test
