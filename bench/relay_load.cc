// relay_load.cc - the load for STUN and TURN servers: the same for ours and for any other.
//
//   bench_relay_load MODE SERVER:PORT USER PASSWORD PEER_IP PID SECONDS
//
// MODE: stun (binding requests), alloc (allocations, given back at once), relay (many clients, one
// packet each at a time, both directions), bulk (one client, bursts, both directions). Prints one
// line: how often the server did it per second, and how many microseconds of processor time of
// process PID each of it took. All packets of one round that get lost are sent again after a while.
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/trace.h"
#include "base/writer.h"
#include "crypto/os_random.h"
#include "net/udp.h"
#include "stun/message.h"
#include "stun/turn/client.h"

namespace glass {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using stun::turn::Client;

constexpr std::size_t kPayload = 1200;
constexpr std::size_t kChannelHead = 4;
constexpr std::size_t kClients = 64;
constexpr std::size_t kStunWindow = 8;  // requests of one client that are under way
constexpr std::size_t kWindow = 1;      // packets of one client and direction, where many send
constexpr std::size_t kBurst = 40;      // packets of a bulk flow that leave at once
constexpr std::size_t kBulkWindow = 240;

const Clock::time_point kBirth = Clock::now();
Instant now() { return Instant{std::chrono::duration_cast<Duration>(Clock::now() - kBirth)}; }

struct Options {
  std::string mode;
  Address server;
  std::string user;
  std::string password;
  Address peer_ip;
  std::string pid;
  double seconds = 3;
};

// Processor time of the server so far, in seconds: of all its threads, for there may be several.
double processor_time(const std::string& pid) {
  double total = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + pid + "/task")) {
    std::ifstream in(thread.path() / "schedstat");
    double nanoseconds = 0;
    in >> nanoseconds;
    total += nanoseconds;
  }
  return total / 1e9;
}

struct Measured {
  std::uint64_t count = 0;
  double seconds = 0;
  double processor = 0;
};

void print(const Options& options, const Measured& m) {
  std::printf("%s %.0f %.3f\n", options.mode.c_str(), static_cast<double>(m.count) / m.seconds,
              m.count == 0 ? 0.0 : m.processor * 1e6 / static_cast<double>(m.count));
}

// Runs `round` again and again; it returns how much came back.
template <class Round>
Measured measure(const Options& options, Round round) {
  Measured m;
  for (const auto warm = Clock::now() + 300ms; Clock::now() < warm;) (void)round();
  const double before = processor_time(options.pid);
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::duration<double>(options.seconds);
  while (Clock::now() < end) m.count += round();
  m.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  m.processor = processor_time(options.pid) - before;
  return m;
}

bool wait_readable(int handle, int milliseconds) {
  pollfd one{.fd = handle, .events = POLLIN, .revents = 0};
  return poll(&one, 1, milliseconds) > 0;
}

net::UdpSocket open_socket(const Address& local, bool segmentation) {
  auto socket =
      net::UdpSocket::open(local, {.segmentation = segmentation, .drops_when_full = true});
  if (!socket) {
    std::fprintf(stderr, "%s\n", socket.error().text.c_str());
    std::exit(1);
  }
  return std::move(*socket);
}

// --- Binding requests ---------------------------------------------------------------------------

// Numbers, not dice: a system call for each would be the load's, not the server's.
stun::TransactionId next_id() {
  static std::uint32_t count = 0;
  ++count;
  stun::TransactionId id;
  copy_bytes(as_bytes(std::to_string(count)), MutableBytes(id.bytes));
  return id;
}

Measured load_stun(const Options& options) {
  std::vector<net::UdpSocket> sockets;
  for (std::size_t i = 0; i < kClients; ++i)
    sockets.push_back(open_socket(options.peer_ip.with_port(0), false));
  net::ReceiveBatch received;
  net::SendBatch batch;
  std::vector<std::size_t> under_way(kClients, 0);
  std::vector<int> dry(kClients, 0);
  return measure(options, [&] {
    std::uint64_t answers = 0;
    for (std::size_t i = 0; i < kClients; ++i) {
      std::size_t came = 0;
      sockets[i].receive(received, [&](const Received&) { ++came; });
      answers += came;
      under_way[i] -= std::min(under_way[i], came);
      dry[i] = came == 0 ? dry[i] + 1 : 0;
      if (dry[i] > 200) under_way[i] = static_cast<std::size_t>(dry[i] = 0);  // lost
      for (; under_way[i] < kStunWindow; ++under_way[i]) {
        stun::MessageBuilder(Writer(batch.slot()), stun::Class::kRequest, stun::Method::kBinding,
                             next_id());
        batch.commit({Transport::kUdp, sockets[i].local(), options.server});
      }
      (void)sockets[i].flush(batch);
    }
    return answers;
  });
}

// --- Allocations --------------------------------------------------------------------------------

// A client on a socket of its own, driven by hand.
struct Lender {
  Lender(const Options& options, Random& random, bool segmentation)
      : socket(open_socket(options.peer_ip.with_port(0), segmentation)),
        client(
            {
                .path = {Transport::kUdp, socket.local(), options.server},
                .username = options.user,
                .password = options.password
  },
            random, Trace()) {}

  // Whatever it has to say goes out.
  void speak() {
    out.clear();
    while (const auto path = client.poll_transmit(now(), out)) {
      (void)socket.send(path->remote, out.bytes());
      out.clear();
    }
  }
  // Until an event of this kind, or the end of patience.
  template <class T>
  std::optional<T> await(net::ReceiveBatch& batch) {
    for (const auto end = Clock::now() + 5s; Clock::now() < end;) {
      speak();
      if (wait_readable(socket.handle(), 20))
        socket.receive(batch, [&](const Received& in) { client.receive(now(), in); });
      if (client.next_time() <= now()) client.on_time(now());
      while (auto event = client.poll_event()) {
        if (auto* const wanted = std::get_if<T>(&*event)) return *wanted;
        if (auto* const failed = std::get_if<stun::turn::AllocationFailed>(&*event))
          std::fprintf(stderr, "allocation: %u %s\n", failed->code, failed->text.c_str());
      }
    }
    return std::nullopt;
  }

  net::UdpSocket socket;
  Client client;
  PacketBuffer out;
};

Measured load_allocations(const Options& options, Random& random) {
  net::ReceiveBatch batch;
  std::vector<std::unique_ptr<Lender>> lenders(kClients);
  return measure(options, [&] {
    std::uint64_t made = 0;
    for (auto& lender : lenders) {
      if (lender == nullptr) {
        lender = std::make_unique<Lender>(options, random, false);
        lender->client.allocate(now());
      }
      lender->socket.receive(batch, [&](const Received& in) { lender->client.receive(now(), in); });
      if (lender->client.next_time() <= now()) lender->client.on_time(now());
      bool over = false;
      while (auto event = lender->client.poll_event()) {
        if (std::holds_alternative<stun::turn::Allocated>(*event)) {
          ++made;
          lender->client.close(now());
        }
        over = over || std::holds_alternative<stun::turn::Released>(*event) ||
               std::holds_alternative<stun::turn::AllocationFailed>(*event);
      }
      lender->speak();
      if (over) lender.reset();
    }
    return made;
  });
}

// --- Relaying -----------------------------------------------------------------------------------

struct Flow {
  std::unique_ptr<Lender> lender;
  Address relayed;
  std::size_t to_peer = 0;  // packets under way
  std::size_t to_client = 0;
  int dry = 0;
};

// `burst`: how many packets a flow sends at once; `window`: how many are under way, each direction.
Measured load_relay(const Options& options, Random& random, std::size_t clients,
                    std::size_t window) {
  const bool bulk = clients == 1;
  net::UdpSocket peer = open_socket(options.peer_ip.with_port(0), bulk);
  net::ReceiveBatch received;
  net::SendBatch batch;
  std::vector<Flow> flows(clients);
  std::map<Address, Flow*> of_relayed;
  for (Flow& flow : flows) {
    flow.lender = std::make_unique<Lender>(options, random, bulk);
    flow.lender->client.allocate(now());
    const auto made = flow.lender->await<stun::turn::Allocated>(received);
    flow.lender->client.bind_channel(now(), peer.local());
    if (!made || !flow.lender->await<stun::turn::ChannelBound>(received)) {
      std::fprintf(stderr, "no allocation or no channel\n");
      std::exit(1);
    }
    flow.relayed = made->relayed;
    of_relayed[flow.relayed] = &flow;
  }
  const ByteVector payload(kPayload, 7);
  const std::size_t burst = bulk ? kBurst : 1;
  const Measured measured = measure(options, [&] {
    std::uint64_t came = 0;
    const auto from_relay = [&](const Received& in) {
      const auto flow = of_relayed.find(in.path.remote);
      if (flow == of_relayed.end() || in.bytes.size() != kPayload) return;
      ++came;
      flow->second->to_peer -= std::min<std::size_t>(flow->second->to_peer, 1);
      flow->second->dry = 0;
    };
    while (peer.receive(received, from_relay) == net::ReceiveBatch::kSlots) {
    }
    for (Flow& flow : flows) {
      net::UdpSocket& socket = flow.lender->socket;
      socket.receive(received, [&](const Received& in) {
        if (in.bytes.size() != kPayload + kChannelHead) return;
        ++came;
        flow.to_client -= std::min<std::size_t>(flow.to_client, 1);
        flow.dry = 0;
      });
      if (++flow.dry > 500) flow.to_peer = flow.to_client = static_cast<std::size_t>(flow.dry = 0);
      if (flow.to_peer + burst <= window) {
        for (std::size_t i = 0; i < burst; ++i, ++flow.to_peer) {
          PacketBuffer& slot = batch.slot();
          slot.assign(payload);
          const auto path = flow.lender->client.wrap(now(), peer.local(), slot);
          if (path) batch.commit(*path);
        }
        (void)socket.flush(batch);
      }
      if (flow.to_client + burst <= window) {
        for (std::size_t i = 0; i < burst; ++i, ++flow.to_client) {
          batch.slot().assign(payload);
          batch.commit({Transport::kUdp, peer.local(), flow.relayed});
          if (batch.is_full()) (void)peer.flush(batch);
        }
        if (bulk) (void)peer.flush(batch);
      }
      while (!bulk && !batch.is_empty() && batch.front_path().local == peer.local())
        if (peer.flush(batch) != net::UdpSocket::Flush::kDone) break;
    }
    return came;
  });
  // Given back, for the next run may get the same ports.
  for (const Flow& flow : flows) {
    flow.lender->client.close(now());
    (void)flow.lender->await<stun::turn::Released>(received);
  }
  return measured;
}

int run(int count, char** arguments) {
  if (count != 8) {
    std::fprintf(stderr,
                 "usage: bench_relay_load stun|alloc|relay|bulk SERVER:PORT USER PASSWORD PEER_IP "
                 "PID SECONDS\n");
    return 2;
  }
  Options options{.mode = arguments[1],
                  .server = parse_address(arguments[2]).value_or(Address{}),
                  .user = arguments[3],
                  .password = arguments[4],
                  .peer_ip = parse_ip(arguments[5]).value_or(Address{}),
                  .pid = arguments[6],
                  .seconds = std::atof(arguments[7])};
  crypto::OsRandom random;
  if (options.mode == "stun") print(options, load_stun(options));
  if (options.mode == "alloc") print(options, load_allocations(options, random));
  if (options.mode == "relay") print(options, load_relay(options, random, kClients, kWindow));
  if (options.mode == "bulk") print(options, load_relay(options, random, 1, kBulkWindow));
  return 0;
}

}  // namespace
}  // namespace glass

int main(int count, char** arguments) { return glass::run(count, arguments); }
