#include "rtp/pacer.h"

#include <algorithm>

namespace glass::rtp {

Pacer::Pacer(const PacerConfig& config, Trace trace)
    : config_(config), trace_(trace), blocks_(kPacketMax, 64) {}

bool Pacer::push(Instant now, PacketKind kind, Bytes packet) {
  Ring<Entry>& queue = queues_.at(static_cast<std::size_t>(kind));
  if (packet.size() > kPacketMax || queue.size() >= config_.packets_max) {
    trace_.metric("pacer_refused", packet.size());
    return false;
  }
  if (waiting_ == 0) earn(now);
  queue.push_back({.block = blocks_.store(packet), .since = now});
  ++waiting_;
  octets_ += packet.size();
  trace_.metric("pacer_octets", octets_);
  return true;
}

// The pace, or what empties the queue in queue_max if that is more.
double Pacer::octets_per_second() const {
  const double pace = static_cast<double>(config_.bits_per_second) / 8;
  const double wait = static_cast<double>(config_.queue_max.count()) / 1e9;
  return std::max({pace, static_cast<double>(octets_) / wait, 1.0});
}

void Pacer::earn(Instant now) {
  const double seconds = static_cast<double>((now - earned_at_).count()) / 1e9;
  const double rate = octets_per_second();
  const double most = rate * static_cast<double>(config_.burst.count()) / 1e9;
  credit_ = std::min(most, credit_ + seconds * rate);
  earned_at_ = now;
}

std::optional<Bytes> Pacer::pop(Instant now) {
  if (lent_) blocks_.release(*lent_);
  lent_.reset();
  if (waiting_ == 0) return std::nullopt;
  earn(now);
  if (credit_ < 0) return std::nullopt;
  for (Ring<Entry>& queue : queues_) {
    if (queue.empty()) continue;
    lent_ = queue.front().block;
    queue.pop_front();
    const Bytes packet = blocks_.bytes(*lent_);
    --waiting_;
    octets_ -= packet.size();
    credit_ -= static_cast<double>(packet.size());
    return packet;
  }
  return std::nullopt;
}

Instant Pacer::next_time() const {
  if (waiting_ == 0) return kNever;
  if (credit_ >= 0) return earned_at_;
  // Rounded up, so that the credit is there when the time comes.
  return earned_at_ + Duration(static_cast<std::int64_t>(-credit_ / octets_per_second() * 1e9) + 1);
}

}  // namespace glass::rtp
