// bench/glass_side.cc - our whole stack over a UDP socket on loopback.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <variant>
#include <vector>

#include "base/address.h"
#include "bench/side.h"
#include "crypto/certificate.h"
#include "crypto/os_random.h"
#include "net/loop.h"
#include "net/udp.h"
#include "peer/peer.h"

namespace {
// One thread per process: a plain number will do.
std::uint64_t allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  void* made = std::malloc(size == 0 ? 1 : size);
  if (made == nullptr) std::abort();
  return made;
}
void operator delete(void* made) noexcept { std::free(made); }
void operator delete(void* made, std::size_t) noexcept { std::free(made); }

namespace glass::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration;

constexpr std::uint64_t kHighWater = 2UL * 1024 * 1024;
constexpr std::uint64_t kLowWater = 1UL * 1024 * 1024;

struct Station {
  Station()
      : identity(crypto::Identity::make("bench", loop.wall_seconds())),
        socket(*net::UdpSocket::open(*parse_address("127.0.0.1:0"))) {
    config.identity = &identity;
    config.allow_loopback = true;
  }
  net::Loop loop;
  crypto::OsRandom random;
  crypto::Identity identity;
  net::UdpSocket socket;
  peer::Config config;
};

std::string read_text(int fd) {
  std::string text(65536, '\0');
  text.resize(read_block(fd, text.data(), text.size()));
  return text;
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "bench: %s\n", what);
  std::_Exit(6);
}

}  // namespace

Outcome glass_receive(const Pipes& pipes) {
  Station station;
  peer::Peer peer(station.config, station.random, nullptr);
  Outcome outcome;
  Clock::time_point first;
  Clock::time_point last;
  bool done = false;
  std::uint64_t packets_at_first = 0;
  std::uint64_t allocations_at_first = 0;
  const auto id = station.loop.add(peer, station.socket, [&](peer::Peer::Event& event) {
    const auto* message = std::get_if<sctp::ChannelMessage>(&event);
    if (message == nullptr) return;
    last = Clock::now();
    if (outcome.messages == 0) first = last;
    // The buffers have found their size after the first second.
    if (packets_at_first == 0 && last - first > std::chrono::seconds(1)) {
      packets_at_first = station.socket.counters().received;
      allocations_at_first = allocations;
    }
    outcome.bytes += message->bytes.size();
    ++outcome.messages;
    done = message->kind == sctp::MessageKind::kText;
  });
  const Instant now = station.loop.now();
  require(peer.add_host(now, station.socket.local()).has_value(), "no host candidate");
  require(peer.set_remote(now, sdp::Type::kOffer, read_text(pipes.in)).has_value(), "bad offer");
  const auto answer = peer.create_answer(now);
  require(answer.has_value(), "no answer");
  write_block(pipes.out, answer->data(), answer->size());
  station.loop.poke(id);
  require(station.loop.run_until([&] { return done; }, std::chrono::seconds(120)), "no end");
  outcome.seconds = duration<double>(last - first).count();
  const std::uint64_t packets = station.socket.counters().received - packets_at_first;
  std::fprintf(stderr, "receiver: %.4f allocations per packet in steady state (%llu packets)\n",
               static_cast<double>(allocations - allocations_at_first) /
                   static_cast<double>(packets == 0 ? 1 : packets),
               static_cast<unsigned long long>(packets));
  return outcome;
}

double glass_send(const Pipes& pipes, const Job& job) {
  Station station;
  peer::Peer peer(station.config, station.random, nullptr);
  const ByteVector message(job.message_size, 'x');
  const Clock::time_point start = Clock::now();
  Clock::time_point connected;
  bool is_open = false;
  bool ended = false;
  bool closed = false;
  sctp::ChannelId channel;
  std::uint64_t packets_at_first = 0;
  std::uint64_t allocations_at_first = 0;
  const auto fill = [&] {
    const Instant now = station.loop.now();
    while (!ended && peer.buffered_amount(channel) < kHighWater) {
      const double elapsed = duration<double>(Clock::now() - connected).count();
      if (packets_at_first == 0 && elapsed > 1) {
        packets_at_first = station.socket.counters().sent;
        allocations_at_first = allocations;
      }
      ended = elapsed > job.seconds;
      const auto kind = ended ? sctp::MessageKind::kText : sctp::MessageKind::kBinary;
      if (!peer.send(now, channel, kind, message)) return;
    }
  };
  const auto id = station.loop.add(peer, station.socket, [&](peer::Peer::Event& event) {
    if (const auto* opened = std::get_if<sctp::ChannelOpened>(&event);
        opened != nullptr && !is_open) {
      is_open = true;
      connected = Clock::now();
      fill();
    }
    if (std::holds_alternative<sctp::BufferedAmountLow>(event)) fill();
    if (const auto* change = std::get_if<peer::StateChanged>(&event);
        change != nullptr && change->to != peer::State::kConnecting)
      closed = change->to != peer::State::kConnected;
  });
  const Instant now = station.loop.now();
  require(peer.add_host(now, station.socket.local()).has_value(), "no host candidate");
  const auto opened = peer.open(now, {.label = "bench"});
  require(opened.has_value(), "no channel");
  channel = *opened;
  peer.set_low_water(channel, kLowWater);
  const auto offer = peer.create_offer(now);
  require(offer.has_value(), "no offer");
  write_block(pipes.out, offer->data(), offer->size());
  require(peer.set_remote(now, sdp::Type::kAnswer, read_text(pipes.in)).has_value(), "bad answer");
  station.loop.poke(id);
  (void)station.loop.run_until(
      [&] { return closed || (ended && peer.buffered_amount(channel) == 0); },
      std::chrono::seconds(120));
  const std::uint64_t packets = station.socket.counters().sent - packets_at_first;
  const std::uint64_t steady = allocations - allocations_at_first;
  (void)station.loop.run_until([] { return false; }, std::chrono::milliseconds(500));
  std::fprintf(stderr, "sender: %.4f allocations per packet in steady state (%llu packets)\n",
               static_cast<double>(steady) / static_cast<double>(packets == 0 ? 1 : packets),
               static_cast<unsigned long long>(packets));
  return duration<double>(connected - start).count();
}

}  // namespace glass::bench
