// sctp/receive.cc - a packet arrives: is it ours, and who handles its chunks?
//
// RFC 9260 §6.8 (checksum), §8.4 (out of the blue), §8.5 (verification tags), §6.10 (bundles).
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "sctp/association.h"
#include "sctp/causes/causes.h"
#include "sctp/chunks/control.h"
#include "sctp/chunks/error_code.h"
#include "sctp/config.h"
#include "sctp/packet.h"
#include "sctp/parameters/parameters.h"
#include "sctp/rx/data_tracker.h"
#include "sctp/types.h"

namespace glass::sctp {

void Association::receive(Instant now, MutableBytes bytes) {
  inbox_.release();
  const Bytes packet = bytes;
  if (!is_intact(packet)) return trace_.drop("9260:6.8#4"_rule, "wrong checksum", packet);
  Reader in(packet);
  const CommonHeader header = parse_common_header(in);
  if (!is_for_us(header, packet)) return;
  ChunkWalk chunks(in);
  ChunkWalk look(in);
  auto first = look.next();
  if (!first) return trace_.drop("9260:6.10#7"_rule, "no whole chunk", packet);

  if (first->type == ChunkType::kInit) {
    // RFC 9260 §12.3: alone and with no tag, or not at all.
    if (!look.is_done() || header.tag != VerificationTag{})
      return trace_.drop("9260:12.3#2"_rule, "INIT in company or with a tag", packet);
    return on_init(now, *first);
  }
  if (header.tag == VerificationTag{})
    return trace_.drop("9260:8.5.1#3"_rule, "no verification tag", packet);
  const bool is_known = !machine_.is<InClosed>();
  const bool is_setup = machine_.is<CookieWait>() || machine_.is<CookieEchoed>();
  const bool is_cookie = first->type == ChunkType::kCookieEcho && !over_;
  if (!is_cookie && (!is_known || (is_setup && first->type == ChunkType::kShutdownAck)))
    return on_out_of_the_blue(now, header, *first, packet);
  if (!is_cookie && !check_tag(header, *first, packet)) return;
  if (first->type == ChunkType::kInitAck && !look.is_done())
    return trace_.drop("9260:6.10#8"_rule, "INIT ACK in company", packet);
  Arriving arriving{.tag = header.tag};
  walk(now, arriving, chunks);
  burst_left_ = std::max(burst_left_, config_.max_burst);
  if (!over_) after_packet(now, arriving);
}

// RFC 9653 §5.3: where we said that DTLS is enough, no checksum is needed; a wrong one stays wrong.
bool Association::is_intact(Bytes packet) const {
  if (has_right_checksum(packet)) return true;
  return config_.zero_checksum && has_no_checksum(packet);
}

bool Association::is_for_us(const CommonHeader& header, Bytes packet) const {
  if (header.source_port == 0) {
    trace_.drop("9260:3.1#1"_rule, "source port 0", packet);
    return false;
  }
  if (header.destination_port == 0) {
    trace_.drop("9260:3.1#2"_rule, "destination port 0", packet);
    return false;
  }
  if (header.source_port != config_.remote_port || header.destination_port != config_.local_port) {
    trace_.drop("9260:1.3#3"_rule, "ports of another association", packet);
    return false;
  }
  return true;
}

// RFC 9260 §8.5 and its exceptions in §8.5.1.
bool Association::check_tag(const CommonHeader& header, const RawChunk& first, Bytes packet) {
  const bool reflects =
      first.type == ChunkType::kAbort || first.type == ChunkType::kShutdownComplete;
  if (!reflects || (first.flags & kTagReflected) == 0) {
    if (header.tag == tag_) return true;
    trace_.drop("9260:8.5#3"_rule, "foreign verification tag", packet);
    return false;
  }
  // The sender had no tag of ours at hand and gave us the one that we had written.
  if (header.tag == peer_.tag) return true;
  if (first.type == ChunkType::kAbort) {
    trace_.drop("9260:8.5.1#7"_rule, "ABORT reflects a foreign tag", packet);
  } else {
    trace_.drop("9260:8.5.1#10"_rule, "SHUTDOWN COMPLETE reflects a foreign tag", packet);
  }
  return false;
}

void Association::walk(Instant now, Arriving& packet, ChunkWalk& chunks) {
  while (auto raw = chunks.next()) {
    if (dispatch(now, packet, *raw) == Next::kStop) return;
    if (over_) return;
  }
  // RFC 9260 §6.10: a partial chunk is dropped, those before it stand.
  if (chunks.is_broken()) trace_.drop("9260:6.10#7"_rule, "partial chunk", chunks.rest());
}

Association::Next Association::dispatch(Instant now, Arriving& packet, RawChunk& raw) {
  switch (raw.type) {
    case ChunkType::kData:
    case ChunkType::kInterleavedData: return on_data(now, raw, packet);
    case ChunkType::kSack: on_sack(now, raw); return Next::kContinue;
    case ChunkType::kForwardTsn:
    case ChunkType::kInterleavedForwardTsn: return on_forward_tsn(now, raw, packet);
    case ChunkType::kCookieEcho: return on_cookie_echo(now, raw, packet.tag);
    case ChunkType::kShutdownAck: on_shutdown_ack(now, packet.tag); return Next::kContinue;
    case ChunkType::kInit:
      trace_.drop("9260:6.10#8"_rule, "INIT in company", raw.bytes);
      return Next::kStop;
    default: return dispatch_control(now, raw);
  }
}

Association::Next Association::dispatch_control(Instant now, RawChunk& raw) {
  switch (raw.type) {
    case ChunkType::kInitAck: on_init_ack(now, raw); return Next::kContinue;
    case ChunkType::kHeartbeat: on_heartbeat(raw); return Next::kContinue;
    case ChunkType::kHeartbeatAck: on_heartbeat_ack(now, raw); return Next::kContinue;
    case ChunkType::kAbort: on_abort(raw); return Next::kStop;
    case ChunkType::kShutdown: on_shutdown(now, raw); return Next::kContinue;
    case ChunkType::kError: on_error(now, raw); return Next::kContinue;
    case ChunkType::kCookieAck: on_cookie_ack(now); return Next::kContinue;
    case ChunkType::kShutdownComplete: on_shutdown_complete(); return Next::kContinue;
    case ChunkType::kReconfig: on_reconfig(now, raw); return Next::kContinue;
    default: return on_unknown(raw);
  }
}

// RFC 9260 §3.2: the type of an unknown chunk says what to do with it.
Association::Next Association::on_unknown(const RawChunk& raw) {
  const UnknownAction action = unknown_chunk_action(std::to_underlying(raw.type));
  trace_.rule("9260:3.2#0"_rule, Fact{"type", std::to_underlying(raw.type)});
  if (action.report) reply_error({.code = CauseCode::kUnrecognizedChunkType, .info = raw.bytes});
  return action.stop ? Next::kStop : Next::kContinue;
}

void Association::on_out_of_the_blue(Instant /*now*/, const CommonHeader& header, RawChunk& first,
                                     Bytes packet) {
  Reader in(packet.subspan(kCommonHeader));
  ChunkWalk chunks(in);
  while (const auto raw = chunks.next())
    if (raw->type == ChunkType::kAbort)
      return trace_.drop("9260:8.4#2"_rule, "ABORT out of the blue", packet);
  switch (first.type) {
    case ChunkType::kCookieEcho:
      return trace_.drop("9260:8.4#5"_rule, "COOKIE ECHO for what is over", packet);
    case ChunkType::kShutdownAck: {
      // RFC 9260 §8.4: the peer waits for this to forget the association.
      trace_.rule("9260:8.4#7"_rule);
      ByteVector chunk;
      Writer out(chunk);
      write_bare(out, ChunkType::kShutdownComplete, kTagReflected);
      return reply_alone(header.tag, std::move(chunk));
    }
    case ChunkType::kShutdownComplete:
      return trace_.drop("9260:8.4#8"_rule, "SHUTDOWN COMPLETE out of the blue", packet);
    case ChunkType::kCookieAck:
      return trace_.drop("9260:8.4#9"_rule, "COOKIE ACK out of the blue", packet);
    case ChunkType::kError:
      if (has_cause(first, CauseCode::kStaleCookie))
        return trace_.drop("9260:8.4#9"_rule, "stale cookie out of the blue", packet);
      break;
    default: break;
  }
  trace_.rule("9260:8.4#11"_rule, Fact{"chunk", to_text(first.type)});
  reply_abort(header.tag, true, nullptr);
}

void Association::on_abort(RawChunk& raw) {
  const auto chunk = parse_error(raw);
  // RFC 9260 §3.3.7: one that cannot be read is no ABORT.
  if (!chunk) return trace_.drop("9260:3.3.7#4"_rule, to_text(chunk.error()), raw.bytes);
  trace_.rule("9260:9.1#4"_rule);
  std::string text = "ABORT";
  if (chunk->cause_count > 0) text += ": " + std::string(to_text(chunk->first_code));
  if (chunk->cause_count > 0 && chunk->first_code == CauseCode::kUserInitiatedAbort &&
      !chunk->first_info.empty()) {
    trace_.rule("9260:9.1#7"_rule);
    text += ": " + std::string(as_text(chunk->first_info));
  }
  close(CloseReason::kAbortedByPeer, text);
}

void Association::on_error(Instant now, RawChunk& raw) {
  const auto chunk = parse_error(raw);
  if (!chunk) return malformed(raw, chunk.error());
  if (has_cause(raw, CauseCode::kStaleCookie)) on_stale_cookie(now);
  // The others tell what the peer left out. Nothing that we need is left out by a peer that took
  // our INIT; a FORWARD TSN or RE-CONFIG goes only to those who offered it.
}

void Association::malformed(const RawChunk& raw, ChunkError error) const {
  trace_.drop("9260:3.2#0"_rule, to_text(error), raw.bytes);
}

void Association::after_packet(Instant now, const Arriving& packet) {
  if (packet.has_data) {
    tracker_.end_of_packet(packet.immediate);
    if (machine_.is<ShutdownSent>()) {
      // RFC 9260 §9.2: every DATA is answered with a SHUTDOWN, and the peer gets more time.
      trace_.rule("9260:9.2#10"_rule);
      shutdown_due_ = true;
      tracker_.want_sack_now();
      start_t2(now);
    }
    if (tracker_.due() == SackDue::kSoon && !timers_.is_running(Timer::kSack))
      timers_.set(Timer::kSack, now + config_.sack_delay);
  }
  settle_deferred_reset();
  continue_shutdown(now);
}

}  // namespace glass::sctp
