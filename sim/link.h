// sim/link.h - what a stretch of network does to datagrams: delay, lose, repeat, hold back.
//
// A Pipe is one direction of one stretch. It knows sizes and instants only: no addresses, no bytes.
// Its dice are its own, so that changing one link leaves the fate of packets on others alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "base/address.h"
#include "base/random.h"
#include "base/time.h"

namespace glass::sim {

// A probability in whole millionths: the same on every compiler.
struct Chance {
  std::uint32_t per_million = 0;
  friend constexpr bool operator==(const Chance&, const Chance&) = default;
};
constexpr Chance percent(std::uint32_t whole) { return {whole * 10'000}; }
inline constexpr Chance kAlways{1'000'000};

// Rolls the dice only where the outcome is open.
bool happens(Chance chance, Random& dice);

// The model of Gilbert and Elliott: a link is good or bad, and changes between packets. A burst
// lasts 1 / to_good packets on average.
struct Bursts {
  Chance to_bad{};
  Chance to_good = kAlways;
  Chance lost_while_good{};
  Chance lost_while_bad = kAlways;
};

inline constexpr std::size_t kDefaultQueueBytes = 65'536;

// One direction of a stretch of network. The default does nothing at all.
struct Impairment {
  Duration delay{};                   // how long a datagram travels
  Duration jitter{};                  // up to so much longer, evenly distributed; order is kept
  Chance loss{};                      // each datagram by itself
  Bursts bursts{};                    // losses that come together
  Chance duplicate{};                 // arrives twice, the second time with a jitter of its own
  Chance reorder{};                   // is held back, so that later ones pass it
  Duration reorder_delay{};           // for so long
  std::uint64_t bits_per_second = 0;  // 0: as fast as light
  std::size_t queue_bytes = kDefaultQueueBytes;  // waiting and leaving; the tail is dropped
  std::size_t mtu = 0;                           // largest IP packet that passes; 0: any
};

// What a payload measures as an IP packet: UDP header and the IP header of its family with it.
std::size_t ip_packet_size(const Address& address, std::size_t payload);

// May a packet be cut in two where it is too big? What TCP carries may.
enum class Split : std::uint8_t { kNo, kYes };

class Pipe {
 public:
  explicit Pipe(std::uint64_t seed) : dice_(seed) {}

  // Takes effect for the next datagram; those under way arrive as they would have.
  void set(const Impairment& impairment) { impairment_ = impairment; }

  struct Passage {
    std::string_view dropped;       // why; empty: it passes
    Instant arrival;                // when it leaves the far end
    std::optional<Instant> repeat;  // when its duplicate does
  };
  // A datagram of `size` bytes, IP header included, enters now. Instants must not go back.
  Passage pass(Instant now, std::size_t size, Split split = Split::kNo);

 private:
  // When the last bit has left; nullopt: the queue is full.
  std::optional<Instant> transmit(Instant now, std::size_t size);
  bool lose();
  Instant travel(Instant departure);

  struct Waiting {
    Instant gone;
    std::size_t size;
  };
  Impairment impairment_;
  SeededRandom dice_;
  bool bad_ = false;           // the state of the bursts
  Instant latest_{};           // no datagram in order arrives before this
  std::deque<Waiting> queue_;  // front leaves first
  std::size_t queued_ = 0;
};

}  // namespace glass::sim
