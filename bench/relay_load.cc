// relay_load.cc - the load for STUN and TURN servers: the same for ours and for any other.
//
//   bench_relay_load MODE SERVER:PORT USER PASSWORD PEER_IP PID SECONDS
//
// MODE: stun (binding requests), alloc (allocations, given back at once), relay (many clients, a
// few packets each under way, both directions), bulk (one client, bursts, both directions). Prints
// one line: how often the server did it per second, and how many microseconds of processor time of
// process PID each of it took. What is lost is made up for after kPatience.
#include <algorithm>
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
#include <sys/epoll.h>
#include <unistd.h>
#include <utility>
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
constexpr std::size_t kWindow = 4;      // packets of one client and direction, where many send
constexpr std::size_t kBurst = 40;      // packets of a bulk flow that leave at once
constexpr std::size_t kBulkWindow = 240;
constexpr Duration kPatience = 5ms;  // nothing came since: what is under way is lost

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

// When the round began: asking the clock for each packet would slow the load down.
Instant round_began;

// One direction of a flow.
struct Way {
  std::size_t under_way = 0;  // packets
  Instant heard = round_began;

  void hear() {
    under_way -= std::min<std::size_t>(under_way, 1);
    heard = round_began;
  }
  [[nodiscard]] bool has_room(std::size_t burst, std::size_t window) {
    if (round_began - heard > kPatience) *this = {};
    return under_way + burst <= window;
  }
};

// Which of many sockets have something, and now and then all of them: something may be lost.
class Readiness {
 public:
  Readiness() : handle_(epoll_create1(0)) {}
  ~Readiness() { close(handle_); }
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  void add(const net::UdpSocket& socket) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = count_++;
    epoll_ctl(handle_, EPOLL_CTL_ADD, socket.handle(), &event);
  }
  // Calls `work(index)`, by the order of add().
  template <class Work>
  void each(Work work) {
    round_began = now();
    if (round_began >= all_at_) {
      all_at_ = round_began + kPatience;
      for (std::size_t i = 0; i < count_; ++i) work(i);
      return;
    }
    const int ready = epoll_wait(handle_, events_.data(), static_cast<int>(events_.size()), 0);
    for (int i = 0; i < ready; ++i) work(events_[static_cast<std::size_t>(i)].data.u64);
  }

 private:
  int handle_;
  std::size_t count_ = 0;
  Instant all_at_;
  std::array<epoll_event, kClients> events_{};
};

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
  std::vector<Way> ways(kClients);
  Readiness readiness;
  for (const net::UdpSocket& socket : sockets) readiness.add(socket);
  return measure(options, [&] {
    std::uint64_t answers = 0;
    readiness.each([&](std::size_t i) {
      sockets[i].receive(received, [&](const Received&) {
        ++answers;
        ways[i].hear();
      });
      for (; ways[i].has_room(1, kStunWindow); ++ways[i].under_way) {
        stun::MessageBuilder(Writer(batch.slot()), stun::Class::kRequest, stun::Method::kBinding,
                             next_id());
        batch.commit({Transport::kUdp, sockets[i].local(), options.server});
      }
      (void)sockets[i].flush(batch);
    });
    return answers;
  });
}

// --- Allocations --------------------------------------------------------------------------------

// An address of loopback that no other run has used: servers remember a 5-tuple for a while, and
// refuse a new allocation on it (437).
Address fresh_ip() {
  static std::uint32_t count = 0;
  constexpr std::uint32_t kOfThisRun = 61;
  const auto run = static_cast<std::uint32_t>(getpid()) % 0x4000U;
  return Address::v4(0x7F010000U + (run << 6) + 1 + count++ % kOfThisRun, 0);
}

// A client on a socket of its own, driven by hand.
struct Lender {
  Lender(const Options& options, Random& random, bool segmentation)
      : socket(open_socket(fresh_ip(), segmentation)),
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
  std::uint64_t refused = 0;
  const auto step = [&](bool goes_on) {
    std::uint64_t made = 0;
    for (auto& lender : lenders) {
      if (lender == nullptr && !goes_on) continue;
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
        const bool failed = std::holds_alternative<stun::turn::AllocationFailed>(*event);
        over = over || failed || std::holds_alternative<stun::turn::Released>(*event);
        if (failed) ++refused;
      }
      lender->speak();
      if (over) lender.reset();
    }
    return made;
  };
  const Measured measured = measure(options, [&] { return step(true); });
  for (const auto end = Clock::now() + 300ms; Clock::now() < end;) (void)step(false);
  if (refused > 0) std::fprintf(stderr, "%ju allocations were refused\n", std::uintmax_t{refused});
  return measured;
}

// --- Relaying -----------------------------------------------------------------------------------

struct Flow {
  std::unique_ptr<Lender> lender;
  Address relayed;
  Way to_peer;
  Way to_client;
};

// Clients with a channel each to one peer; both ends keep a window of packets under way.
class RelayLoad {
 public:
  RelayLoad(const Options& options, Random& random, std::size_t clients, std::size_t window)
      : options_(options),
        random_(random),
        is_bulk_(clients == 1),
        window_(window),
        burst_(is_bulk_ ? kBurst : 1),
        peer_(open_socket(options.peer_ip.with_port(0), is_bulk_)),
        flows_(clients) {
    for (Flow& flow : flows_) {
      begin(flow);
      readiness_.add(flow.lender->socket);
    }
  }

  // How many packets have come through.
  std::uint64_t round() {
    came_ = 0;
    hear_peer();
    readiness_.each([&](std::size_t i) {
      hear_client(flows_[i]);
      speak(flows_[i]);
    });
    return came_;
  }
  void give_back() {
    for (const Flow& flow : flows_) {
      flow.lender->client.close(now());
      (void)flow.lender->await<stun::turn::Released>(received_);
    }
  }

 private:
  void begin(Flow& flow) {
    flow.lender = std::make_unique<Lender>(options_, random_, is_bulk_);
    flow.lender->client.allocate(now());
    const auto made = flow.lender->await<stun::turn::Allocated>(received_);
    flow.lender->client.bind_channel(now(), peer_.local());
    if (!made || !flow.lender->await<stun::turn::ChannelBound>(received_)) {
      std::fprintf(stderr, "no allocation or no channel\n");
      std::exit(1);
    }
    flow.relayed = made->relayed;
    of_relayed_[flow.relayed] = &flow;
  }
  void hear_peer() {
    const auto hear = [&](const Received& in) {
      const auto found = of_relayed_.find(in.path.remote);
      if (found == of_relayed_.end() || in.bytes.size() != kPayload) return;
      Flow& flow = *found->second;
      ++came_;
      flow.to_peer.hear();
      if (heard_.empty() || heard_.back() != &flow) heard_.push_back(&flow);
    };
    while (peer_.receive(received_, hear) == net::ReceiveBatch::kSlots) {
    }
    for (Flow* const flow : heard_) speak(*flow);
    heard_.clear();
  }
  void speak(Flow& flow) {
    while (flow.to_peer.has_room(burst_, window_)) send_to_peer(flow);
    while (flow.to_client.has_room(burst_, window_)) send_to_client(flow);
  }
  void hear_client(Flow& flow) {
    flow.lender->socket.receive(received_, [&](const Received& in) {
      if (in.bytes.size() != kPayload + kChannelHead) return;
      ++came_;
      flow.to_client.hear();
    });
  }
  void send_to_peer(Flow& flow) {
    for (std::size_t i = 0; i < burst_; ++i, ++flow.to_peer.under_way) {
      PacketBuffer& slot = batch_.slot();
      slot.assign(payload_);
      const auto path = flow.lender->client.wrap(now(), peer_.local(), slot);
      if (path) batch_.commit(*path);
    }
    (void)flow.lender->socket.flush(batch_);
  }
  void send_to_client(Flow& flow) {
    for (std::size_t i = 0; i < burst_; ++i, ++flow.to_client.under_way) {
      batch_.slot().assign(payload_);
      batch_.commit({Transport::kUdp, peer_.local(), flow.relayed});
    }
    (void)peer_.flush(batch_);
  }

  const Options& options_;
  Random& random_;
  bool is_bulk_;
  std::size_t window_;
  std::size_t burst_;
  net::UdpSocket peer_;
  net::ReceiveBatch received_;
  net::SendBatch batch_;
  Readiness readiness_;
  std::vector<Flow*> heard_;  // at the peer, in this round
  std::vector<Flow> flows_;
  std::map<Address, Flow*> of_relayed_;
  const ByteVector payload_ = ByteVector(kPayload, 7);
  std::uint64_t came_ = 0;
};

Measured load_relay(const Options& options, Random& random, std::size_t clients,
                    std::size_t window) {
  RelayLoad load(options, random, clients, window);
  const Measured measured = measure(options, [&] { return load.round(); });
  load.give_back();  // the next run may get the same ports
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
