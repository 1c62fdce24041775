// sctp/tx/send_queue.h - messages from send() to the last acknowledgement of their last fragment.
//
// Cuts messages into fragments when they are given, hands fragments out in the order of the
// scheduler, and keeps the record of each message while Outstanding has fragments of it. Knows
// neither TSNs nor congestion. RFC 9260 §6.1, §6.9 (fragments), §6.5 (SSN); RFC 3758 §4.1 (TR
// rules). Tested by: tx/send_queue_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "base/trace.h"
#include "sctp/blocks.h"
#include "sctp/config.h"
#include "sctp/rx/inbox.h"
#include "sctp/stream_table.h"
#include "sctp/tx/scheduler.h"
#include "sctp/types.h"

namespace glass::sctp {

enum class MessageId : std::uint32_t { kNone = 0xffffffff };

// One piece of a message, on its way into a DATA chunk.
struct Fragment {
  MessageId message = MessageId::kNone;
  BlockId block = BlockId::kNone;
  StreamId stream;
  Ssn ssn;
  Ppid ppid;
  bool unordered = false;
  bool begin = false;
  bool end = false;
  Mid mid{};
  std::uint32_t fsn = 0;
};

struct SendQueueConfig {
  std::size_t fragment_size = 0;
  std::size_t limit = 0;
  Scheduling scheduling = Scheduling::kWeightedFair;
};

class SendQueue {
 public:
  // What a message costs beside its bytes: without it, empty ones would be free.
  static constexpr std::size_t kMessageCost = 64;

  SendQueue(const SendQueueConfig& config, Blocks& blocks, Inbox& inbox, const Trace& trace);

  // RFC 8260: whose turn it is is asked after each fragment, not only after each message.
  void set_interleaving(bool agreed) { interleaved_ = agreed; }

  Result<void, SendError> push(Instant now, const SendOptions& options, Bytes message);

  // The size of the fragment that pop() would give; nullopt: nothing may be sent. Messages whose
  // time is over are dropped on the way.
  std::optional<std::size_t> next_size(Instant now);
  // After next_size() said that there is one. The block stays the queue's until finish().
  Fragment pop();
  [[nodiscard]] bool empty() const { return waiting_messages_ == 0; }

  // The message that has begun and not ended, if its time is over.
  [[nodiscard]] MessageId expired_in_the_middle(Instant now);

  // One fragment of the message was acknowledged or given up.
  void finish(MessageId message, BlockId block);
  [[nodiscard]] std::uint32_t max_retransmits(MessageId message) const;
  [[nodiscard]] bool has_expired(MessageId message, Instant now) const;
  // RFC 3758 §3.5 A3: forgets the fragments of the message that were not sent. If there were any,
  // its end must still get a TSN: a fragment without bytes.
  std::optional<Fragment> drop_rest(MessageId message);

  [[nodiscard]] std::uint64_t buffered(StreamId stream) const;
  void set_low_water(StreamId stream, std::uint64_t amount);
  void set_priority(StreamId stream, std::uint16_t priority);
  // Nothing of the stream waits or is under way.
  [[nodiscard]] bool is_idle(StreamId stream) const;
  // RFC 6525 §5.1.2 A1: gives no fragments of the stream out any more.
  void pause(StreamId stream);
  // RFC 6525 §5.2.7 H4: goes on, with SSN 0 if the reset was made.
  void resume(StreamId stream, bool restart_ssn);
  // Drops what is queued for streams from `count` on: the peer has no more.
  void limit_streams(std::uint32_t count);
  void clear();
  // RFC 9260 §5.2.4: the peer restarted. All streams begin at SSN 0, waiting messages stay.
  void restart();

 private:
  struct OutMessage {
    StreamId stream;
    Ppid ppid;
    Ssn ssn;
    bool unordered = false;
    bool started = false;
    bool counted = true;
    std::uint32_t max_retransmits = Reliability::kUnlimited;
    Instant deadline = kNever;
    std::uint32_t size = 0;
    BlockId first_unsent = BlockId::kNone;
    std::uint32_t under_way = 0;  // fragments in Outstanding
    std::uint64_t arrival = 0;    // the how manieth
    Mid mid{};
    std::uint32_t next_fsn = 0;
    MessageId next = MessageId::kNone;
  };
  struct OutStream {
    MessageId head = MessageId::kNone;
    MessageId tail = MessageId::kNone;
    Ssn next_ssn;
    Mid next_mid{};            // of ordered messages
    Mid next_unordered_mid{};  // and of the others
    std::uint64_t buffered = 0;
    std::uint64_t low_water = 0;
    std::uint64_t finish = 0;      // the scheduler's
    std::uint32_t under_way = 0;   // messages that have begun and not ended
    std::uint16_t priority = 256;  // RFC 8831 §6.4: "normal"
    bool scheduled = false;
    bool paused = false;
  };

  OutMessage& at(MessageId id) { return messages_[static_cast<std::uint32_t>(id)]; }
  [[nodiscard]] const OutMessage& at(MessageId id) const {
    return messages_[static_cast<std::uint32_t>(id)];
  }
  MessageId allocate();
  void free(MessageId id);
  BlockId cut(Bytes message);
  void schedule(StreamId stream);
  MessageId take_head(OutStream& stream);
  void begin_sending(OutMessage& message, OutStream& stream);
  void unlink_current(MessageId id);
  void forget_unsent(OutMessage& message, bool tell);
  void drop_unsent(MessageId id, bool tell);
  void reduce_buffered(const OutMessage& message, std::size_t amount, bool tell);

  SendQueueConfig config_;
  Blocks& blocks_;
  Inbox& inbox_;
  Trace trace_;
  std::vector<OutMessage> messages_;
  MessageId free_ = MessageId::kNone;
  StreamTable<OutStream> streams_;
  Scheduler scheduler_;
  // Begun, to be finished before another. Interleaved: whose next fragment is next; it stays at the
  // head of its stream until its end.
  MessageId current_ = MessageId::kNone;
  bool interleaved_ = false;
  std::uint64_t arrivals_ = 0;
  std::size_t waiting_messages_ = 0;  // with fragments that were not given out
  std::size_t used_ = 0;              // bytes and costs, sent ones included
};

}  // namespace glass::sctp
