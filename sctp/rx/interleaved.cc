// sctp/rx/interleaved.cc - from I-DATA chunks to messages.
#include "sctp/rx/interleaved.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

#include "base/bytes.h"
#include "base/rule.h"
#include "base/trace.h"
#include "sctp/blocks.h"
#include "sctp/chunks/data.h"
#include "sctp/chunks/forward_tsn.h"
#include "sctp/rx/inbox.h"
#include "sctp/rx/reassembly_error.h"
#include "sctp/types.h"

namespace glass::sctp {

Interleaved::Interleaved(std::size_t max_message_size, Blocks& blocks, Inbox& inbox,
                         const Trace& trace)
    : max_message_size_(max_message_size), blocks_(blocks), inbox_(inbox), trace_(trace) {}

ReassemblyError Interleaved::receive(const DataChunk& chunk) {
  // RFC 8260 §2.2.3: the stream, the U bit and the MID say which message, the FSN which part of it.
  const Key key{chunk.stream, chunk.unordered, chunk.mid.value()};
  if (!chunk.unordered && chunk.mid.precedes(next_[chunk.stream])) {
    trace_.drop("8260:2.2.3#1"_rule, "a message of a stream that is past it", chunk.payload);
    return ReassemblyError::kNone;
  }
  auto found = messages_.find(key);
  if (found == messages_.end()) {
    if (messages_.size() == kMaxGrowing) return ReassemblyError::kTooManyParked;
    found = messages_.try_emplace(key).first;
    found->second.bytes = inbox_.take_buffer();
  }
  trace_.rule("8260:2.2.3#1"_rule, Fact{"mid", chunk.mid.value()}, Fact{"fsn", chunk.fsn});
  Growing& message = found->second;
  if (const auto error = add(message, chunk); error != ReassemblyError::kNone) return error;
  if (!message.complete) return ReassemblyError::kNone;
  if (chunk.unordered) {
    deliver(found);
  } else {
    deliver_in_order(chunk.stream);
  }
  return ReassemblyError::kNone;
}

ReassemblyError Interleaved::add(Growing& message, const DataChunk& chunk) {
  const bool is_behind_end = !message.early.empty() && message.early.rbegin()->second.end &&
                             (chunk.end || chunk.fsn > message.early.rbegin()->first);
  const bool ends_too_early =
      chunk.end && !message.early.empty() && message.early.rbegin()->first > chunk.fsn;
  if (message.complete || chunk.fsn < message.next_fsn || message.early.contains(chunk.fsn) ||
      is_behind_end || ends_too_early) {
    trace_.drop("8260:2.1#5"_rule, "a fragment that has no place in its message", chunk.payload);
    return ReassemblyError::kFragmentOutOfPlace;
  }
  if (chunk.payload.size() > max_message_size_ - message.size) return ReassemblyError::kTooLong;
  message.size += chunk.payload.size();
  held_ += chunk.payload.size();
  if (chunk.begin) message.ppid = chunk.ppid;
  if (chunk.fsn != message.next_fsn) {
    message.early.emplace(chunk.fsn, Piece{blocks_.store(chunk.payload), chunk.end});
    return ReassemblyError::kNone;
  }
  append(message, chunk.payload, chunk.end);
  for (auto next = message.early.begin();
       next != message.early.end() && next->first == message.next_fsn;
       next = message.early.erase(next)) {
    append(message, blocks_.bytes(next->second.block), next->second.end);
    blocks_.release(next->second.block);
  }
  return ReassemblyError::kNone;
}

void Interleaved::append(Growing& message, Bytes payload, bool end) {
  message.bytes.insert(message.bytes.end(), payload.begin(), payload.end());
  ++message.next_fsn;
  message.complete = end;
}

void Interleaved::deliver(Messages::iterator message) {
  held_ -= message->second.size;
  inbox_.push_message({.stream = message->first.stream,
                       .ppid = message->second.ppid,
                       .order = message->first.unordered ? Order::kUnordered : Order::kOrdered},
                      std::move(message->second.bytes));
  messages_.erase(message);
}

void Interleaved::deliver_in_order(StreamId stream) {
  Mid& next = next_[stream];
  for (auto found = messages_.find({stream, false, next.value()});
       found != messages_.end() && found->second.complete;
       found = messages_.find({stream, false, next.value()})) {
    deliver(found);
    next = next.next();
  }
}

Interleaved::Messages::iterator Interleaved::drop(Messages::iterator message) {
  held_ -= message->second.size;
  for (const auto& [fsn, piece] : message->second.early) blocks_.release(piece.block);
  inbox_.give_buffer(std::move(message->second.bytes));
  return messages_.erase(message);
}

// RFC 8260 §2.3.1: what has been given up goes; what waited behind it is stranded no longer. Of the
// unordered ones only this message is meant and those before it of which a part is here.
void Interleaved::skip(const SkippedStream& skipped) {
  trace_.rule("8260:2.3.1#5"_rule, Fact{"stream", skipped.stream.value()},
              Fact{"mid", skipped.mid.value()});
  auto at = messages_.lower_bound({skipped.stream, skipped.unordered, 0});
  while (at != messages_.end() && at->first.stream == skipped.stream &&
         at->first.unordered == skipped.unordered) {
    const bool is_meant = !Mid{at->first.mid}.follows(skipped.mid);
    if (is_meant && at->second.complete) {
      deliver(at++);  // it came whole, and only waited for its turn
    } else {
      at = is_meant ? drop(at) : std::next(at);
    }
  }
  if (skipped.unordered) return;
  Mid& next = next_[skipped.stream];
  if (next.precedes(skipped.mid.next())) next = skipped.mid.next();
  deliver_in_order(skipped.stream);
}

void Interleaved::reset(StreamId stream) {
  // RFC 8260 §2.3.2: both counters begin anew.
  trace_.rule("8260:2.3.2#1"_rule, Fact{"stream", stream.value()});
  next_[stream] = Mid{};
  auto at = messages_.lower_bound({stream, false, 0});
  while (at != messages_.end() && at->first.stream == stream) at = drop(at);
}

void Interleaved::clear() {
  for (auto at = messages_.begin(); at != messages_.end();) at = drop(at);
  next_.clear();
}

}  // namespace glass::sctp
