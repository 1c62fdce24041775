// rtp/jitter_buffer.h - packets of one source in the order they were sent, with a bound on waiting.
//
// What comes out of order is held until what is before it has come, or has been waited for long
// enough. Knows sequence numbers and time, no formats: what makes a frame is in payload/.
// RFC 3550 §5.1 (the sequence number).  Tested by: tests/rtp/jitter_buffer_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "base/trace.h"
#include "rtp/packet.h"

namespace glass::rtp {

struct JitterConfig {
  std::size_t packets = 512;  // a power of two
  // How long a hole is waited for: a round trip for a NACK and its answer, and some more.
  Duration wait = std::chrono::milliseconds(150);
};

enum class Inserted : std::uint8_t {
  kHeld,
  kDuplicate,  // is there already
  kLate,       // its turn is over: it was given out, or given up
  kRestart,    // so far ahead that everything before it was given up
};

// What comes out: a packet, or how many were given up in its place.
struct InOrder {
  std::uint16_t lost = 0;  // packets missing right before this one
  Packet packet;           // a view until the next insert()
};

class JitterBuffer {
 public:
  JitterBuffer(const JitterConfig& config, Trace trace);

  // A copy of `datagram`, a whole packet that was parsed before, is held.
  Inserted insert(Instant now, SequenceNumber sequence, Bytes datagram);
  // The next packet in order; nullopt: it has not come, and is still waited for.
  std::optional<InOrder> pop(Instant now);
  // When a hole will be given up; kNever: none is waited for.
  [[nodiscard]] Instant next_time() const;
  [[nodiscard]] std::size_t held() const { return held_; }

 private:
  struct Slot {
    bool is_used = false;
    SequenceNumber sequence;
    Instant arrived_at{};
    ByteVector bytes;
  };

  Slot& slot(SequenceNumber sequence) { return slots_[sequence.value() & (slots_.size() - 1)]; }
  const Slot& slot(SequenceNumber sequence) const {
    return slots_[sequence.value() & (slots_.size() - 1)];
  }
  // The first packet that is held, from next_ on; the buffer is not empty.
  [[nodiscard]] SequenceNumber first_held() const;

  JitterConfig config_;
  Trace trace_;
  std::vector<Slot> slots_;
  bool is_begun_ = false;
  SequenceNumber next_;
  std::size_t held_ = 0;
  std::uint16_t lost_ = 0;  // given up in front of next_
};

}  // namespace glass::rtp
