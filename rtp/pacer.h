// rtp/pacer.h - when each packet may leave, so that a frame does not go out as one burst.
//
// A queue per kind of packet and a bucket that fills at the pace. Voice goes first, then what was
// lost, then pictures. Holds packets, knows nothing of their content. RFC 8834 leaves the pace to
// congestion control; here it is given.  Tested by: tests/rtp/pacer_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ring.h"
#include "base/slab.h"
#include "base/time.h"
#include "base/trace.h"

namespace glass::rtp {

enum class PacketKind : std::uint8_t { kAudio, kRetransmission, kVideo };
inline constexpr std::size_t kPacketKinds = 3;

struct PacerConfig {
  std::uint64_t bits_per_second = 2'500'000;
  Duration burst = std::chrono::milliseconds(5);  // what may leave at once after a pause
  std::size_t packets_max = 2048;                 // of each kind; more than that is refused
  // Nobody wants a packet that has waited so long; the pace rises until the queue is shorter.
  Duration queue_max = std::chrono::seconds(2);
};

class Pacer {
 public:
  static constexpr std::size_t kPacketMax = 1500;

  Pacer(const PacerConfig& config, Trace trace);

  void set_pace(std::uint64_t bits_per_second) { config_.bits_per_second = bits_per_second; }
  // A copy of the packet waits for its turn. False: the queue is full, or the packet too large.
  [[nodiscard]] bool push(Instant now, PacketKind kind, Bytes packet);
  // The packet that may leave now; a view until the next call of anything here.
  std::optional<Bytes> pop(Instant now);
  // When the next one may leave; kNever: nothing waits.
  [[nodiscard]] Instant next_time() const;
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] std::size_t octets() const { return octets_; }

 private:
  struct Entry {
    std::uint32_t block = 0;
    Instant since{};
  };

  [[nodiscard]] double octets_per_second() const;
  void earn(Instant now);

  PacerConfig config_;
  Trace trace_;
  Slab blocks_;
  std::array<Ring<Entry>, kPacketKinds> queues_;
  std::size_t waiting_ = 0;
  std::size_t octets_ = 0;
  double credit_ = 0;  // octets; below zero: the last packet was larger than what was there
  Instant earned_at_{};
  std::optional<std::uint32_t> lent_;  // of the packet that pop() gave out last
};

}  // namespace glass::rtp
