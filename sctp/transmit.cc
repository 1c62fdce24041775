// sctp/transmit.cc - what goes into the next packet.
//
// RFC 9260 §6.1 (rules A to D), §6.10 (bundling: control first, DATA by TSN); RFC 3758 §3.5.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "sctp/association.h"
#include "sctp/chunks/control.h"
#include "sctp/chunks/data.h"
#include "sctp/chunks/forward_tsn.h"
#include "sctp/chunks/init.h"
#include "sctp/chunks/sack.h"
#include "sctp/packet.h"
#include "sctp/rx/data_tracker.h"
#include "sctp/tlv.h"
#include "sctp/tx/send_queue.h"
#include "sctp/types.h"

namespace glass::sctp {
namespace {

// A driver that wakes late may catch up on so much time.
constexpr Duration kPacingCredit = 1ms;

}  // namespace

bool Association::poll_transmit(Instant now, PacketBuffer& out) {
  CHECK(out.empty());
  if (emit_standalone(out) || emit_init(out)) return true;
  if (over_ || machine_.is<InClosed>() || machine_.is<CookieWait>()) return false;
  // RFC 9260 §5.1: until the COOKIE ACK, nothing but COOKIE ECHO and what is bundled with it.
  if (machine_.is<CookieEchoed>() && !cookie_echo_due_) return false;
  give_up_expired(now);
  prepare_reset(now);
  Writer writer(out);
  write(writer, CommonHeader{.source_port = config_.local_port,
                             .destination_port = config_.remote_port,
                             .tag = peer_.tag});
  // RFC 9653 §5.2: never where a COOKIE ECHO is in the packet.
  const bool needs_checksum = !peer_.zero_checksum || cookie_echo_due_;
  write_control(now, writer);
  write_data(now, writer);
  if (writer.size() == kCommonHeader) {
    out.truncate(0);
    burst_left_ = 0;
    probe_later(now);
    pace_later(now);
    return false;
  }
  if (needs_checksum) seal_packet(out.bytes());
  return true;
}

bool Association::emit_standalone(PacketBuffer& out) {
  if (standalone_.empty()) return false;
  const Standalone& next = standalone_.front();
  Writer writer(out);
  write(writer, CommonHeader{.source_port = config_.local_port,
                             .destination_port = config_.remote_port,
                             .tag = next.tag});
  writer.bytes(next.chunk);
  seal_packet(out.bytes());
  standalone_.pop_front();
  return true;
}

bool Association::emit_init(PacketBuffer& out) {
  if (!init_due_) return false;
  init_due_ = false;
  trace_.rule("9260:8.5.1#1"_rule);
  Writer writer(out);
  write(writer, CommonHeader{.source_port = config_.local_port,
                             .destination_port = config_.remote_port,
                             .tag = VerificationTag{}});
  write(writer, ChunkType::kInit, our_init());
  seal_packet(out.bytes());
  return true;
}

std::size_t Association::room(const Writer& out) const {
  return config_.packet_size - std::min(config_.packet_size, out.size());
}

// RFC 9260 §6.10: control chunks stand before DATA, those of the handshake before all.
void Association::write_control(Instant now, Writer& out) {
  if (std::exchange(cookie_echo_due_, false))
    write_cookie_echo(out, machine_.in<CookieEchoed>()->cookie);
  if (std::exchange(cookie_ack_due_, false)) write_bare(out, ChunkType::kCookieAck);
  write_sack(now, out);
  while (!replies_.empty() && replies_.front().size() <= room(out)) {
    out.bytes(replies_.front());
    replies_.pop_front();
  }
  if (machine_.is<CookieEchoed>()) return;
  write_shutdown(now, out);
  constexpr std::size_t kHeartbeatSize = kTlvHeader + kTlvHeader + 8;
  if (heartbeat_due_ && room(out) >= kHeartbeatSize) {
    heartbeat_due_ = false;
    std::array<std::uint8_t, 8> info{};
    for (std::size_t i = 0; i < info.size(); ++i)
      info[i] = static_cast<std::uint8_t>(heartbeat_nonce_ >> (8 * i));
    write(out, ChunkType::kHeartbeat, HeartbeatChunk{.info = info});
  }
  write_reconfig_due(out);
  write_forward_tsn_due(now, out);
}

void Association::write_shutdown(Instant now, Writer& out) {
  if (shutdown_due_ && room(out) >= 8) {
    shutdown_due_ = false;
    write(out, ShutdownChunk{.cumulative = tracker_.cumulative()});
    start_t2(now);
  }
  if (shutdown_ack_due_ && room(out) >= kTlvHeader) {
    shutdown_ack_due_ = false;
    write_bare(out, ChunkType::kShutdownAck);
    start_t2(now);
  }
}

void Association::write_sack(Instant now, Writer& out) {
  if (tracker_.due() == SackDue::kNo || room(out) < kSackHeader) return;
  if (tracker_.due() == SackDue::kSoon) {
    if (!has_data_to_send(now)) return;
    // RFC 9260 §6.1: data that goes out anyway takes the SACK along.
    trace_.rule("9260:6.1#21"_rule);
  }
  told_window_ = advertised_window();
  const std::span<const GapBlock> gaps = tracker_.gaps((room(out) - kSackHeader) / 4);
  const std::size_t left = (room(out) - kSackHeader) / 4 - gaps.size();
  const std::span<const Tsn> duplicates = tracker_.duplicates();
  write(out, SackContent{.cumulative = tracker_.cumulative(),
                         .a_rwnd = told_window_,
                         .gaps = gaps,
                         .duplicates = duplicates.first(std::min(duplicates.size(), left))});
  tracker_.sack_sent();
  timers_.stop(Timer::kSack);
}

void Association::write_forward_tsn_due(Instant now, Writer& out) {
  const std::size_t entry = skipped_stream_size(peer_.interleaving);
  if (!forward_due_ || room(out) < kForwardTsnHeader + entry) return;
  forward_due_ = false;
  if (!outstanding_.advance_ack_point()) return;
  const std::span<const SkippedStream> skipped =
      outstanding_.skipped((room(out) - kForwardTsnHeader) / entry);
  if (!outstanding_.ack_point().follows(outstanding_.cumulative())) return;
  write_forward_tsn(out, outstanding_.ack_point(), skipped, peer_.interleaving);
  // RFC 3758 §3.5 C5: if it is lost, the timer sends it again.
  trace_.rule("3758:3.5#14"_rule);
  if (!timers_.is_running(Timer::kT3)) start_t3(now);
}

// Messages whose time is over go before anything is decided upon them.
void Association::give_up_expired(Instant now) {
  if (!peer_.forward_tsn || machine_.is<CookieEchoed>()) return;
  const Tsn before = outstanding_.ack_point();
  for (MessageId expired = queue_.expired_in_the_middle(now); expired != MessageId::kNone;
       expired = queue_.expired_in_the_middle(now)) {
    trace_.rule("3758:4.1#6"_rule);
    outstanding_.abandon_unfinished(expired);
  }
  if (outstanding_.has_lost()) (void)outstanding_.next_lost_size(now);
  if (outstanding_.advance_ack_point() && outstanding_.ack_point() != before) forward_due_ = true;
}

bool Association::may_send_data() const {
  return (in_sending_state() || machine_.is<CookieEchoed>()) &&
         (burst_left_ > 0 || fast_retransmit_due_);
}

// RFC 9260 §6.1, rule A. A window too small for the chunk counts as closed (silly windows).
bool Association::window_allows(std::size_t payload) const {
  return outstanding_.flight_payload() + payload <= peer_window_ || probe_due_;
}

bool Association::has_data_to_send(Instant now) {
  if (!may_send_data() || is_paced(now)) return false;
  if (outstanding_.has_lost() && fast_retransmit_due_) return true;
  if (outstanding_.flight() >= congestion_->cwnd()) return false;
  if (outstanding_.has_lost()) return true;
  const auto size = queue_.next_size(now);
  return size && window_allows(*size);
}

void Association::write_data(Instant now, Writer& out) {
  if (!may_send_data() || is_paced(now)) return;
  const std::size_t start = out.size();
  while (write_lost(now, out, start) || write_new(now, out, start)) {
  }
  if (out.size() == start) return;
  if (!std::exchange(fast_retransmit_due_, false)) --burst_left_;
  probe_due_ = false;
  pace(now, out.size());
  if (config_.loss_detection == LossDetection::kTime && !timers_.is_running(Timer::kProbe))
    probe_tail_later(now);
}

// RFC 9260 §6.1, rule C: what was lost goes first.
bool Association::write_lost(Instant now, Writer& out, std::size_t /*start*/) {
  if (!outstanding_.has_lost()) return false;
  if (outstanding_.flight() >= congestion_->cwnd() && !fast_retransmit_due_) return false;
  const auto size = outstanding_.next_lost_size(now);
  if (!size || outstanding_.on_the_wire(*size) > room(out)) return false;
  const DataChunk chunk = outstanding_.retransmit(now);
  trace_.rule("9260:6.1#14"_rule, Fact{"tsn", chunk.tsn.value()});
  write(out, chunk);
  const bool is_earliest = chunk.tsn == outstanding_.cumulative().next();
  if (is_earliest) trace_.rule("9260:6.1#24"_rule);
  if (is_earliest || !timers_.is_running(Timer::kT3)) start_t3(now);
  return true;
}

bool Association::write_new(Instant now, Writer& out, std::size_t start) {
  // Not before all that was lost is under way again, and not in the packet of a fast retransmit
  // that cwnd did not allow.
  if (outstanding_.has_lost() || burst_left_ == 0) return false;
  // RFC 9260 §6.1, rule B: cwnd may be passed by the end of one packet, not by its beginning.
  if (outstanding_.flight() >= congestion_->cwnd()) {
    trace_.rule("9260:6.1#11"_rule, Fact{"flight", outstanding_.flight()});
    return false;
  }
  const auto size = queue_.next_size(now);
  if (!size || outstanding_.on_the_wire(*size) > room(out)) return false;
  if (!window_allows(*size)) {
    trace_.rule("9260:6.1#3"_rule, Fact{"window", peer_window_});
    return false;
  }
  if (probe_due_ && out.size() > start) return false;  // one chunk is enough of a probe
  if (outstanding_.empty()) congestion_->on_idle(now - last_data_sent_, rto_.value());
  DataChunk chunk = outstanding_.send(now, queue_.pop());
  if (queue_.empty() && (machine_.is<ShutdownPending>() || !resets_wanted_.empty())) {
    // RFC 9260 §6.1: this SACK is waited for.
    trace_.rule("9260:6.1#29"_rule);
    chunk.immediate = true;
  }
  write(out, chunk);
  last_data_sent_ = now;
  // RFC 9260 §6.3.2, rule R1.
  if (!timers_.is_running(Timer::kT3) || probing_) {
    trace_.rule("9260:6.1#23"_rule);
    start_t3(now);
  }
  return true;
}

// Some controllers spread data over time. A fast retransmit and a probe do not wait for that.
bool Association::is_paced(Instant now) const {
  return now < paced_until_ && !fast_retransmit_due_ && !probe_due_;
}

void Association::pace(Instant now, std::size_t bytes) {
  const auto rate = congestion_->pacing_rate();
  if (!rate) return;
  const double seconds = static_cast<double>(bytes) / static_cast<double>(*rate);
  const Duration cost{static_cast<Duration::rep>(seconds * 1e9)};
  paced_until_ = std::max(paced_until_, now - std::min(kPacingCredit, now - Instant{})) +
                 std::min(cost, rto_.value());
}

void Association::pace_later(Instant now) {
  if (now >= paced_until_ || over_) return;
  if (outstanding_.has_lost() || !queue_.empty()) timers_.set(Timer::kPace, paced_until_);
}

void Association::start_t3(Instant now) { timers_.set(Timer::kT3, now + rto_.value()); }

// RFC 9260 §6.1: nothing is under way and the peer's window is closed. Asking again is up to us,
// for the SACK that opens it may be lost.
void Association::probe_later(Instant now) {
  if (!in_sending_state() || !outstanding_.empty() || timers_.is_running(Timer::kT3)) return;
  const auto size = queue_.next_size(now);
  if (!size || window_allows(*size)) return;
  probing_ = true;
  sack_since_probe_ = true;
  start_t3(now);
}

}  // namespace glass::sctp
