// sctp/rx/inbox.h - events in their order, and the bytes of those that are messages.
//
// What was delivered and not yet polled counts against the receive window. The bytes of the last
// event stay until release(): that is how views in events keep their promise.
// Tested by: rx/reassembly_test.cc, association tests
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/ring.h"
#include "sctp/blocks.h"
#include "sctp/config.h"
#include "sctp/types.h"

namespace glass::sctp {

// A whole user message. The bytes are valid until the next receive() or poll_event().
struct Message {
  StreamId stream;
  Ppid ppid;
  Order order = Order::kOrdered;
  Bytes bytes;
};
// The peer reset its end of the stream: all it ever sent on it was delivered before this.
struct IncomingReset {
  StreamId stream;
  bool all_streams = false;  // `stream` says nothing then
};
// Our end of the stream starts anew, or the peer would not have it.
struct OutgoingReset {
  StreamId stream;
  bool is_done = true;
};
struct BufferedLow {
  StreamId stream;
};
// RFC 9260 §5.2.4: the peer lost its state and began again. What was unacknowledged is lost.
struct Restarted {};

using AssociationEvent =
    std::variant<Connected, Message, IncomingReset, OutgoingReset, BufferedLow, Restarted, Closed>;

class Inbox {
 public:
  explicit Inbox(Blocks& blocks) : blocks_(blocks) {}

  // Of a message: who sent what, without the bytes.
  struct Label {
    StreamId stream;
    Ppid ppid;
    Order order = Order::kOrdered;
  };
  void push(AssociationEvent event) { events_.push_back({.event = std::move(event)}); }
  // A message in one chunk: copied into a block.
  void push_message(const Label& label, Bytes bytes) {
    waiting_ += bytes.size();
    events_.push_back({.event = message(label), .block = blocks_.store(bytes)});
  }
  // A message that was put together in a buffer of take_buffer().
  void push_message(const Label& label, ByteVector buffer) {
    waiting_ += buffer.size();
    events_.push_back({.event = message(label), .buffer = std::move(buffer)});
  }

  [[nodiscard]] ByteVector take_buffer() {
    if (spare_.empty()) return {};
    ByteVector buffer = std::move(spare_.back());
    spare_.pop_back();
    return buffer;
  }
  void give_buffer(ByteVector buffer) {
    if (spare_.size() == kSpareBuffers || buffer.capacity() > kSpareCapacity) return;
    buffer.clear();
    spare_.push_back(std::move(buffer));
  }

  // Bytes of messages that nobody has seen yet.
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] bool empty() const { return events_.empty(); }

  std::optional<AssociationEvent> pop() {
    release();
    if (events_.empty()) return std::nullopt;
    given_ = std::move(events_.front());
    events_.pop_front();
    if (auto* message = std::get_if<Message>(&given_.event)) {
      message->bytes = given_.block == BlockId::kNone ? Bytes(given_.buffer)
                                                      : Bytes(blocks_.bytes(given_.block));
      waiting_ -= message->bytes.size();
      return *message;
    }
    return std::move(given_.event);
  }
  // The bytes of the event that pop() gave last are gone.
  void release() {
    if (given_.block != BlockId::kNone) blocks_.release(given_.block);
    given_.block = BlockId::kNone;
    if (given_.buffer.capacity() > 0) give_buffer(std::move(given_.buffer));
    given_.buffer = {};
  }

 private:
  // Buffers kept for the next message, and how large one may be to be worth keeping.
  static constexpr std::size_t kSpareBuffers = 8;
  static constexpr std::size_t kSpareCapacity = 1024 * 1024;

  struct Entry {
    AssociationEvent event;
    BlockId block = BlockId::kNone;
    ByteVector buffer{};
  };
  static Message message(const Label& label) {
    return {.stream = label.stream, .ppid = label.ppid, .order = label.order, .bytes = {}};
  }

  Blocks& blocks_;
  Ring<Entry> events_;
  Entry given_;
  std::vector<ByteVector> spare_;
  std::size_t waiting_ = 0;
};

}  // namespace glass::sctp
