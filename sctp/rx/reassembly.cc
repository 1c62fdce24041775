// sctp/rx/reassembly.cc - from DATA chunks to messages.
#include "sctp/rx/reassembly.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/rule.h"
#include "base/trace.h"
#include "sctp/blocks.h"
#include "sctp/chunks/data.h"
#include "sctp/chunks/forward_tsn.h"
#include "sctp/config.h"
#include "sctp/rx/inbox.h"
#include "sctp/types.h"

namespace glass::sctp {
namespace {

Inbox::Label label_of(const DataChunk& head) {
  return {.stream = head.stream,
          .ppid = head.ppid,
          .order = head.unordered ? Order::kUnordered : Order::kOrdered};
}

}  // namespace

Reassembly::Reassembly(std::size_t max_message_size, Blocks& blocks, Inbox& inbox,
                       const Trace& trace)
    : max_message_size_(max_message_size), blocks_(blocks), inbox_(inbox), trace_(trace) {}

void Reassembly::reset(Tsn initial) {
  clear();
  next_ = initial;
}

void Reassembly::clear() {
  for (; !ring_.empty(); ring_.pop_front()) unhold(ring_.front(), Held::State::kMissing);
  streams_.clear();
  parked_.clear();
  held_ = 0;
  drop_partial();
  skipping_ = false;
  pending_reset_.reset();
  if (interleaved_ != nullptr) interleaved_->clear();
}

void Reassembly::set_interleaving(bool agreed) {
  if (!agreed) return interleaved_.reset();
  if (interleaved_ == nullptr)
    interleaved_ = std::make_unique<Interleaved>(max_message_size_, blocks_, inbox_, trace_);
}

ReassemblyError Reassembly::receive(const DataChunk& chunk) {
  if (interleaved_ != nullptr) {
    if (const auto error = interleaved_->receive(chunk); error != ReassemblyError::kNone)
      return error;
    return discard(chunk.tsn);
  }
  if (chunk.tsn != next_) return hold(chunk);
  if (const auto error = take_next(chunk); error != ReassemblyError::kNone) return error;
  return step();
}

ReassemblyError Reassembly::discard(Tsn tsn) {
  if (tsn == next_) return step();
  if (index_of(tsn) >= ring_.size()) ring_.resize(index_of(tsn) + 1);
  ring_[index_of(tsn)].state = Held::State::kDelivered;
  return ReassemblyError::kNone;
}

// The chunk at `next_` is done with: go on to the one behind, and to all that it set free.
ReassemblyError Reassembly::step() {
  if (!ring_.empty()) ring_.pop_front();
  apply_reset_at(next_);
  next_ = next_.next();
  return drain_front();
}

ReassemblyError Reassembly::drain_front() {
  while (!ring_.empty() && ring_.front().state != Held::State::kMissing) {
    Held& held = ring_.front();
    if (held.state == Held::State::kHeld) {
      const DataChunk chunk{.unordered = held.unordered,
                            .begin = held.begin,
                            .end = held.end,
                            .tsn = next_,
                            .stream = held.stream,
                            .ssn = held.ssn,
                            .ppid = held.ppid,
                            .payload = blocks_.bytes(held.block)};
      const ReassemblyError error = take_next(chunk);
      if (ring_.front().state == Held::State::kHeld) unhold(ring_.front(), Held::State::kDelivered);
      if (error != ReassemblyError::kNone) return error;
    } else if (held.begin) {
      // Delivered before its turn: the message in front of it must have ended.
      if (assembling_) return ReassemblyError::kFragmentOutOfPlace;
      skipping_ = false;
    }
    ring_.pop_front();
    apply_reset_at(next_);
    next_ = next_.next();
  }
  return ReassemblyError::kNone;
}

// All chunks before this one have been dealt with.
ReassemblyError Reassembly::take_next(const DataChunk& chunk) {
  if (!chunk.begin) return append(chunk);
  skipping_ = false;
  if (assembling_) {
    trace_.drop("9260:3.3.1#13"_rule, "a message begins before the last one ended", chunk.payload);
    return ReassemblyError::kFragmentOutOfPlace;
  }
  if (chunk.payload.size() > max_message_size_) return ReassemblyError::kTooLong;
  if (chunk.end) return deliver_ordered(chunk, chunk.payload);
  // RFC 9260 §6.9: fragments are recognized by B and E and put together.
  trace_.rule("9260:6.9#15"_rule, Fact{"tsn", chunk.tsn.value()});
  assembling_ = true;
  head_ = chunk;
  head_.payload = {};
  partial_ = inbox_.take_buffer();
  partial_.assign(chunk.payload.begin(), chunk.payload.end());
  return ReassemblyError::kNone;
}

ReassemblyError Reassembly::append(const DataChunk& chunk) {
  if (!assembling_ && skipping_) {
    trace_.drop("3758:3.6#10"_rule, "the rest of a message that was given up", chunk.payload);
    return ReassemblyError::kNone;
  }
  const bool fits = assembling_ && chunk.stream == head_.stream &&
                    chunk.unordered == head_.unordered &&
                    (chunk.unordered || chunk.ssn == head_.ssn);
  if (!fits) {
    trace_.drop("9260:3.3.1#13"_rule, "a fragment that continues no message", chunk.payload);
    return ReassemblyError::kFragmentOutOfPlace;
  }
  if (chunk.payload.size() > max_message_size_ - partial_.size()) return ReassemblyError::kTooLong;
  partial_.insert(partial_.end(), chunk.payload.begin(), chunk.payload.end());
  if (!chunk.end) return ReassemblyError::kNone;
  assembling_ = false;
  if (chunk.unordered || head_.ssn == streams_[head_.stream].next) {
    inbox_.push_message(label_of(head_), std::exchange(partial_, {}));
    if (chunk.unordered) return ReassemblyError::kNone;
    InStream& state = streams_[head_.stream];
    state.next = state.next.next();
    release_parked(head_.stream, state);
    return deliver_followers(head_.stream);
  }
  const ReassemblyError error = deliver_ordered(head_, partial_);
  drop_partial();
  return error;
}

// A whole message. Unordered ones go up at once.
ReassemblyError Reassembly::deliver_ordered(const DataChunk& head, Bytes whole) {
  if (head.unordered) {
    push(head, whole);
    return ReassemblyError::kNone;
  }
  InStream& state = streams_[head.stream];
  if (head.ssn.precedes(state.next)) {
    trace_.drop("9260:6.6#1"_rule, "a message of a stream that is past it", whole);
    return ReassemblyError::kNone;
  }
  // RFC 9260 §6.6: what is ahead of its stream waits.
  if (head.ssn.follows(state.next)) return park(head, whole);
  push(head, whole);
  state.next = state.next.next();
  release_parked(head.stream, state);
  return deliver_followers(head.stream);
}

void Reassembly::push(const DataChunk& head, Bytes whole) {
  if (whole.size() <= Blocks::kMaxBlock) return inbox_.push_message(label_of(head), whole);
  ByteVector buffer = inbox_.take_buffer();
  buffer.assign(whole.begin(), whole.end());
  inbox_.push_message(label_of(head), std::move(buffer));
}

ReassemblyError Reassembly::park(const DataChunk& head, Bytes whole) {
  if (parked_.size() == kMaxParked) return ReassemblyError::kTooManyParked;
  trace_.rule("9260:6.6#2"_rule, Fact{"stream", head.stream.value()},
              Fact{"ssn", head.ssn.value()});
  held_ += whole.size();
  parked_.push_back({
      head.stream, head.ssn, head.ppid, {whole.begin(), whole.end()}
  });
  return ReassemblyError::kNone;
}

// Delivers the parked messages whose turn has come.
void Reassembly::release_parked(StreamId stream, InStream& state) {
  for (std::size_t i = 0; i < parked_.size();) {
    Parked& parked = parked_[i];
    if (parked.stream != stream || parked.ssn != state.next) {
      ++i;
      continue;
    }
    held_ -= parked.bytes.size();
    inbox_.push_message({.stream = stream, .ppid = parked.ppid}, std::move(parked.bytes));
    parked_.erase(parked_.begin() + static_cast<std::ptrdiff_t>(i));
    state.next = state.next.next();
    i = 0;
  }
}

// RFC 3758 §3.6: what waited for the skipped ones is stranded, and is delivered in order.
void Reassembly::release_parked_up_to(const SkippedStream& skipped) {
  InStream& state = streams_[skipped.stream];
  for (;;) {
    const Parked* lowest = nullptr;
    for (const Parked& parked : parked_)
      if (parked.stream == skipped.stream && !parked.ssn.follows(skipped.ssn) &&
          (lowest == nullptr || parked.ssn.precedes(lowest->ssn)))
        lowest = &parked;
    if (lowest == nullptr) break;
    state.next = lowest->ssn;
    release_parked(skipped.stream, state);
  }
  state.next = skipped.ssn.next();
  release_parked(skipped.stream, state);
}

std::size_t Reassembly::index_of(Tsn tsn) const {
  CHECK(!tsn.precedes(next_));
  return static_cast<std::size_t>(tsn.since(next_));
}

// Do the chunks at index - 1 and index belong to one message?
bool Reassembly::continues(std::size_t index) const {
  if (index == 0 || index >= ring_.size()) return false;
  const Held& left = ring_[index - 1];
  const Held& right = ring_[index];
  return left.state == Held::State::kHeld && right.state == Held::State::kHeld && !left.end &&
         !right.begin && left.stream == right.stream && left.unordered == right.unordered &&
         (left.unordered || left.ssn == right.ssn);
}

ReassemblyError Reassembly::hold(const DataChunk& chunk) {
  const std::size_t at = index_of(chunk.tsn);
  if (at >= ring_.size()) ring_.resize(at + 1);
  ring_[at] = {.state = Held::State::kHeld,
               .unordered = chunk.unordered,
               .begin = chunk.begin,
               .end = chunk.end,
               .stream = chunk.stream,
               .ssn = chunk.ssn,
               .ppid = chunk.ppid,
               .block = blocks_.store(chunk.payload),
               .other_end = chunk.tsn};
  held_ += chunk.payload.size();
  if (chunk.begin && !chunk.unordered) ++streams_[chunk.stream].held;
  // A run of fragments knows its two ends: joining two of them is looking at four.
  Tsn first = continues(at) ? ring_[at - 1].other_end : chunk.tsn;
  if (first.precedes(next_)) first = next_;  // its beginning was skipped: nobody waits for it
  const Tsn last = continues(at + 1) ? ring_[at + 1].other_end : chunk.tsn;
  ring_[index_of(first)].other_end = last;
  ring_[index_of(last)].other_end = first;
  return deliver_early(index_of(first));
}

bool Reassembly::is_whole(std::size_t first) const {
  const Held& head = ring_[first];
  return head.state == Held::State::kHeld && head.begin && ring_[index_of(head.other_end)].end;
}

// A message that is complete above a gap goes up if its stream does not wait for the gap.
ReassemblyError Reassembly::deliver_early(std::size_t first) {
  if (!is_whole(first)) return ReassemblyError::kNone;
  const Held& head = ring_[first];
  // RFC 6525 §5.2.2: behind the last TSN before a reset, a new life of the stream begins.
  if (pending_reset_ &&
      (next_ + static_cast<std::uint32_t>(first)).follows(pending_reset_->last_tsn))
    return ReassemblyError::kNone;
  if (head.unordered) {
    trace_.rule("9260:3.3.1#4"_rule, Fact{"stream", head.stream.value()});
    return deliver_run(first);
  }
  const StreamId stream = head.stream;
  if (head.ssn != streams_[stream].next) {
    trace_.rule("9260:6.6#2"_rule, Fact{"stream", stream.value()}, Fact{"ssn", head.ssn.value()});
    return ReassemblyError::kNone;
  }
  if (const auto error = deliver_run(first); error != ReassemblyError::kNone) return error;
  return deliver_followers(stream);
}

// Delivers the whole message that begins at `first`. An ordered one moves its stream on to the
// next.
ReassemblyError Reassembly::deliver_run(std::size_t first) {
  const std::size_t last = index_of(ring_[first].other_end);
  const Inbox::Label label{.stream = ring_[first].stream,
                           .ppid = ring_[first].ppid,
                           .order = ring_[first].unordered ? Order::kUnordered : Order::kOrdered};
  if (label.order == Order::kOrdered) streams_[label.stream].next = ring_[first].ssn.next();
  if (first == last) {
    const Bytes whole = blocks_.bytes(ring_[first].block);
    if (whole.size() > max_message_size_) return ReassemblyError::kTooLong;
    inbox_.push_message(label, whole);
    unhold(ring_[first], Held::State::kDelivered);
    return ReassemblyError::kNone;
  }
  ByteVector buffer = inbox_.take_buffer();
  for (std::size_t i = first; i <= last; ++i) {
    const Bytes piece = blocks_.bytes(ring_[i].block);
    if (piece.size() > max_message_size_ - buffer.size()) return ReassemblyError::kTooLong;
    buffer.insert(buffer.end(), piece.begin(), piece.end());
    unhold(ring_[i], Held::State::kDelivered);
  }
  inbox_.push_message(label, std::move(buffer));
  return ReassemblyError::kNone;
}

// The stream moved on: are there whole messages in the ring that waited for it?
ReassemblyError Reassembly::deliver_followers(StreamId stream) {
  const InStream& state = streams_[stream];
  for (std::size_t i = 0; i < ring_.size() && state.held > 0; ++i) {
    const Held& held = ring_[i];
    if (held.state != Held::State::kHeld || !held.begin || held.unordered || held.stream != stream)
      continue;
    const bool beyond_reset =
        pending_reset_ && (next_ + static_cast<std::uint32_t>(i)).follows(pending_reset_->last_tsn);
    // Without interleaving, later ones in the ring are later in the stream as well.
    if (held.ssn != state.next || !is_whole(i) || beyond_reset) break;
    if (const auto error = deliver_run(i); error != ReassemblyError::kNone) return error;
  }
  return ReassemblyError::kNone;
}

void Reassembly::unhold(Held& held, Held::State state) {
  if (held.state == Held::State::kHeld) {
    held_ -= blocks_.bytes(held.block).size();
    blocks_.release(held.block);
    if (held.begin && !held.unordered) --streams_[held.stream].held;
  }
  held.block = BlockId::kNone;
  held.state = state;
}

void Reassembly::drop_partial() {
  assembling_ = false;
  inbox_.give_buffer(std::exchange(partial_, {}));
}

ReassemblyError Reassembly::skip_to(Tsn cumulative, const ForwardTsnChunk& chunk) {
  if (!cumulative.precedes(next_)) {
    if (assembling_) {
      trace_.rule("3758:3.6#10"_rule, Fact{"bytes", partial_.size()});
      drop_partial();
    }
    while (!next_.follows(cumulative) && !ring_.empty()) {
      // Whole messages were neither lost nor given up: all before them is settled by now.
      if (is_whole(0))
        if (const auto error = deliver_run(0); error != ReassemblyError::kNone) return error;
      unhold(ring_.front(), Held::State::kDelivered);
      ring_.pop_front();
      apply_reset_at(next_);
      next_ = next_.next();
    }
    if (!next_.follows(cumulative)) next_ = cumulative.next();
    if (pending_reset_ && !pending_reset_->last_tsn.follows(cumulative)) apply_reset();
    skipping_ = true;
  }
  for (std::size_t i = 0; i < chunk.stream_count(); ++i) {
    const SkippedStream skipped = chunk.skipped(i);
    if (interleaved_ != nullptr) {
      interleaved_->skip(skipped);
      continue;
    }
    const InStream* state = streams_.find(skipped.stream);
    if (skipped.ssn.precedes(state == nullptr ? Ssn{} : state->next)) continue;
    trace_.rule("3758:3.6#7"_rule, Fact{"stream", skipped.stream.value()},
                Fact{"ssn", skipped.ssn.value()});
    release_parked_up_to(skipped);
    if (const auto error = deliver_followers(skipped.stream); error != ReassemblyError::kNone)
      return error;
  }
  return drain_front();
}

bool Reassembly::reset_streams(Tsn last_tsn, std::span<const StreamId> streams) {
  pending_reset_ = PendingReset{
      last_tsn, {streams.begin(), streams.end()}
  };
  if (!last_tsn.precedes(next_)) return false;
  apply_reset();
  return true;
}

// `tsn` has just been dealt with.
void Reassembly::apply_reset_at(Tsn tsn) {
  if (pending_reset_ && pending_reset_->last_tsn == tsn) [[unlikely]]
    apply_reset();
}

void Reassembly::apply_reset() {
  const std::vector<StreamId> streams = std::move(pending_reset_->streams);
  pending_reset_.reset();
  if (streams.empty()) {
    // RFC 6525 §5.2.2: no list means all of them.
    trace_.rule("6525:5.2.2#6"_rule);
    streams_.for_each([](InStream& state) { state.next = Ssn{}; });
    if (interleaved_ != nullptr) interleaved_->clear();
    for (const Parked& parked : parked_) held_ -= parked.bytes.size();
    parked_.clear();
    inbox_.push(IncomingReset{.stream = {}, .all_streams = true});
    return;
  }
  for (const StreamId stream : streams) {
    trace_.rule("6525:5.2.2#7"_rule, Fact{"stream", stream.value()});
    streams_[stream].next = Ssn{};
    if (interleaved_ != nullptr) interleaved_->reset(stream);
    std::erase_if(parked_, [&](const Parked& parked) {
      if (parked.stream != stream) return false;
      held_ -= parked.bytes.size();
      return true;
    });
    inbox_.push(IncomingReset{.stream = stream});
  }
}

}  // namespace glass::sctp
