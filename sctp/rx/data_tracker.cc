// sctp/rx/data_tracker.cc - the books of received TSNs.
#include "sctp/rx/data_tracker.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/rule.h"
#include "base/trace.h"
#include "sctp/chunks/sack.h"
#include "sctp/types.h"

namespace glass::sctp {

DataTracker::DataTracker(const Trace& trace) : trace_(trace) {
  ranges_.reserve(kUsualRanges);
  blocks_.reserve(kUsualRanges);
  duplicates_.reserve(kMaxDuplicates);
}

void DataTracker::reset(Tsn initial) {
  cumulative_ = initial.previous();
  ranges_.clear();
  duplicates_.clear();
  due_ = SackDue::kNo;
  packets_unacknowledged_ = 0;
  acknowledged_before_ = false;
  new_in_packet_ = duplicate_in_packet_ = refused_in_packet_ = false;
}

Tsn DataTracker::highest() const { return ranges_.empty() ? cumulative_ : ranges_.back().last; }

// How many ranges begin at or before `tsn`.
std::size_t DataTracker::ranges_before(Tsn tsn) const {
  // What arrives now most often belongs to the highest range.
  if (ranges_.empty() || !tsn.precedes(ranges_.back().first)) return ranges_.size();
  const auto behind =
      std::ranges::partition_point(ranges_, [&](const Range& r) { return !tsn.precedes(r.first); });
  return static_cast<std::size_t>(behind - ranges_.begin());
}

Arrival DataTracker::classify(Tsn tsn) const {
  if (!tsn.follows(cumulative_)) return Arrival::kDuplicate;
  if (static_cast<std::uint32_t>(tsn.since(cumulative_)) > kMaxAhead) return Arrival::kOutOfReach;
  const std::size_t at = ranges_before(tsn);
  if (at > 0 && !tsn.follows(ranges_[at - 1].last)) return Arrival::kDuplicate;
  const bool joins = tsn == cumulative_.next() || (at > 0 && tsn == ranges_[at - 1].last.next()) ||
                     (at < ranges_.size() && tsn.next() == ranges_[at].first);
  return joins || ranges_.size() < kMaxRanges ? Arrival::kNew : Arrival::kOutOfReach;
}

Arrival DataTracker::receive(Tsn tsn) {
  const Arrival arrival = classify(tsn);
  if (arrival == Arrival::kDuplicate) {
    duplicate_in_packet_ = true;
    // RFC 9260 §6.2: how often a TSN came in vain tells the sender about lost SACKs.
    if (duplicates_.size() < kMaxDuplicates) duplicates_.push_back(tsn);
    return arrival;
  }
  if (arrival == Arrival::kOutOfReach) {
    refused_in_packet_ = true;
    return arrival;
  }
  new_in_packet_ = true;
  if (tsn == cumulative_.next()) {
    cumulative_ = tsn;
    advance();
    return arrival;
  }
  const std::size_t at = ranges_before(tsn);
  const bool behind = at > 0 && ranges_[at - 1].last.next() == tsn;
  const bool before = at < ranges_.size() && tsn.next() == ranges_[at].first;
  const auto here = ranges_.begin() + static_cast<std::ptrdiff_t>(at);
  if (behind && before) {
    ranges_[at - 1].last = ranges_[at].last;
    ranges_.erase(here);
  } else if (behind) {
    ranges_[at - 1].last = tsn;
  } else if (before) {
    ranges_[at].first = tsn;
  } else {
    ranges_.insert(here, Range{tsn, tsn});
  }
  return arrival;
}

void DataTracker::refuse() { refused_in_packet_ = true; }

// Swallows the ranges that the cumulative point has reached.
void DataTracker::advance() {
  std::size_t reached = 0;
  while (reached < ranges_.size() && !ranges_[reached].first.follows(cumulative_.next())) {
    if (ranges_[reached].last.follows(cumulative_)) cumulative_ = ranges_[reached].last;
    ++reached;
  }
  ranges_.erase(ranges_.begin(), ranges_.begin() + static_cast<std::ptrdiff_t>(reached));
}

bool DataTracker::skip_to(Tsn tsn) {
  if (!tsn.follows(cumulative_)) {
    // RFC 3758 §3.6: the SACK that answered it may have been lost.
    trace_.rule("3758:3.6#4"_rule, Fact{"cumulative", cumulative_.value()});
    due_ = SackDue::kNow;
    return false;
  }
  trace_.rule("3758:3.6#2"_rule, Fact{"cumulative", tsn.value()});
  cumulative_ = tsn;
  advance();
  new_in_packet_ = true;
  return true;
}

void DataTracker::end_of_packet(bool immediate) {
  const bool anything = new_in_packet_ || duplicate_in_packet_ || refused_in_packet_;
  if (!anything) return;
  ++packets_unacknowledged_;
  if (due_ == SackDue::kNo) due_ = SackDue::kSoon;
  if (!acknowledged_before_) {
    // The sender measures its first round trip with it.
    trace_.rule("9260:5.1#18"_rule);
    due_ = SackDue::kNow;
  } else if (refused_in_packet_) {
    trace_.rule("9260:6.2#4"_rule);
    due_ = SackDue::kNow;
  } else if (duplicate_in_packet_ && !new_in_packet_) {
    trace_.rule("9260:6.2#21"_rule);
    due_ = SackDue::kNow;
  } else if (!ranges_.empty()) {
    trace_.rule("9260:6.7#1"_rule, Fact{"first_missing", cumulative_.next().value()});
    due_ = SackDue::kNow;
  } else if (immediate) {
    trace_.rule("9260:6.2#20"_rule);
    due_ = SackDue::kNow;
  } else if (packets_unacknowledged_ >= 2) {
    trace_.rule("9260:6.2#8"_rule, Fact{"packets", packets_unacknowledged_});
    due_ = SackDue::kNow;
  }
  new_in_packet_ = duplicate_in_packet_ = refused_in_packet_ = false;
}

std::span<const GapBlock> DataTracker::gaps(std::size_t max_gaps) {
  blocks_.clear();
  // RFC 9260 §6.7: where not all fit, the lowest ones are reported.
  if (ranges_.size() > max_gaps)
    trace_.rule("9260:6.7#7"_rule, Fact{"left_out", ranges_.size() - max_gaps});
  for (const Range& range : ranges_) {
    if (blocks_.size() == max_gaps) break;
    blocks_.push_back({static_cast<std::uint16_t>(range.first.since(cumulative_)),
                       static_cast<std::uint16_t>(range.last.since(cumulative_))});
  }
  return blocks_;
}

void DataTracker::sack_sent() {
  due_ = SackDue::kNo;
  packets_unacknowledged_ = 0;
  acknowledged_before_ = true;
  duplicates_.clear();
}

}  // namespace glass::sctp
