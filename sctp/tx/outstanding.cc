// sctp/tx/outstanding.cc - what is under way, acknowledged, lost or given up.
#include "sctp/tx/outstanding.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "sctp/blocks.h"
#include "sctp/chunks/data.h"
#include "sctp/chunks/forward_tsn.h"
#include "sctp/chunks/sack.h"
#include "sctp/tlv.h"
#include "sctp/tx/send_queue.h"
#include "sctp/types.h"

namespace glass::sctp {
namespace {

constexpr std::uint8_t kMissesForRetransmit = 3;  // RFC 9260 §7.2.4
// RFC 9260 §6.7: a SACK ends where its packet does. The smallest packets hold more than these.
constexpr std::size_t kGapsOfAFullSack = 100;

}  // namespace

Outstanding::Outstanding(SendQueue& queue, Blocks& blocks, const Trace& trace)
    : queue_(queue), blocks_(blocks), trace_(trace) {}

void Outstanding::reset(Tsn initial) {
  clear();
  base_ = initial;
  ack_point_ = initial.previous();
}

void Outstanding::clear() {
  for (; !ring_.empty(); ring_.pop_front()) {
    const Sent& sent = ring_.front();
    queue_.finish(sent.message, sent.block);
  }
  flight_ = flight_payload_ = lost_ = lost_from_ = 0;
  acked_.clear();
  timing_ = false;
}

void Outstanding::take_off(const Sent& sent) {
  flight_ -= on_the_wire(sent.payload);
  flight_payload_ -= sent.payload;
}

void Outstanding::put_on(const Sent& sent) {
  flight_ += on_the_wire(sent.payload);
  flight_payload_ += sent.payload;
}

DataChunk Outstanding::chunk_of(std::size_t index) {
  const Sent& sent = ring_[index];
  return {.unordered = sent.unordered,
          .begin = sent.begin,
          .end = sent.end,
          .tsn = base_ + static_cast<std::uint32_t>(index),
          .stream = sent.stream,
          .ssn = sent.ssn,
          .ppid = sent.ppid,
          .interleaved = interleaved_,
          .mid = sent.mid,
          .fsn = sent.fsn,
          .payload = blocks_.bytes(sent.block)};
}

DataChunk Outstanding::send(Instant now, const Fragment& fragment) {
  if (!timing_) {
    timing_ = true;
    timed_ = next_tsn();
    timed_since_ = now;
  }
  const std::size_t index = ring_.size();
  ring_.push_back({.unordered = fragment.unordered,
                   .begin = fragment.begin,
                   .end = fragment.end,
                   .payload = static_cast<std::uint16_t>(blocks_.bytes(fragment.block).size()),
                   .message = fragment.message,
                   .block = fragment.block,
                   .stream = fragment.stream,
                   .ssn = fragment.ssn,
                   .ppid = fragment.ppid,
                   .sent = now,
                   .turn = ++turns_,
                   .mid = fragment.mid,
                   .fsn = fragment.fsn});
  put_on(ring_.back());
  return chunk_of(index);
}

// RFC 7496 §3.1: one more transmission would be one too many.
bool Outstanding::is_hopeless(const Sent& sent) const {
  return may_abandon_ && sent.transmissions > queue_.max_retransmits(sent.message);
}

std::optional<std::size_t> Outstanding::next_lost_size(Instant now) {
  while (lost_ > 0) {
    Sent& sent = ring_[lost_from_];
    if (sent.state != State::kLost) {
      ++lost_from_;
      continue;
    }
    const bool expired = may_abandon_ && queue_.has_expired(sent.message, now);
    if (!expired && !is_hopeless(sent)) return sent.payload;
    if (expired) {
      trace_.rule("3758:4.1#6"_rule, Fact{"stream", sent.stream.value()});
    } else {
      trace_.rule("7496:3.1#1"_rule, Fact{"transmissions", sent.transmissions});
    }
    abandon(sent.message, lost_from_);
  }
  return std::nullopt;
}

DataChunk Outstanding::retransmit(Instant now) {
  CHECK(lost_ > 0 && ring_[lost_from_].state == State::kLost);
  Sent& sent = ring_[lost_from_];
  sent.state = State::kUnderWay;
  sent.misses = 0;
  sent.sent = now;
  sent.turn = ++turns_;
  ++sent.transmissions;
  --lost_;
  put_on(sent);
  // RFC 9260 §6.3.1 C5: nothing at or above a retransmitted chunk can be timed.
  if (timing_ && index_of(timed_) >= lost_from_) {
    timing_ = false;
    trace_.rule("9260:6.3.1#4"_rule, Fact{"tsn", timed_.value()});
  }
  return chunk_of(lost_from_++);
}

// The chunk at `index` was not acknowledged before.
void Outstanding::note_acked(Instant now, std::size_t index, SackOutcome& outcome) {
  Sent& sent = ring_[index];
  if (sent.state == State::kAcked || sent.state == State::kAbandoned) return;
  if (sent.state == State::kUnderWay) take_off(sent);
  if (sent.state == State::kLost) --lost_;
  sent.state = State::kAcked;
  outcome.acknowledged = true;
  outcome.bytes_acked += on_the_wire(sent.payload);
  const Tsn tsn = base_ + static_cast<std::uint32_t>(index);
  if (!newly_acked_above_ || tsn.follows(highest_newly_acked_)) {
    highest_newly_acked_ = tsn;
    outcome.newest_round_trip.reset();
    if (sent.transmissions == 1) outcome.newest_round_trip = now - sent.sent;
  }
  newly_acked_above_ = true;
  note_arrival(now, tsn, sent);
  if (timing_ && tsn == timed_) {
    timing_ = false;
    outcome.round_trip = now - timed_since_;
  }
}

// Whether it is the last transmission of a chunk that is acknowledged now, `ago` after it.
bool Outstanding::shows_last_transmission(Tsn tsn, const Sent& sent, Duration ago) const {
  if (sent.transmissions == 1 || tsn.precedes(highest_before_)) return true;
  // Beyond the end of a SACK that had no room for more, it may have arrived long ago.
  return !was_full_ && (min_round_trip_ == Duration::max() || ago >= min_round_trip_);
}

// Keeps the turn that miss() goes by and the two instants that find_late() goes by.
void Outstanding::note_arrival(Instant now, Tsn tsn, const Sent& sent) {
  const Duration round_trip = now - sent.sent;
  if (shows_last_transmission(tsn, sent, round_trip))
    newest_turn_ = std::max(newest_turn_, sent.turn);
  if (sent.transmissions == 1) min_round_trip_ = std::min(min_round_trip_, round_trip);
  // Sooner than any round trip: it was an earlier transmission that arrived.
  if (round_trip >= min_round_trip_) newest_arrived_ = std::max(newest_arrived_, sent.sent);
}

void Outstanding::move_cumulative(Instant now, Tsn cumulative, SackOutcome& outcome) {
  outcome.advanced = cumulative.follows(this->cumulative());
  while (!base_.follows(cumulative)) {
    note_acked(now, 0, outcome);
    const Sent& sent = ring_.front();
    queue_.finish(sent.message, sent.block);
    ring_.pop_front();
    base_ = base_.next();
    if (lost_from_ > 0) --lost_from_;
  }
  if (ack_point_.precedes(cumulative)) ack_point_ = cumulative;
  if (timing_ && timed_.precedes(base_)) timing_ = false;  // it was given up
}

// Takes the gap blocks over as ranges of TSNs. False: one lies beyond all that was sent.
bool Outstanding::read_gaps(const SackChunk& sack) {
  gaps_.clear();
  std::uint32_t previous_end = 0;
  for (std::size_t i = 0; i < sack.gap_count; ++i) {
    const GapBlock gap = sack.gap(i);
    // Ascending, apart from each other, above the cumulative point: else the rest is not believed.
    if (gap.start <= previous_end || gap.end < gap.start) {
      trace_.drop("9260:3.3.4#2"_rule, "gap blocks that are not in order", sack.gaps);
      break;
    }
    previous_end = gap.end;
    const Range range{sack.cumulative + gap.start, sack.cumulative + gap.end};
    if (!range.last.precedes(next_tsn())) return false;
    // Left over from before a FORWARD TSN or an old SACK: below what is known.
    if (!range.last.precedes(base_)) gaps_.push_back(range);
  }
  return true;
}

// Walks what is acknowledged now and was not (newly), and what was and is not (reneged).
void Outstanding::compare_gaps(Instant now, SackOutcome& outcome) {
  std::size_t old = 0;
  for (const Range& range : gaps_) {
    Tsn tsn = range.first.precedes(base_) ? base_ : range.first;
    while (!tsn.follows(range.last)) {
      while (old < acked_.size() && acked_[old].last.precedes(tsn)) ++old;
      if (old < acked_.size() && !tsn.precedes(acked_[old].first)) {
        tsn = acked_[old].last.next();
        continue;
      }
      note_acked(now, index_of(tsn), outcome);
      tsn = tsn.next();
    }
  }
  std::size_t current = 0;
  for (const Range& range : acked_) {
    Tsn tsn = range.first.precedes(base_) ? base_ : range.first;
    while (!tsn.follows(range.last)) {
      while (current < gaps_.size() && gaps_[current].last.precedes(tsn)) ++current;
      if (current < gaps_.size() && !tsn.precedes(gaps_[current].first)) {
        tsn = gaps_[current].last.next();
        continue;
      }
      Sent& sent = ring_[index_of(tsn)];
      if (sent.state == State::kAcked) {
        sent.state = State::kUnderWay;
        put_on(sent);
        sent.misses = 1;
        outcome.reneged = true;
      }
      tsn = tsn.next();
    }
  }
  acked_.swap(gaps_);
}

// RFC 9260 §7.2.4: the holes below the highest TSN that is newly acknowledged; in Fast Recovery,
// when the cumulative point moves, all holes.
void Outstanding::count_misses(bool in_recovery, SackOutcome& outcome) {
  if (acked_.empty()) return;
  const bool all = outcome.advanced && in_recovery;
  if (!all && !newly_acked_above_) return;
  Tsn tsn = base_;
  for (const Range& range : acked_) {
    for (; tsn.precedes(range.first); tsn = tsn.next())
      if (all || tsn.precedes(highest_newly_acked_)) miss(index_of(tsn), outcome);
    tsn = range.last.next();
  }
}

// A chunk that was sent again is missing only when something arrived that was sent after that: what
// was under way before says nothing of it, and after a timeout that is a whole window.
void Outstanding::miss(std::size_t index, SackOutcome& outcome) {
  Sent& sent = ring_[index];
  if (sent.state != State::kUnderWay || sent.fast_retransmitted) return;
  if (sent.transmissions > 1 && newest_turn_ < sent.turn) return;
  trace_.rule("9260:6.7#4"_rule, Fact{"tsn", base_.value() + index});
  if (++sent.misses < kMissesForRetransmit) return;
  trace_.rule("9260:7.2.4#2"_rule, Fact{"tsn", base_.value() + index});
  sent.fast_retransmitted = true;
  lose(index);
  outcome.fast_retransmit = true;
}

// After RFC 8985 §6.2, looking at SACKs only: what was sent so much later has arrived.
void Outstanding::find_late(SackOutcome& outcome) {
  if (acked_.empty() || min_round_trip_ == Duration::max()) return;
  const Duration reordering = min_round_trip_ / 4;
  Tsn tsn = base_;
  for (const Range& range : acked_) {
    for (; tsn.precedes(range.first); tsn = tsn.next()) {
      const Sent& sent = ring_[index_of(tsn)];
      if (sent.state != State::kUnderWay || sent.sent + reordering >= newest_arrived_) continue;
      trace_.rule("9260:7.2.4#2"_rule, Fact{"tsn", tsn.value()});
      lose(index_of(tsn));
      outcome.fast_retransmit = true;
    }
    tsn = range.last.next();
  }
}

void Outstanding::lose(std::size_t index) {
  Sent& sent = ring_[index];
  take_off(sent);
  sent.state = State::kLost;
  ++lost_;
  lost_from_ = std::min(lost_from_, index);
}

SackOutcome Outstanding::on_sack(Instant now, const SackChunk& sack, bool in_recovery) {
  SackOutcome outcome;
  if (sack.cumulative.precedes(cumulative())) {
    outcome.verdict = SackOutcome::Verdict::kOld;
    return outcome;
  }
  if (!sack.cumulative.precedes(next_tsn()) || !read_gaps(sack)) {
    outcome.verdict = SackOutcome::Verdict::kNeverSent;
    return outcome;
  }
  newly_acked_above_ = false;
  newest_turn_ = 0;
  highest_before_ = highest_acked();
  was_full_ = acked_.size() >= kGapsOfAFullSack;
  move_cumulative(now, sack.cumulative, outcome);
  compare_gaps(now, outcome);
  count_misses(in_recovery, outcome);
  if (detection_ == LossDetection::kTime) find_late(outcome);
  return outcome;
}

SackOutcome Outstanding::on_cumulative(Instant now, Tsn cumulative) {
  SackOutcome outcome;
  if (cumulative.precedes(this->cumulative())) {
    outcome.verdict = SackOutcome::Verdict::kOld;
    return outcome;
  }
  if (!cumulative.precedes(next_tsn())) {
    outcome.verdict = SackOutcome::Verdict::kNeverSent;
    return outcome;
  }
  newly_acked_above_ = false;
  move_cumulative(now, cumulative, outcome);
  std::erase_if(acked_, [&](const Range& range) { return range.last.precedes(base_); });
  return outcome;
}

void Outstanding::lose_all() {
  for (std::size_t i = 0; i < ring_.size(); ++i) {
    ring_[i].misses = 0;
    ring_[i].fast_retransmitted = false;
    if (ring_[i].state == State::kUnderWay) lose(i);
  }
  timing_ = false;
}

bool Outstanding::lose_last() {
  for (std::size_t i = ring_.size(); i-- > 0;) {
    if (ring_[i].state != State::kUnderWay) continue;
    lose(i);
    return true;
  }
  return false;
}

void Outstanding::abandon_unfinished(MessageId message) {
  std::size_t index = ring_.size();
  while (index > 0 && ring_[index - 1].message == message) --index;
  abandon(message, index);
}

// Its fragments stand in a row that `index` belongs to; interleaved ones stand anywhere.
void Outstanding::abandon(MessageId message, std::size_t index) {
  trace_.rule("3758:3.5#4"_rule);
  if (const auto end = queue_.drop_rest(message)) {
    // The peer may hold the beginning: its end gets a TSN, so that a FORWARD TSN can cover it.
    ring_.push_back({.state = State::kAbandoned,
                     .unordered = end->unordered,
                     .end = true,
                     .message = message,
                     .stream = end->stream,
                     .ssn = end->ssn,
                     .ppid = end->ppid,
                     .mid = end->mid});
  }
  if (interleaved_) {
    for (std::size_t i = 0; i < ring_.size(); ++i)
      if (ring_[i].message == message) give_up(ring_[i]);
    return;
  }
  while (index > 0 && ring_[index - 1].message == message) --index;
  for (; index < ring_.size() && ring_[index].message == message; ++index) give_up(ring_[index]);
}

void Outstanding::give_up(Sent& sent) {
  if (sent.state == State::kUnderWay) take_off(sent);
  if (sent.state == State::kLost) --lost_;
  sent.state = State::kAbandoned;
}

bool Outstanding::advance_ack_point() {
  if (ack_point_.precedes(cumulative())) ack_point_ = cumulative();
  while (ack_point_.next().precedes(next_tsn()) &&
         ring_[index_of(ack_point_.next())].state == State::kAbandoned)
    ack_point_ = ack_point_.next();
  return ack_point_.follows(cumulative());
}

std::span<const SkippedStream> Outstanding::skipped(std::size_t max_streams) {
  skipped_.clear();
  for (Tsn tsn = base_; !tsn.follows(ack_point_); tsn = tsn.next()) {
    const Sent& sent = ring_[index_of(tsn)];
    // RFC 3758 §3.2: unordered messages have no place in a stream's order.
    if (sent.unordered && !interleaved_) {
      trace_.rule("3758:3.2#3"_rule, Fact{"tsn", tsn.value()});
      continue;
    }
    const auto same = std::ranges::find_if(skipped_, [&](const SkippedStream& one) {
      return one.stream == sent.stream && one.unordered == (interleaved_ && sent.unordered);
    });
    if (same != skipped_.end()) {
      // RFC 3758 §3.5 C4: the highest only
      same->ssn = sent.ssn;
      same->mid = sent.mid;
      continue;
    }
    if (skipped_.size() == max_streams) {
      ack_point_ = tsn.previous();
      trace_.rule("3758:3.5#13"_rule, Fact{"ack_point", ack_point_.value()});
      break;
    }
    skipped_.push_back({sent.stream, sent.ssn, interleaved_ && sent.unordered, sent.mid});
  }
  return skipped_;
}

}  // namespace glass::sctp
