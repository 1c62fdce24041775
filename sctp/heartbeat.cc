// sctp/heartbeat.cc - is anybody there while nothing is said?
//
// RFC 9260 §8.3 (one path).
#include <cstdint>
#include <utility>

#include "base/bytes.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "sctp/association.h"
#include "sctp/chunks/control.h"
#include "sctp/packet.h"

namespace glass::sctp {

// RFC 9260 §8.3: once per HB.interval plus RTO, the RTO varied by half of it either way, so that
// many associations do not beat together.
void Association::start_heartbeats(Instant now) {
  const auto half = static_cast<std::uint32_t>(rto_.value() / 2 / 1us);
  const Duration jitter = random_.below(2 * half + 1) * Duration{1us};
  trace_.rule("9260:8.3#14"_rule);
  timers_.set(Timer::kHeartbeat, now + config_.heartbeat_interval + rto_.value() / 2 + jitter);
}

void Association::on_heartbeat_due(Instant now) {
  // RFC 9260 §8.3: heartbeats end when the shutdown begins; data in flight makes them needless.
  if (!machine_.is<Established>() && !machine_.is<ShutdownPending>()) return;
  start_heartbeats(now);
  if (!outstanding_.empty() || timers_.is_running(Timer::kHeartbeatAck)) return;
  trace_.rule("9260:8.3#1"_rule);
  heartbeat_nonce_ = random_.u64();
  heartbeat_sent_ = now;
  heartbeat_due_ = true;
  timers_.set(Timer::kHeartbeatAck, now + rto_.value());
}

void Association::on_heartbeat_unanswered(Instant now) {
  trace_.rule("9260:8.3#4"_rule);
  if (count_error("no answer to heartbeats")) return;
  // Faster than the interval once doubt has begun, and slower with each time.
  rto_.back_off();
  timers_.set(Timer::kHeartbeat, now + rto_.value());
}

void Association::on_heartbeat(RawChunk& raw) {
  const auto chunk = parse_heartbeat(raw);
  if (!chunk) return malformed(raw, chunk.error());
  if (raw.bytes.size() > config_.packet_size - kCommonHeader)
    return malformed(raw, ChunkError::kBadLength);
  trace_.rule("9260:8.3#9"_rule);
  ByteVector answer;
  Writer out(answer);
  {
    // All that it held goes back, be it known to us or not.
    const Tlv tlv(out, std::to_underlying(ChunkType::kHeartbeatAck), 0);
    out.bytes(raw.bytes.subspan(kTlvHeader));
  }
  reply(std::move(answer));
}

void Association::on_heartbeat_ack(Instant now, RawChunk& raw) {
  const auto chunk = parse_heartbeat(raw);
  if (!chunk) return malformed(raw, chunk.error());
  std::uint64_t nonce = 0;
  for (std::size_t i = chunk->info.size(); i-- > 0;) nonce = nonce << 8 | chunk->info[i];
  if (!timers_.is_running(Timer::kHeartbeatAck) || chunk->info.size() != sizeof nonce ||
      nonce != heartbeat_nonce_)
    return trace_.drop("9260:8.3#0"_rule, "answer to no heartbeat of ours", raw.bytes);
  timers_.stop(Timer::kHeartbeatAck);
  trace_.rule("9260:8.3#12"_rule);
  errors_ = 0;
  trace_.rule("9260:8.3#13"_rule);
  rto_.measure(now - heartbeat_sent_);
}

}  // namespace glass::sctp
