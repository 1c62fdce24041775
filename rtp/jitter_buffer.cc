#include "rtp/jitter_buffer.h"

#include "base/check.h"

namespace glass::rtp {

JitterBuffer::JitterBuffer(const JitterConfig& config, Trace trace)
    : config_(config), trace_(trace), slots_(config.packets) {
  CHECK(config.packets > 0 && (config.packets & (config.packets - 1)) == 0);
  CHECK(config.packets <= 0x4000);
}

Inserted JitterBuffer::insert(Instant now, SequenceNumber sequence, Bytes datagram) {
  Inserted result = Inserted::kHeld;
  if (!is_begun_) {
    is_begun_ = true;
    next_ = sequence;
  }
  const int ahead = sequence.since(next_);
  if (ahead < 0) {
    trace_.rule("3550:5.1#0"_rule, Fact{"late", sequence.value()});
    return Inserted::kLate;
  }
  if (static_cast<std::size_t>(ahead) >= slots_.size()) {
    // What is held lies too far behind to be joined: the source goes on from here.
    for (Slot& old : slots_) old.is_used = false;
    held_ = 0;
    lost_ = static_cast<std::uint16_t>(lost_ + ahead);
    next_ = sequence;
    trace_.rule("3550:5.1#0"_rule, Fact{"restart at", sequence.value()});
    result = Inserted::kRestart;
  }
  Slot& place = slot(sequence);
  if (place.is_used) return Inserted::kDuplicate;
  place.is_used = true;
  place.sequence = sequence;
  place.arrived_at = now;
  place.bytes.assign(datagram.begin(), datagram.end());
  ++held_;
  return result;
}

SequenceNumber JitterBuffer::first_held() const {
  SequenceNumber first = next_;
  while (!slot(first).is_used) first = first.next();
  return first;
}

std::optional<InOrder> JitterBuffer::pop(Instant now) {
  if (held_ == 0) return std::nullopt;
  const SequenceNumber first = first_held();
  if (first != next_) {
    if (slot(first).arrived_at + config_.wait > now) return std::nullopt;
    lost_ = static_cast<std::uint16_t>(lost_ + first.since(next_));
    trace_.rule("3550:5.1#0"_rule,
                Fact{"given up", static_cast<std::uint64_t>(first.since(next_))});
  }
  Slot& place = slot(first);
  place.is_used = false;
  --held_;
  next_ = first.next();
  const auto packet = parse_packet(place.bytes);
  CHECK(packet.has_value());
  InOrder out{.lost = lost_, .packet = *packet};
  lost_ = 0;
  return out;
}

Instant JitterBuffer::next_time() const {
  if (held_ == 0) return kNever;
  const SequenceNumber first = first_held();
  return first == next_ ? slot(first).arrived_at : slot(first).arrived_at + config_.wait;
}

}  // namespace glass::rtp
