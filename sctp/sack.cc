// sctp/sack.cc - acknowledgements come in, or do not.
//
// RFC 9260 §6.2.1 (SACK), §6.3.2 and §6.3.3 (T3-rtx), §8.1 (giving up); RFC 3758 §3.5 A4, A5.
#include "sctp/chunks/sack.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "sctp/association.h"
#include "sctp/causes/causes.h"
#include "sctp/config.h"
#include "sctp/packet.h"
#include "sctp/tx/congestion.h"
#include "sctp/tx/outstanding.h"

namespace glass::sctp {
namespace {

// Packets that a batch of SACKs may set free at once.
constexpr unsigned kMaxBurstCredit = 256;

}  // namespace

bool Association::in_sending_state() const {
  return machine_.is<Established>() || machine_.is<ShutdownPending>() ||
         machine_.is<ShutdownReceived>();
}

void Association::on_sack(Instant now, RawChunk& raw) {
  if (!in_sending_state() && !machine_.is<CookieEchoed>())
    return trace_.drop("9260:6#8"_rule, "SACK out of place", raw.bytes);
  const auto sack = parse_sack(raw);
  if (!sack) return malformed(raw, sack.error());
  const std::size_t flight_before = outstanding_.flight();
  const SackOutcome outcome = outstanding_.on_sack(now, *sack, congestion_->in_fast_recovery());
  if (outcome.verdict == SackOutcome::Verdict::kOld)
    return trace_.drop("9260:6.2.1#1"_rule, "SACK from before the last one", raw.bytes);
  if (outcome.verdict == SackOutcome::Verdict::kNeverSent) {
    // RFC 9260 §12.4: such a peer wants to be sent more than its path can take.
    trace_.rule("9260:12.4#5"_rule, Fact{"cumulative", sack->cumulative.value()});
    return abort_with(CauseCode::kProtocolViolation, as_bytes("SACK for what was never sent"),
                      CloseReason::kProtocolViolation, "SACK for what was never sent");
  }
  const bool opens = peer_window_ == 0 && sack->a_rwnd > 0;
  peer_window_ = sack->a_rwnd;
  sack_since_probe_ = true;
  if (opens && probing_ && !outcome.acknowledged) outstanding_.lose_all();  // the probe was refused
  if (peer_window_ > 0) probing_ = false;
  apply(now, outcome, flight_before);
}

void Association::apply(Instant now, const SackOutcome& outcome, std::size_t flight_before) {
  burst_left_ = std::min(burst_left_ + config_.max_burst, kMaxBurstCredit);
  if (outcome.acknowledged) {
    trace_.rule("9260:8.1#5"_rule);
    errors_ = 0;
  }
  if (outcome.round_trip) rto_.measure(*outcome.round_trip);
  if (outcome.acknowledged || outcome.advanced) note_progress(now, outcome, flight_before);
  if (outcome.advanced) congestion_->on_cumulative(outstanding_.cumulative());
  if (outcome.fast_retransmit) {
    if (!congestion_->in_fast_recovery()) {
      trace_.rule("9260:7.2.4#4"_rule);
      fast_retransmit_due_ = true;
    }
    congestion_->on_fast_retransmit(now, outstanding_.next_tsn().previous());
  }
  // RFC 3758 §3.5 C1 to C3.
  if (outstanding_.advance_ack_point()) {
    trace_.rule("3758:3.5#7"_rule, Fact{"ack_point", outstanding_.ack_point().value()});
    forward_due_ = true;
  }
  manage_t3(now, outcome);
  continue_shutdown(now);
}

void Association::note_progress(Instant now, const SackOutcome& outcome,
                                std::size_t flight_before) {
  congestion_->on_ack({.now = now,
                       .bytes = outcome.bytes_acked,
                       .flight_before = flight_before,
                       .flight_after = outstanding_.flight(),
                       .advanced = outcome.advanced,
                       .all_acked = outstanding_.empty(),
                       .highest = outstanding_.highest_acked(),
                       .next = outstanding_.next_tsn(),
                       .round_trip = outcome.newest_round_trip,
                       .smoothed = rto_.smoothed()});
  trace_.metric("cwnd", congestion_->cwnd());
  trace_.metric("flight", outstanding_.flight());
  tail_probed_ = false;
  probe_tail_later(now);
}

// After RFC 8985 §7, where Config::loss_detection asks for it: when nothing has come back for two
// round trips, the last chunk goes out once more, so that its SACK shows what is missing before it.
void Association::probe_tail_later(Instant now) {
  if (config_.loss_detection != LossDetection::kTime || tail_probed_) return;
  if (outstanding_.flight() == 0 || rto_.smoothed() == Duration{})
    return timers_.stop(Timer::kProbe);
  // A lone packet may wait for the other side's delayed SACK.
  const bool is_lone = outstanding_.flight() <= config_.packet_size;
  const Duration wait = 2 * rto_.smoothed() + (is_lone ? kMaxSackDelay : Duration{});
  timers_.set(Timer::kProbe, now + wait);
}

void Association::on_tail_silent() {
  tail_probed_ = true;
  if (!in_sending_state() || !outstanding_.lose_last()) return;
  fast_retransmit_due_ = true;
}

// RFC 9260 §6.3.2, rules R2 to R4.
void Association::manage_t3(Instant now, const SackOutcome& outcome) {
  if (outstanding_.empty()) {
    if (!probing_) timers_.stop(Timer::kT3);
  } else if (outcome.advanced) {
    trace_.rule("9260:6.3.2#0"_rule);
    timers_.set(Timer::kT3, now + rto_.value());
  } else if (outcome.reneged && !timers_.is_running(Timer::kT3)) {
    timers_.set(Timer::kT3, now + rto_.value());
  }
}

// RFC 9260 §6.3.3, rules E1 to E3.
void Association::on_t3_expired(Instant now) {
  // RFC 9260 §6.1: while a closed window answers our probes, nothing is wrong with the path.
  const bool answered_probe = peer_window_ == 0 && sack_since_probe_;
  sack_since_probe_ = false;
  if (answered_probe) {
    trace_.rule("9260:6.1#7"_rule);
  } else if (!outstanding_.empty() && count_error("no acknowledgement")) {
    return;
  }
  if (!outstanding_.empty()) {
    congestion_->on_timeout(now);
    outstanding_.lose_all();
    (void)outstanding_.next_lost_size(now);  // gives up what has had its chances
    if (outstanding_.advance_ack_point()) {
      trace_.rule("3758:3.5#15"_rule);
      forward_due_ = true;
    }
  } else {
    trace_.rule("9260:6.1#8"_rule);
    probe_due_ = true;
  }
  rto_.back_off();
  if (!outstanding_.empty()) timers_.set(Timer::kT3, now + rto_.value());
}

// RFC 9260 §8.1. One path only: its counter and the association's are the same (RFC 8261 §6.1).
// True: that was one too many, no association is left.
bool Association::count_error(std::string_view what) {
  if (++errors_ <= config_.association_max_retrans) return false;
  trace_.rule("9260:8.1#3"_rule, Fact{"errors", errors_});
  close(CloseReason::kUnreachable, what);
  return true;
}

}  // namespace glass::sctp
