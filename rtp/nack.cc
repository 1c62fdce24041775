#include "rtp/nack.h"

#include <algorithm>
#include <utility>

namespace glass::rtp {

NackGenerator::NackGenerator(const NackConfig& config, Trace trace)
    : config_(config), trace_(trace) {
  missing_.reserve(config.missing_max);
  asked_.reserve(config.missing_max);
}

// The oldest are given up: what refers to them cannot be decoded any more.
void NackGenerator::give_up(std::size_t count) {
  if (count == 0) return;
  missing_.erase(missing_.begin(), missing_.begin() + static_cast<std::ptrdiff_t>(count));
  needs_key_frame_ = true;
  trace_.rule("4585:6.3.1#0"_rule, Fact{"given up", count});
}

void NackGenerator::receive(Instant now, SequenceNumber sequence) {
  if (!is_begun_) {
    is_begun_ = true;
    highest_ = sequence;
    return;
  }
  if (!sequence.follows(highest_)) {
    std::erase_if(missing_, [&](const Missing& one) { return one.sequence == sequence; });
    return;
  }
  const auto gap = static_cast<std::size_t>(sequence.since(highest_) - 1);
  if (gap > config_.missing_max) {
    give_up(missing_.size());
    needs_key_frame_ = true;
  } else {
    if (missing_.size() + gap > config_.missing_max)
      give_up(missing_.size() + gap - config_.missing_max);
    for (SequenceNumber lost = highest_.next(); lost != sequence; lost = lost.next())
      missing_.push_back({.sequence = lost, .since = now, .ask_at = now});
  }
  highest_ = sequence;
  std::size_t far = 0;
  while (far < missing_.size() && highest_.since(missing_[far].sequence) > config_.reach) ++far;
  give_up(far);
}

std::span<const SequenceNumber> NackGenerator::due(Instant now) {
  const std::size_t before = missing_.size();
  std::erase_if(missing_, [&](const Missing& one) {
    return one.asked >= config_.asks_max || now - one.since > config_.age_max;
  });
  if (missing_.size() < before) {
    needs_key_frame_ = true;
    trace_.rule("4585:6.3.1#0"_rule, Fact{"given up", before - missing_.size()});
  }
  asked_.clear();
  const Duration wait = std::max(round_trip_, config_.ask_again_min);
  for (Missing& one : missing_) {
    if (one.ask_at > now) continue;
    one.ask_at = now + wait;
    ++one.asked;
    asked_.push_back(one.sequence);
  }
  if (!asked_.empty()) trace_.rule("4588:6.3#1"_rule, Fact{"packets", asked_.size()});
  return asked_;
}

Instant NackGenerator::next_time() const {
  Instant earliest = kNever;
  for (const Missing& one : missing_) earliest = std::min(earliest, one.ask_at);
  return earliest;
}

bool NackGenerator::is_missing(SequenceNumber sequence) const {
  return std::ranges::find(missing_, sequence, &Missing::sequence) != missing_.end();
}

bool NackGenerator::take_key_frame_needed() { return std::exchange(needs_key_frame_, false); }

}  // namespace glass::rtp
