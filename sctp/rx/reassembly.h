// sctp/rx/reassembly.h - from DATA chunks to messages, in the order of each stream.
//
// Gets each new chunk once, in any order. Without interleaving the fragments of a message have
// TSNs in a row (RFC 9260 §3.3.1), which gives two places and no more:
//
//   cumulative point
//         |
//   ......|##.###..##..       chunks above it wait in a ring, indexed by TSN
//   [partial]                 the one message that reaches across it grows in a buffer
//
// A whole message above the point does not wait for the gap unless its stream's order asks for it.
// RFC 9260 §6.5, §6.6, §6.9; RFC 3758 §3.6 (skipping); RFC 6525 §5.2.2 (resetting).
// Tested by: rx/reassembly_test.cc (against a naive model)
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/ring.h"
#include "base/trace.h"
#include "sctp/blocks.h"
#include "sctp/chunks/data.h"
#include "sctp/chunks/forward_tsn.h"
#include "sctp/rx/inbox.h"
#include "sctp/rx/interleaved.h"
#include "sctp/rx/reassembly_error.h"
#include "sctp/stream_table.h"
#include "sctp/types.h"

namespace glass::sctp {

class Reassembly {
 public:
  // Messages whose predecessors have not come although all TSNs before them have.
  static constexpr std::size_t kMaxParked = 1024;

  Reassembly(std::size_t max_message_size, Blocks& blocks, Inbox& inbox, const Trace& trace);

  void reset(Tsn initial);
  // I-DATA was agreed upon: messages grow in Interleaved, and only TSNs are followed here.
  void set_interleaving(bool agreed);

  // A chunk that DataTracker found new. Complete messages go to the inbox.
  ReassemblyError receive(const DataChunk& chunk);
  // A chunk that counts as received and is not delivered (RFC 9260 §6.5).
  ReassemblyError discard(Tsn tsn);
  // RFC 3758 §3.6: do not wait for anything up to `cumulative`.
  ReassemblyError skip_to(Tsn cumulative, const ForwardTsnChunk& chunk);
  // RFC 6525 §5.2.2: when all up to `last_tsn` has been seen, these streams (none: all) begin anew.
  // False: that is still to come, and is not forgotten.
  bool reset_streams(Tsn last_tsn, std::span<const StreamId> streams);
  [[nodiscard]] bool is_reset_pending() const { return pending_reset_.has_value(); }

  // Bytes that wait here because something is missing.
  [[nodiscard]] std::size_t held() const {
    return held_ + (interleaved_ == nullptr ? 0 : interleaved_->held());
  }
  // Forgets everything: the association is gone.
  void clear();

 private:
  struct Held {
    enum class State : std::uint8_t { kMissing, kHeld, kDelivered };
    State state = State::kMissing;
    bool unordered = false;
    bool begin = false;
    bool end = false;
    StreamId stream;
    Ssn ssn;
    Ppid ppid;
    BlockId block = BlockId::kNone;
    Tsn other_end;  // of the run of fragments that begins or ends here
  };
  struct InStream {
    Ssn next;                // the ordered message that comes next
    std::uint16_t held = 0;  // ordered first fragments that wait in the ring
  };
  struct Parked {
    StreamId stream;
    Ssn ssn;
    Ppid ppid;
    ByteVector bytes;
  };
  struct PendingReset {
    Tsn last_tsn;
    std::vector<StreamId> streams;
  };

  ReassemblyError take_next(const DataChunk& chunk);
  ReassemblyError append(const DataChunk& chunk);
  ReassemblyError deliver_ordered(const DataChunk& head, Bytes whole);
  void push(const DataChunk& head, Bytes whole);
  ReassemblyError park(const DataChunk& head, Bytes whole);
  void release_parked(StreamId stream, InStream& state);
  void release_parked_up_to(const SkippedStream& skipped);

  ReassemblyError hold(const DataChunk& chunk);
  [[nodiscard]] std::size_t index_of(Tsn tsn) const;
  [[nodiscard]] bool continues(std::size_t index) const;
  [[nodiscard]] bool is_whole(std::size_t first) const;
  ReassemblyError deliver_early(std::size_t first);
  ReassemblyError deliver_run(std::size_t first);
  ReassemblyError deliver_followers(StreamId stream);
  ReassemblyError step();
  ReassemblyError drain_front();
  void unhold(Held& held, Held::State state);
  void drop_partial();
  void apply_reset_at(Tsn tsn);
  void apply_reset();

  std::size_t max_message_size_;
  Blocks& blocks_;
  Inbox& inbox_;
  Trace trace_;

  Tsn next_;  // one above the cumulative point; ring_[0] is its chunk
  Ring<Held> ring_;
  StreamTable<InStream> streams_;
  std::vector<Parked> parked_;
  std::size_t held_ = 0;

  // The message across the cumulative point.
  bool assembling_ = false;
  bool skipping_ = false;  // its start was given up: what is left of it is dropped
  DataChunk head_;         // of its first fragment; the payload is not used
  ByteVector partial_;

  std::optional<PendingReset> pending_reset_;
  std::unique_ptr<Interleaved> interleaved_;
};

}  // namespace glass::sctp
