// sctp/tx/send_queue.cc - messages from send() to their last acknowledgement.
#include "sctp/tx/send_queue.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "sctp/blocks.h"
#include "sctp/config.h"
#include "sctp/rx/inbox.h"
#include "sctp/types.h"

namespace glass::sctp {

SendQueue::SendQueue(const SendQueueConfig& config, Blocks& blocks, Inbox& inbox,
                     const Trace& trace)
    : config_(config), blocks_(blocks), inbox_(inbox), trace_(trace) {}

Result<void, SendError> SendQueue::push(Instant now, const SendOptions& options, Bytes message) {
  CHECK(!message.empty());
  const std::size_t cost = message.size() + kMessageCost;
  // One message always fits, however long: nothing could make more room for it.
  if (used_ > 0 && used_ + cost > config_.limit) return std::unexpected(SendError::kFull);
  used_ += cost;
  const MessageId id = allocate();
  OutMessage& record = at(id);
  record.stream = options.stream;
  record.ppid = options.ppid;
  record.unordered = options.order == Order::kUnordered;
  record.max_retransmits = options.reliability.max_retransmits;
  if (options.reliability.lifetime < kNever - now)
    record.deadline = now + options.reliability.lifetime;
  record.counted = options.is_counted;
  record.size = static_cast<std::uint32_t>(message.size());
  record.first_unsent = cut(message);
  record.arrival = arrivals_++;

  OutStream& stream = streams_[options.stream];
  if (options.is_counted) stream.buffered += message.size();
  ++waiting_messages_;
  if (stream.tail == MessageId::kNone) {
    stream.head = id;
  } else {
    at(stream.tail).next = id;
  }
  stream.tail = id;
  schedule(options.stream);
  return {};
}

// RFC 9260 §6.9: a message that is too long for one packet becomes a series of fragments.
BlockId SendQueue::cut(Bytes message) {
  if (message.size() > config_.fragment_size)
    trace_.rule(
        "9260:6.9#2"_rule, Fact{"bytes", message.size()},
        Fact{"fragments", (message.size() + config_.fragment_size - 1) / config_.fragment_size});
  BlockId first = BlockId::kNone;
  BlockId last = BlockId::kNone;
  while (!message.empty()) {
    const std::size_t size = std::min(message.size(), config_.fragment_size);
    const BlockId block = blocks_.store(message.first(size));
    if (last == BlockId::kNone) {
      first = block;
    } else {
      blocks_.chain(last, block);
    }
    last = block;
    message = message.subspan(size);
  }
  return first;
}

MessageId SendQueue::allocate() {
  if (free_ == MessageId::kNone) {
    messages_.emplace_back();
    return static_cast<MessageId>(messages_.size() - 1);
  }
  const MessageId id = free_;
  free_ = at(id).next;
  at(id) = OutMessage{};
  return id;
}

void SendQueue::free(MessageId id) {
  used_ -= kMessageCost;
  at(id).next = free_;
  free_ = id;
}

void SendQueue::schedule(StreamId id) {
  OutStream& stream = streams_[id];
  if (stream.scheduled || stream.paused || stream.head == MessageId::kNone) return;
  if (current_ != MessageId::kNone && at(current_).stream == id) return;  // when that has ended
  stream.scheduled = true;
  const OutMessage& next = at(stream.head);
  const std::size_t size = interleaved_ ? blocks_.bytes(next.first_unsent).size() : next.size;
  scheduler_.add({.stream = id,
                  .size = size,
                  .priority = stream.priority,
                  .arrival = next.arrival,
                  .how = config_.scheduling},
                 stream.finish);
}

MessageId SendQueue::take_head(OutStream& stream) {
  const MessageId id = stream.head;
  stream.head = at(id).next;
  if (stream.head == MessageId::kNone) stream.tail = MessageId::kNone;
  return id;
}

std::optional<std::size_t> SendQueue::next_size(Instant now) {
  while (current_ == MessageId::kNone) {
    const auto id = scheduler_.take();
    if (!id) return std::nullopt;
    OutStream& stream = streams_[*id];
    stream.scheduled = false;
    if (stream.paused || stream.head == MessageId::kNone) continue;
    const MessageId message = stream.head;
    if (!at(message).started && has_expired(message, now)) {
      (void)take_head(stream);
      // RFC 3758 §4.1 TR3: its time is over before it got a TSN.
      trace_.rule("3758:4.1#4"_rule, Fact{"stream", id->value()});
      drop_unsent(message, true);
      schedule(*id);
      continue;
    }
    trace_.rule("8260:3#2"_rule, Fact{"stream", id->value()}, Fact{"priority", stream.priority});
    if (!interleaved_) (void)take_head(stream);
    current_ = message;
  }
  return blocks_.bytes(at(current_).first_unsent).size();
}

void SendQueue::begin_sending(OutMessage& message, OutStream& stream) {
  message.started = true;
  ++stream.under_way;
  message.ssn = stream.next_ssn;
  Mid& mid = message.unordered ? stream.next_unordered_mid : stream.next_mid;
  message.mid = mid;
  mid = mid.next();
  // RFC 9260 §6.5: unordered messages leave the sequence alone.
  if (!message.unordered) stream.next_ssn = stream.next_ssn.next();
}

// The message has no more fragments to give out.
void SendQueue::unlink_current(MessageId id) {
  if (interleaved_) {
    OutStream& stream = streams_[at(id).stream];
    CHECK(stream.head == id);
    (void)take_head(stream);
  } else {
    CHECK(current_ == id);
  }
  if (current_ == id) current_ = MessageId::kNone;
}

Fragment SendQueue::pop() {
  CHECK(current_ != MessageId::kNone);
  const MessageId id = current_;
  OutMessage& message = at(id);
  OutStream& stream = streams_[message.stream];
  const bool begin = !message.started;
  if (begin) begin_sending(message, stream);
  const BlockId block = message.first_unsent;
  message.first_unsent = blocks_.next(block);
  blocks_.chain(block, BlockId::kNone);
  ++message.under_way;
  const bool end = message.first_unsent == BlockId::kNone;
  const Fragment fragment{.message = id,
                          .block = block,
                          .stream = message.stream,
                          .ssn = message.ssn,
                          .ppid = message.ppid,
                          .unordered = message.unordered,
                          .begin = begin,
                          .end = end,
                          .mid = message.mid,
                          .fsn = message.next_fsn++};
  if (end) {
    unlink_current(id);
    --waiting_messages_;
    schedule(fragment.stream);
  } else if (interleaved_) {
    current_ = MessageId::kNone;
    schedule(fragment.stream);
  }
  reduce_buffered(at(id), blocks_.bytes(block).size(), true);
  return fragment;
}

MessageId SendQueue::expired_in_the_middle(Instant now) {
  if (interleaved_) (void)next_size(now);  // chooses
  return current_ != MessageId::kNone && at(current_).started && has_expired(current_, now)
             ? current_
             : MessageId::kNone;
}

void SendQueue::finish(MessageId id, BlockId block) {
  if (block != BlockId::kNone) {
    used_ -= blocks_.bytes(block).size();
    blocks_.release(block);
  }
  OutMessage& message = at(id);
  CHECK(message.under_way > 0);
  if (--message.under_way > 0 || message.first_unsent != BlockId::kNone) return;
  --streams_[message.stream].under_way;
  free(id);
}

std::uint32_t SendQueue::max_retransmits(MessageId message) const {
  return at(message).max_retransmits;
}

bool SendQueue::has_expired(MessageId message, Instant now) const {
  return now >= at(message).deadline && at(message).deadline != kNever;
}

std::optional<Fragment> SendQueue::drop_rest(MessageId id) {
  OutMessage& message = at(id);
  if (message.first_unsent == BlockId::kNone) return std::nullopt;
  forget_unsent(message, true);
  ++message.under_way;  // the TSN that its end still gets
  unlink_current(id);
  --waiting_messages_;
  schedule(message.stream);
  return Fragment{.message = id,
                  .block = BlockId::kNone,
                  .stream = message.stream,
                  .ssn = message.ssn,
                  .ppid = message.ppid,
                  .unordered = message.unordered,
                  .begin = false,
                  .end = true,
                  .mid = message.mid,
                  .fsn = message.next_fsn};
}

void SendQueue::forget_unsent(OutMessage& message, bool tell) {
  std::size_t bytes = 0;
  for (BlockId block = message.first_unsent; block != BlockId::kNone; block = blocks_.next(block))
    bytes += blocks_.bytes(block).size();
  blocks_.release_chain(message.first_unsent);
  message.first_unsent = BlockId::kNone;
  used_ -= bytes;
  reduce_buffered(message, bytes, tell);
}

// A message that has not begun goes without a trace.
void SendQueue::drop_unsent(MessageId id, bool tell) {
  forget_unsent(at(id), tell);
  --waiting_messages_;
  free(id);
}

void SendQueue::reduce_buffered(const OutMessage& message, std::size_t amount, bool tell) {
  if (!message.counted) return;
  OutStream& stream = streams_[message.stream];
  const bool was_above = stream.buffered > stream.low_water;
  stream.buffered -= amount;
  if (tell && was_above && stream.buffered <= stream.low_water)
    inbox_.push(BufferedLow{.stream = message.stream});
}

std::uint64_t SendQueue::buffered(StreamId id) const {
  const OutStream* stream = streams_.find(id);
  return stream == nullptr ? 0 : stream->buffered;
}

void SendQueue::set_low_water(StreamId id, std::uint64_t amount) {
  streams_[id].low_water = amount;
}

void SendQueue::set_priority(StreamId id, std::uint16_t priority) {
  streams_[id].priority = priority;
}

bool SendQueue::is_idle(StreamId id) const {
  const OutStream* stream = streams_.find(id);
  if (stream == nullptr) return true;
  const bool is_current = current_ != MessageId::kNone && at(current_).stream == id;
  return stream->head == MessageId::kNone && stream->under_way == 0 && !is_current;
}

void SendQueue::pause(StreamId id) { streams_[id].paused = true; }

void SendQueue::resume(StreamId id, bool restart_ssn) {
  OutStream& stream = streams_[id];
  stream.paused = false;
  if (restart_ssn) {
    stream.next_ssn = Ssn{};
    stream.next_mid = stream.next_unordered_mid = Mid{};
  }
  schedule(id);
}

void SendQueue::limit_streams(std::uint32_t count) {
  for (std::uint32_t i = count; i <= 0xffff; ++i) {
    const StreamId id{static_cast<std::uint16_t>(i)};
    OutStream* stream = streams_.find(id);
    while (stream != nullptr && stream->head != MessageId::kNone && !at(stream->head).started)
      drop_unsent(take_head(*stream), true);
  }
}

void SendQueue::clear() {
  if (interleaved_) current_ = MessageId::kNone;  // it is at the head of its stream
  if (current_ != MessageId::kNone) {
    const MessageId id = std::exchange(current_, MessageId::kNone);
    if (at(id).started) --streams_[at(id).stream].under_way;
    drop_unsent(id, false);
  }
  streams_.for_each([&](OutStream& stream) {
    if (stream.head != MessageId::kNone && at(stream.head).started) --stream.under_way;
    while (stream.head != MessageId::kNone) drop_unsent(take_head(stream), false);
    stream.scheduled = false;
  });
  scheduler_.clear();
}

void SendQueue::restart() {
  if (interleaved_) {
    current_ = MessageId::kNone;
    scheduler_.clear();
  }
  if (current_ != MessageId::kNone && at(current_).started) {
    const MessageId id = std::exchange(current_, MessageId::kNone);
    const StreamId stream = at(id).stream;
    --streams_[stream].under_way;
    drop_unsent(id, true);
    schedule(stream);
  }
  streams_.for_each([&](OutStream& stream) {
    stream.next_ssn = Ssn{};
    stream.next_mid = stream.next_unordered_mid = Mid{};
    stream.paused = false;
    if (!interleaved_) return;
    stream.scheduled = false;
    if (stream.head == MessageId::kNone) return;
    const StreamId id = at(stream.head).stream;
    if (at(stream.head).started) {
      --stream.under_way;
      drop_unsent(take_head(stream), true);
    }
    schedule(id);
  });
}

}  // namespace glass::sctp
