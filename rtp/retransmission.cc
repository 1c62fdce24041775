#include "rtp/retransmission.h"

#include <algorithm>

#include "base/check.h"

namespace glass::rtp {

RetransmissionBuffer::RetransmissionBuffer(const RetransmissionConfig& config, Trace trace)
    : config_(config),
      trace_(trace),
      slots_(config.packets),
      budget_(static_cast<double>(config.octets_per_second)) {
  CHECK(config.packets > 0 && (config.packets & (config.packets - 1)) == 0);
}

void RetransmissionBuffer::store(Instant now, SequenceNumber sequence, Bytes packet) {
  Slot& place = slot(sequence);
  place.is_used = true;
  place.sequence = sequence;
  place.sent_at = now;
  place.was_again = false;
  place.bytes.assign(packet.begin(), packet.end());
}

// A bucket of one second.
void RetransmissionBuffer::earn(Instant now) {
  const double seconds = static_cast<double>((now - earned_at_).count()) / 1e9;
  const auto full = static_cast<double>(config_.octets_per_second);
  budget_ = std::min(full, budget_ + seconds * full);
  earned_at_ = now;
}

std::optional<Bytes> RetransmissionBuffer::request(Instant now, SequenceNumber sequence,
                                                   Duration round_trip) {
  Slot& place = slot(sequence);
  if (!place.is_used || place.sequence != sequence || now - place.sent_at > config_.age_max) {
    trace_.rule("4585:4.2#8"_rule, Fact{"gone", sequence.value()});
    return std::nullopt;
  }
  // It may be on its way: whoever asks twice within a round trip has not seen it yet.
  if (place.was_again && now - place.again_at < round_trip) return std::nullopt;
  earn(now);
  if (budget_ < static_cast<double>(place.bytes.size())) {
    trace_.rule("4588:7#3"_rule, Fact{"too much", sequence.value()});
    return std::nullopt;
  }
  budget_ -= static_cast<double>(place.bytes.size());
  place.was_again = true;
  place.again_at = now;
  trace_.rule("4585:6.2.1#0"_rule, Fact{"again", sequence.value()});
  return place.bytes;
}

}  // namespace glass::rtp
