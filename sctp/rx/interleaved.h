// sctp/rx/interleaved.h - from I-DATA chunks to messages: many messages grow at once.
//
// A message has a number in its stream (MID) and a fragment one in its message (FSN), so TSNs say
// nothing of what belongs together. Gets each new chunk once, in any order.
// RFC 8260 §2.2.3 (reassembly), §2.3.1 (skipping), §2.3.2 (resetting).
// Tested by: rx/interleaved_test.cc
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "base/bytes.h"
#include "base/trace.h"
#include "sctp/blocks.h"
#include "sctp/chunks/data.h"
#include "sctp/chunks/forward_tsn.h"
#include "sctp/rx/inbox.h"
#include "sctp/rx/reassembly_error.h"
#include "sctp/stream_table.h"
#include "sctp/types.h"

namespace glass::sctp {

class Interleaved {
 public:
  // Messages of which a part is here, or that wait for their turn: as many as there can be TSNs
  // above a gap (DataTracker::kMaxAhead).
  static constexpr std::size_t kMaxGrowing = 65536;

  Interleaved(std::size_t max_message_size, Blocks& blocks, Inbox& inbox, const Trace& trace);

  // Complete messages go to the inbox, ordered ones when it is their turn.
  ReassemblyError receive(const DataChunk& chunk);
  // Do not wait for this message, nor for those before it.
  void skip(const SkippedStream& skipped);
  void reset(StreamId stream);
  void clear();

  // Bytes that wait here because something is missing.
  [[nodiscard]] std::size_t held() const { return held_; }

 private:
  struct Key {
    StreamId stream;
    bool unordered = false;
    std::uint32_t mid = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Piece {
    BlockId block = BlockId::kNone;
    bool end = false;
  };
  struct Growing {
    ByteVector bytes;            // of the fragments before next_fsn
    std::uint32_t next_fsn = 0;  // of the first that is missing
    std::size_t size = 0;        // with the early ones
    bool complete = false;
    Ppid ppid;
    std::map<std::uint32_t, Piece> early;  // by FSN
  };
  using Messages = std::map<Key, Growing>;

  ReassemblyError add(Growing& message, const DataChunk& chunk);
  void append(Growing& message, Bytes payload, bool end);
  void deliver(Messages::iterator message);
  void deliver_in_order(StreamId stream);
  Messages::iterator drop(Messages::iterator message);

  std::size_t max_message_size_;
  Blocks& blocks_;
  Inbox& inbox_;
  Trace trace_;
  Messages messages_;
  StreamTable<Mid> next_;  // the ordered message that comes next
  std::size_t held_ = 0;
};

}  // namespace glass::sctp
