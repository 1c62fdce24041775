// rtp/retransmission.h - packets that were sent, kept for those who ask for them again.
//
// One buffer per source. RFC 4585 §6.2.1 (NACK), RFC 4588 §7 (how much may be sent again).
// Tested by: tests/rtp/retransmission_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "base/trace.h"
#include "rtp/types.h"

namespace glass::rtp {

struct RetransmissionConfig {
  std::size_t packets = 1024;                  // a power of two; older ones are gone
  Duration age_max = std::chrono::seconds(2);  // nobody waits longer for a frame
  // RFC 4588 §7: retransmissions are part of the bit rate. Octets a second that may be sent again.
  std::size_t octets_per_second = 125'000;
};

class RetransmissionBuffer {
 public:
  RetransmissionBuffer(const RetransmissionConfig& config, Trace trace);

  // A packet goes out: a copy is kept. Steady sending allocates nothing.
  void store(Instant now, SequenceNumber sequence, Bytes packet);
  // Somebody misses a packet, `round_trip` away. nullopt: it is gone, was never sent, is on its way
  // again already, or there has been too much of it.
  std::optional<Bytes> request(Instant now, SequenceNumber sequence, Duration round_trip);

 private:
  struct Slot {
    bool is_used = false;
    SequenceNumber sequence;
    Instant sent_at{};
    Instant again_at{};  // when it was last sent again
    bool was_again = false;
    ByteVector bytes;
  };

  Slot& slot(SequenceNumber sequence) { return slots_[sequence.value() & (slots_.size() - 1)]; }
  void earn(Instant now);

  RetransmissionConfig config_;
  Trace trace_;
  std::vector<Slot> slots_;
  double budget_;
  Instant earned_at_{};
};

}  // namespace glass::rtp
