// sctp/shutdown.cc - ending together, with all data delivered.
//
// RFC 9260 §9.2.
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "sctp/association.h"
#include "sctp/chunks/control.h"
#include "sctp/config.h"
#include "sctp/packet.h"
#include "sctp/types.h"

namespace glass::sctp {

void Association::shutdown(Instant now) {
  if (over_) return;
  shutdown_wanted_ = true;
  if (machine_.is<InClosed>() || machine_.is<CookieWait>())
    return close(CloseReason::kShutdown, "ended before it began");
  if (!machine_.is<Established>()) return;  // COOKIE-ECHOED: once established
  machine_.move(ShutdownPending{});
  burst_left_ = config_.max_burst;
  continue_shutdown(now);
}

// Goes on as soon as the peer has acknowledged everything.
void Association::continue_shutdown(Instant now) {
  if (!outstanding_.empty() || !queue_.empty()) return;
  if (machine_.is<ShutdownPending>()) {
    machine_.move(ShutdownSent{});
    shutdown_due_ = true;
    // RFC 9260 §9.2: bounds the whole of it.
    trace_.rule("9260:9.2#14"_rule);
    timers_.set(Timer::kT5, now + 5 * config_.rto_max);
    timers_.stop(Timer::kHeartbeat);
    timers_.stop(Timer::kHeartbeatAck);
    start_t2(now);
  } else if (machine_.is<ShutdownReceived>()) {
    machine_.move(ShutdownAckSent{});
    shutdown_ack_due_ = true;
    timers_.stop(Timer::kHeartbeat);
    timers_.stop(Timer::kHeartbeatAck);
    start_t2(now);
  }
}

void Association::start_t2(Instant now) { timers_.set(Timer::kT2, now + rto_.value()); }

void Association::on_shutdown(Instant now, RawChunk& raw) {
  const auto chunk = parse_shutdown(raw);
  if (!chunk) return malformed(raw, chunk.error());
  if (machine_.is<CookieWait>() || machine_.is<CookieEchoed>())
    return trace_.drop("9260:9.2#26"_rule, "SHUTDOWN before the beginning", raw.bytes);
  if (machine_.is<ShutdownSent>()) {
    // Both began at the same time.
    shutdown_due_ = false;
    machine_.move(ShutdownAckSent{});
    shutdown_ack_due_ = true;
    return start_t2(now);
  }
  if (machine_.is<ShutdownAckSent>()) {
    shutdown_ack_due_ = true;  // ours was lost
    return;
  }
  const std::size_t flight_before = outstanding_.flight();
  // RFC 9260 §3.3.8: it says how far all has arrived, and nothing of gaps.
  trace_.rule("9260:3.3.8#2"_rule);
  const SackOutcome outcome = outstanding_.on_cumulative(now, chunk->cumulative);
  if (outcome.verdict == SackOutcome::Verdict::kNeverSent) {
    trace_.rule("9260:12.4#5"_rule);
    return abort_with(CauseCode::kProtocolViolation, as_bytes("SHUTDOWN for what was never sent"),
                      CloseReason::kProtocolViolation, "SHUTDOWN for what was never sent");
  }
  if (!machine_.is<ShutdownReceived>()) machine_.move(ShutdownReceived{});
  shutdown_wanted_ = true;
  if (outcome.verdict == SackOutcome::Verdict::kTaken) apply(now, outcome, flight_before);
  continue_shutdown(now);
}

void Association::on_shutdown_ack(Instant /*now*/, VerificationTag /*tag*/) {
  if (!machine_.is<ShutdownSent>() && !machine_.is<ShutdownAckSent>())
    return trace_.drop("9260:9.2#19"_rule, "SHUTDOWN ACK out of place", {});
  // RFC 9260 §8.5.1: with the peer's tag, for we still have an association.
  trace_.rule("9260:8.5.1#8"_rule);
  if (machine_.is<ShutdownAckSent>()) trace_.rule("9260:9.2#28"_rule);
  ByteVector chunk;
  Writer out(chunk);
  write_bare(out, ChunkType::kShutdownComplete);
  reply_alone(peer_.tag, std::move(chunk));
  close(CloseReason::kShutdown, "shut down");
}

void Association::on_shutdown_complete() {
  if (!machine_.is<ShutdownAckSent>())
    return trace_.drop("9260:8.5.1#11"_rule, "SHUTDOWN COMPLETE out of place", {});
  close(CloseReason::kShutdown, "shut down by the peer");
}

void Association::on_t2_expired(Instant now) {
  const bool is_shutdown = machine_.is<ShutdownSent>();
  trace_.rule(is_shutdown ? "9260:9.2#5"_rule : "9260:9.2#17"_rule);
  if (count_error("no answer to SHUTDOWN")) return;
  rto_.back_off();
  if (is_shutdown) {
    trace_.rule("9260:9.2#2"_rule);
    shutdown_due_ = true;
  } else {
    trace_.rule("9260:9.2#16"_rule);
    shutdown_ack_due_ = true;
  }
  start_t2(now);
}

}  // namespace glass::sctp
