// bench/sctp_virtual.cc - how much of a bottleneck data channels reach, in virtual time.
//
// Associations share one bottleneck of a network that exists in memory only: rate, delay, queue and
// random loss are exact, the machine's speed plays no part, and equal arguments give equal figures.
//
//   sctp_virtual rate=100 rtt=20,50 loss=0,0.1 queue=0.25,1 flows=cubic
//   sctp_virtual rate=100 rtt=50 loss=0 queue=1 flows=cubic,newreno seconds=120
//
// Prints a row for each combination: rate, round trip, queue, loss; the share of each flow; all of
// them in the worst second; for one flow, what the window law alone would reach under independent
// losses, and the formula for losses at equal distances.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "sctp/association.h"
#include "sim/world.h"

namespace glass::bench {
namespace {

using namespace std::chrono_literals;
using sctp::CongestionAlgorithm;

constexpr std::size_t kFragment = sctp::kDefaultPacketSize - 28;   // user bytes of a full packet
constexpr std::size_t kOnTheWire = sctp::kDefaultPacketSize + 28;  // with UDP and IPv4
constexpr std::size_t kMessage = 57 * kFragment;                   // whole packets, about 64 KiB

struct Path {
  double megabits = 100;
  double rtt_ms = 50;
  double loss_percent = 0;
  double queue = 1;  // of what the path holds
  double seconds = 60;
  std::uint64_t seed = 1;
  std::vector<std::string> flows{"cubic"};
};

// The associations of one side, told apart by their UDP ports.
class Side {
 public:
  using Event = std::pair<std::size_t, sctp::Association::Event>;

  Side(const char* address, const char* peer) : address_(address), peer_(peer) {}

  void add(const sctp::Config& config, std::uint64_t seed) {
    const std::string port = std::to_string(5000 + ends_.size());
    ends_.push_back(std::make_unique<End>(config, seed));
    ends_.back()->path = {.local = *parse_address(std::string(address_) + ":" + port),
                          .remote = *parse_address(std::string(peer_) + ":" + port)};
  }
  sctp::Association& operator[](std::size_t index) { return ends_[index]->association; }
  [[nodiscard]] std::size_t size() const { return ends_.size(); }

  void receive(Instant now, const Received& in) {
    const std::size_t index = in.path.local.port - 5000U;
    if (index < ends_.size()) ends_[index]->association.receive(now, in.bytes);
  }
  void on_time(Instant now) {
    for (const auto& end : ends_)
      if (end->association.next_time() <= now) end->association.on_time(now);
  }
  [[nodiscard]] Instant next_time() const {
    Instant next = kNever;
    for (const auto& end : ends_) next = std::min(next, end->association.next_time());
    return next;
  }
  std::optional<glass::Path> poll_transmit(Instant now, PacketBuffer& out) {
    for (const auto& end : ends_)
      if (end->association.poll_transmit(now, out)) return end->path;
    return std::nullopt;
  }
  std::optional<Event> poll_event() {
    for (std::size_t i = 0; i < ends_.size(); ++i)
      if (auto event = ends_[i]->association.poll_event()) return Event{i, std::move(*event)};
    return std::nullopt;
  }

 private:
  struct End {
    End(const sctp::Config& config, std::uint64_t seed)
        : dice(seed), association(config, dice, Trace()) {}
    SeededRandom dice;
    sctp::Association association;
    glass::Path path;
  };
  const char* address_;
  const char* peer_;
  std::vector<std::unique_ptr<End>> ends_;
};

sctp::Config config_of(std::string_view name) {
  sctp::Config config;
  config.send_buffer = 256 * sctp::kMebibyte;
  if (name.ends_with("+time")) {
    config.loss_detection = sctp::LossDetection::kTime;
    name.remove_suffix(5);
  }
  config.congestion = name == "newreno" ? CongestionAlgorithm::kNewReno
                      : name == "model" ? CongestionAlgorithm::kModel
                                        : CongestionAlgorithm::kCubic;
  return config;
}

struct Result {
  std::vector<double> shares;  // of the bottleneck, per flow, after the first fifth of the time
  double worst_second = 1;     // the share of all flows together in their worst second after that
};

Result run(const Path& path) {
  sim::World world(path.seed);
  Side senders("192.0.2.1", "192.0.2.2");
  Side receivers("192.0.2.2", "192.0.2.1");
  for (std::size_t i = 0; i < path.flows.size(); ++i) {
    senders.add(config_of(path.flows[i]), path.seed * 100 + 2 * i);
    receivers.add(config_of(path.flows[i]), path.seed * 100 + 2 * i + 1);
  }
  const ByteVector message(kMessage, 'x');
  const auto fill = [&](std::size_t i) {
    const sctp::SendOptions options{.stream = sctp::StreamId{1}, .ppid = sctp::Ppid{53}};
    while (senders[i].buffered_amount(options.stream) < 64 * kMessage)
      if (!senders[i].send(world.now(), options, message)) break;
  };
  std::vector<std::uint64_t> received(path.flows.size());
  const auto sender =
      world.host("sender", senders, *parse_address("192.0.2.1:0"), [&](Side::Event& event) {
        if (std::holds_alternative<sctp::BufferedLow>(event.second) ||
            std::holds_alternative<sctp::Connected>(event.second))
          fill(event.first);
        if (std::holds_alternative<sctp::Closed>(event.second)) std::fprintf(stderr, "closed\n");
      });
  world.host("receiver", receivers, *parse_address("192.0.2.2:0"), [&](Side::Event& event) {
    if (const auto* arrived = std::get_if<sctp::Message>(&event.second))
      received[event.first] += arrived->bytes.size();
  });
  const double bits = path.megabits * 1e6;
  const double holds = bits / 8 * path.rtt_ms / 1e3;
  const Duration one_way{static_cast<Duration::rep>(path.rtt_ms / 2 * 1e6)};
  world.uplink(sender,
               {.delay = one_way,
                .loss = {static_cast<std::uint32_t>(std::lround(path.loss_percent * 1e4))},
                .bits_per_second = static_cast<std::uint64_t>(bits),
                .queue_bytes = static_cast<std::size_t>(path.queue * holds)},
               {.delay = one_way});
  for (std::size_t i = 0; i < senders.size(); ++i) {
    senders[i].set_low_water(sctp::StreamId{1}, 32 * kMessage);
    // Not all in one instant: equal flows in step would be lucky or unlucky together.
    world.at(world.now() + i * 137ms, [&, i](sim::World& w) {
      senders[i].connect(w.now());
      w.poke(sender);
    });
  }
  const double capacity = bits / 8 * kFragment / kOnTheWire;  // user bytes per second
  const auto warm_up = static_cast<std::uint64_t>(path.seconds / 5);
  const auto end = static_cast<std::uint64_t>(path.seconds);
  Result result;
  std::vector<std::uint64_t> at_start(path.flows.size());
  std::uint64_t before = 0;
  for (std::uint64_t second = 1; second <= end; ++second) {
    world.run_for(1s);
    std::uint64_t total = 0;
    for (const std::uint64_t bytes : received) total += bytes;
    if (second > warm_up)
      result.worst_second =
          std::min(result.worst_second, static_cast<double>(total - before) / capacity);
    if (second == warm_up) at_start = received;
    before = total;
    if (std::getenv("SCTP_VIRTUAL_VERBOSE") != nullptr)
      std::fprintf(stderr, "%3llu s: cwnd %zu flight %zu srtt %.1f ms total %llu\n",
                   static_cast<unsigned long long>(second), senders[0].cwnd(), senders[0].flight(),
                   std::chrono::duration<double>(senders[0].round_trip()).count() * 1e3,
                   static_cast<unsigned long long>(total));
  }
  for (std::size_t i = 0; i < received.size(); ++i)
    result.shares.push_back(static_cast<double>(received[i] - at_start[i]) /
                            (capacity * static_cast<double>(end - warm_up)));
  return result;
}

// --- What theory says of one flow ---

// The window in packets where losses come once in 1/p packets. NewReno: Mathis et al. 1997. CUBIC:
// RFC 9438 §5.1, the larger of its own and the one of its NewReno friend.
double window_of(std::string_view control, double p, double rtt) {
  const double reno = std::sqrt(1.5 / p);
  if (control != "cubic") return reno;
  const double cubic = std::pow(0.4 * 3.7 / 1.2, 0.25) * std::pow(rtt / p, 0.75);
  return std::max(reno, cubic);
}

// The share where losses are independent of each other, which the formulas do not have: the window
// law of the RFC by itself, packet by packet, over a bottleneck without a network around it. One
// reaction and no growth in the round trip after a loss.
double ideal(const Path& path, std::string_view control) {
  const bool is_cubic = control == "cubic";
  const double beta = is_cubic ? 0.7 : 0.5;
  const double rtt = path.rtt_ms / 1e3;
  const double holds = path.megabits * 1e6 / 8 * rtt / kOnTheWire;
  const double limit = holds * (1 + path.queue);
  SeededRandom dice(7);
  const auto chance = static_cast<std::uint32_t>(path.loss_percent * 1e4);
  constexpr std::uint64_t kPackets = 20'000'000;
  double window = limit / 2;
  double time = 0;
  double w_max = limit;
  double w_est = window;
  double prior = limit;
  double k = std::cbrt((w_max - window) / 0.4);
  double epoch = 0;
  double quiet = 0;  // packets of the round trip after a loss
  for (std::uint64_t i = 0; i < kPackets; ++i) {
    const double round = std::max(rtt, window / holds * rtt);
    time += round / window;
    if (quiet > 0) {
      if (--quiet <= 0) epoch = time;
      continue;
    }
    if (window >= limit || dice.below(1'000'000) < chance) {
      prior = window;
      w_max = window < w_max ? window * (1 + beta) / 2 : window;
      window = std::max(window * beta, 4.0);
      k = std::cbrt(std::max(w_max - window, 0.0) / 0.4);
      w_est = quiet = window;
      continue;
    }
    if (!is_cubic) {
      window += 1 / window;
      continue;
    }
    w_est += (w_est < prior ? 3 * (1 - beta) / (1 + beta) : 1.0) / window;
    const auto curve = [&](double t) { return 0.4 * (t - k) * (t - k) * (t - k) + w_max; };
    if (curve(time - epoch) < w_est) {
      window = std::max(window, w_est);
    } else {
      const double target = std::clamp(curve(time - epoch + round), window, 1.5 * window);
      window += (target - window) / window;
    }
  }
  return static_cast<double>(kPackets) / time / (holds / rtt);
}

double default_seconds(const Path& path) {
  // At most three million packets, at least half a minute; without random loss at least ten times
  // what CUBIC takes from one loss to the next (RFC 9438 §4.2), which is what it does all day.
  const double packets_per_second = path.megabits * 1e6 / 8 / kOnTheWire;
  const double window = packets_per_second * path.rtt_ms / 1e3 * (1 + path.queue);
  const double epochs = path.loss_percent > 0 ? 0 : 10 * std::cbrt(window * 0.3 / 0.4);
  return std::clamp(std::max(3e6 / packets_per_second, epochs), 30.0, 200.0);
}

void print_row(const Path& path) {
  const Result result = run(path);
  std::printf("| %g | %g | %g | %g |", path.megabits, path.rtt_ms, path.queue, path.loss_percent);
  for (const double share : result.shares) std::printf(" %.1f |", share * 100);
  std::printf(" %.1f |", result.worst_second * 100);
  const std::string& control = path.flows.front();
  if (path.flows.size() == 1 && (control == "newreno" || control == "cubic")) {
    const double rtt = path.rtt_ms / 1e3;
    const double holds = path.megabits * 1e6 / 8 * rtt / kOnTheWire;
    std::printf(" %.1f |", ideal(path, control) * 100);
    if (path.loss_percent > 0)
      std::printf(" %.1f |",
                  std::min(1.0, window_of(control, path.loss_percent / 100, rtt) / holds) * 100);
    else
      std::printf(" |");
  }
  std::printf("\n");
  std::fflush(stdout);
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    parts.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return parts;
}

std::vector<double> numbers(const std::string& text) {
  std::vector<double> values;
  for (const std::string& part : split(text)) values.push_back(std::strtod(part.c_str(), nullptr));
  return values;
}

}  // namespace
}  // namespace glass::bench

// Each argument is NAME=VALUE, or NAME=VALUE,VALUE: all combinations are run.
int main(int argc, char** argv) {
  using namespace glass::bench;
  std::map<std::string, std::string> given{
      {"rate",    "100"  },
      {"rtt",     "50"   },
      {"loss",    "0"    },
      {"queue",   "1"    },
      {"flows",   "cubic"},
      {"seconds", "0"    },
      {"seed",    "1"    }
  };
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t equals = std::min(argument.find('='), argument.size());
    if (!given.contains(argument.substr(0, equals))) {
      std::fprintf(stderr,
                   "rate=Mbit/s rtt=ms loss=%% queue=BDPs flows=NAME,NAME seconds= seed=\n");
      return 2;
    }
    given[argument.substr(0, equals)] = argument.substr(std::min(equals + 1, argument.size()));
  }
  for (const double megabits : numbers(given["rate"]))
    for (const double rtt : numbers(given["rtt"]))
      for (const double queue : numbers(given["queue"]))
        for (const double loss : numbers(given["loss"])) {
          Path path{.megabits = megabits,
                    .rtt_ms = rtt,
                    .loss_percent = loss,
                    .queue = queue,
                    .seconds = std::strtod(given["seconds"].c_str(), nullptr),
                    .seed = std::strtoull(given["seed"].c_str(), nullptr, 10),
                    .flows = split(given["flows"])};
          if (path.seconds <= 0) path.seconds = default_seconds(path);
          print_row(path);
        }
  return 0;
}
