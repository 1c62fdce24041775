// rtp/nack.h - which packets of a source are missing, and when to ask for them.
//
// RFC 4585 §6.2.1, RFC 4588 §6.3. A gap is asked about at once, then once a round trip while it
// still helps.  Tested by: tests/rtp/nack_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "base/trace.h"
#include "rtp/types.h"

namespace glass::rtp {

struct NackConfig {
  std::size_t missing_max = 256;  // more than that is no gap: a key frame is cheaper
  std::uint16_t reach = 1000;     // packets that a missing one may be behind
  unsigned asks_max = 10;
  Duration age_max = std::chrono::seconds(1);
  Duration ask_again_min = std::chrono::milliseconds(20);  // where the round trip is not known
};

class NackGenerator {
 public:
  NackGenerator(const NackConfig& config, Trace trace);

  void set_round_trip(Duration round_trip) { round_trip_ = round_trip; }
  // A packet has come, by itself or in a retransmission.
  void receive(Instant now, SequenceNumber sequence);
  // What to ask for now, in order; a view until the next call of anything here.
  std::span<const SequenceNumber> due(Instant now);
  // When something is due; kNever: nothing is missing.
  [[nodiscard]] Instant next_time() const;
  // So much is missing, or given up, that only a key frame helps. Cleared by reading.
  bool take_key_frame_needed();
  [[nodiscard]] bool is_missing(SequenceNumber sequence) const;
  [[nodiscard]] std::size_t missing() const { return missing_.size(); }

 private:
  struct Missing {
    SequenceNumber sequence;
    Instant since{};
    Instant ask_at{};
    unsigned asked = 0;
  };

  void give_up(std::size_t count);

  NackConfig config_;
  Trace trace_;
  Duration round_trip_{};
  bool is_begun_ = false;
  SequenceNumber highest_;
  bool needs_key_frame_ = false;
  std::vector<Missing> missing_;  // in order of sequence
  std::vector<SequenceNumber> asked_;
};

}  // namespace glass::rtp
