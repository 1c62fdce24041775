// sctp/association.cc - commands, events, timers, and the end.
#include "sctp/association.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "sctp/causes/causes.h"
#include "sctp/chunks/control.h"
#include "sctp/chunks/data.h"
#include "sctp/config.h"
#include "sctp/packet.h"
#include "sctp/rx/inbox.h"
#include "sctp/tlv.h"
#include "sctp/types.h"

namespace glass::sctp {
namespace {

// Holds whatever a caller wrote to what the formats and buffers can carry.
Config checked(Config config) {
  config.packet_size = std::clamp(config.packet_size, kMinPacketSize, kMaxPacketSize) / 4 * 4;
  config.outbound_streams = std::max<std::uint16_t>(config.outbound_streams, 1);
  config.inbound_streams = std::max<std::uint16_t>(config.inbound_streams, 1);
  config.receive_window = std::max(config.receive_window, kMinReceiveWindow);
  config.max_receive_window = std::max(config.max_receive_window, config.receive_window);
  config.max_burst = std::max(config.max_burst, 1U);
  config.sack_delay = std::min(config.sack_delay, kMaxSackDelay);
  return config;
}

// RFC 9260 §6.9: what the headers leave of a packet.
std::size_t fragment_size(const Config& config) {
  // Cut before it is known which of the two the peer wants.
  const std::size_t header = config.interleaving ? kInterleavedDataHeader : kDataHeader;
  return config.packet_size - kCommonHeader - header;
}

std::size_t data_chunk_size(const Config& config) { return config.packet_size - kCommonHeader; }

}  // namespace

std::string_view name(AssociationTimer timer) {
  switch (timer) {
    case AssociationTimer::kT1: return "T1-init";
    case AssociationTimer::kT2: return "T2-shutdown";
    case AssociationTimer::kT3: return "T3-rtx";
    case AssociationTimer::kT5: return "T5-shutdown-guard";
    case AssociationTimer::kSack: return "SACK.Delay";
    case AssociationTimer::kHeartbeat: return "HB.interval";
    case AssociationTimer::kHeartbeatAck: return "HEARTBEAT ACK";
    case AssociationTimer::kReconfig: return "re-configuration";
    case AssociationTimer::kPace: return "pacing";
    case AssociationTimer::kProbe: return "tail probe";
  }
  return "timer";
}

Association::Association(const Config& config, Random& random, const Trace& trace)
    : config_(checked(config)),
      random_(random),
      trace_(trace),
      machine_("association", trace),
      timers_(trace),
      jar_(random),
      inbox_(blocks_),
      queue_({.fragment_size = fragment_size(config_),
              .limit = config_.send_buffer,
              .scheduling = config_.scheduling},
             blocks_, inbox_, trace),
      outstanding_(queue_, blocks_, trace),
      congestion_(make_congestion(config_.congestion, data_chunk_size(config_), trace)),
      rto_(config_, trace),
      tracker_(trace),
      reassembly_(config_.max_message_size, blocks_, inbox_, trace),
      window_limit_(config_.receive_window) {
  outstanding_.detect_losses(config_.loss_detection);
}

void Association::set_remote(std::uint16_t remote_port, std::size_t max_message_size) {
  config_.remote_port = remote_port;
  config_.max_send_message_size = max_message_size;
}

bool Association::is_closing() const {
  return over_ || shutdown_wanted_ || machine_.is<ShutdownPending>() ||
         machine_.is<ShutdownSent>() || machine_.is<ShutdownReceived>() ||
         machine_.is<ShutdownAckSent>();
}

Result<void, SendError> Association::send(Instant now, const SendOptions& options, Bytes message) {
  // RFC 9260 §4: no new data once the shutdown began.
  if (is_closing()) {
    trace_.rule("9260:9.2#23"_rule);
    return std::unexpected(SendError::kClosed);
  }
  if (message.empty()) return std::unexpected(SendError::kEmpty);
  if (message.size() > config_.max_send_message_size) {
    trace_.rule("8841:6.1#1"_rule, Fact{"bytes", message.size()});
    return std::unexpected(SendError::kTooLarge);
  }
  const bool streams_known = tag_ != VerificationTag{} && peer_.tag != VerificationTag{};
  const std::uint16_t streams = streams_known ? peer_.inbound_streams : config_.outbound_streams;
  if (options.stream.value() >= streams) {
    trace_.rule("9260:6.5#1"_rule, Fact{"stream", options.stream.value()});
    return std::unexpected(SendError::kBadStream);
  }
  burst_left_ = std::max(burst_left_, config_.max_burst);
  return queue_.push(now, options, message);
}

std::uint64_t Association::buffered_amount(StreamId stream) const {
  return queue_.buffered(stream);
}
void Association::set_low_water(StreamId stream, std::uint64_t amount) {
  queue_.set_low_water(stream, amount);
}
void Association::set_priority(StreamId stream, std::uint16_t priority) {
  queue_.set_priority(stream, priority);
}

void Association::abort(Instant /*now*/, std::string_view reason) {
  if (over_) return;
  // RFC 9260 §9.1: the peer learns the reason that our user gives.
  trace_.rule("9260:9.1#3"_rule);
  const Bytes text = as_bytes(reason).first(std::min(reason.size(), kMaxReasonSize));
  abort_with(CauseCode::kUserInitiatedAbort, text, CloseReason::kAbortedHere, reason);
}

std::optional<Association::Event> Association::poll_event() {
  auto event = inbox_.pop();
  update_window();
  return event;
}

void Association::on_time(Instant now) {
  while (const auto timer = timers_.pop_expired(now)) on_timer(now, *timer);
}

void Association::on_timer(Instant now, Timer timer) {
  burst_left_ = std::max(burst_left_, config_.max_burst);
  switch (timer) {
    case Timer::kT1: return on_t1_expired(now);
    case Timer::kT2: return on_t2_expired(now);
    case Timer::kT3: return on_t3_expired(now);
    case Timer::kT5:
      trace_.rule("9260:9.2#13"_rule);
      return abort_with(CauseCode::kUserInitiatedAbort, {}, CloseReason::kUnreachable,
                        "the shutdown took too long");
    case Timer::kSack: return tracker_.want_sack_now();
    case Timer::kHeartbeat: return on_heartbeat_due(now);
    case Timer::kHeartbeatAck: return on_heartbeat_unanswered(now);
    case Timer::kReconfig: return on_reconfig_expired(now);
    case Timer::kPace: return;  // poll_transmit() goes on
    case Timer::kProbe: return on_tail_silent();
  }
}

void Association::close(CloseReason reason, std::string_view text) {
  if (over_) return;
  over_ = true;
  if (!machine_.is<InClosed>()) machine_.move(InClosed{});
  for (std::size_t i = 0; i <= std::to_underlying(Timer::kProbe); ++i)
    timers_.stop(static_cast<Timer>(i));
  outstanding_.clear();
  queue_.clear();
  reassembly_.clear();
  replies_.clear();
  init_due_ = cookie_echo_due_ = cookie_ack_due_ = shutdown_due_ = shutdown_ack_due_ = false;
  resets_wanted_.clear();
  reset_.reset();
  inbox_.push(Closed{.reason = reason, .text = std::string(text)});
}

// RFC 9260 §9.1: an ABORT says why, and there is no association afterwards.
void Association::abort_with(CauseCode code, Bytes info, CloseReason reason,
                             std::string_view text) {
  if (peer_.tag != VerificationTag{}) {
    trace_.rule("9260:9.1#1"_rule, Fact{"cause", to_text(code)});
    const Cause cause{.code = code, .info = info};
    reply_abort(peer_.tag, false, &cause);
  }
  close(reason, text);
}

void Association::reply(ByteVector chunk) {
  // A peer that asks for more answers than this at once does not need them all.
  if (replies_.size() < kMaxReplies) replies_.push_back(std::move(chunk));
}

void Association::reply_error(const Cause& cause) {
  const std::size_t fits = config_.packet_size - kCommonHeader - 2 * kTlvHeader;
  ByteVector chunk;
  Writer out(chunk);
  {
    const Tlv tlv(out, std::to_underlying(ChunkType::kError), 0);
    write(out,
          Cause{.code = cause.code, .info = cause.info.first(std::min(cause.info.size(), fits))});
  }
  reply(std::move(chunk));
}

void Association::reply_alone(VerificationTag tag, ByteVector chunk) {
  CHECK(chunk.size() <= config_.packet_size - kCommonHeader);
  if (standalone_.size() < kMaxReplies) standalone_.push_back({tag, std::move(chunk)});
}

void Association::reply_abort(VerificationTag tag, bool reflected, const Cause* cause) {
  const std::size_t fits = config_.packet_size - kCommonHeader - 2 * kTlvHeader;
  ByteVector chunk;
  Writer out(chunk);
  {
    const Tlv tlv(out, std::to_underlying(ChunkType::kAbort), reflected ? kTagReflected : 0);
    if (cause != nullptr)
      write(out, Cause{.code = cause->code,
                       .info = cause->info.first(std::min(cause->info.size(), fits))});
  }
  reply_alone(tag, std::move(chunk));
}

}  // namespace glass::sctp
