// sctp/data.cc - DATA and FORWARD TSN come in: accept, refuse, hand on, and keep the window.
//
// RFC 9260 §6.2 (window), §6.5 (streams); RFC 3758 §3.6.
#include "sctp/chunks/data.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "sctp/association.h"
#include "sctp/causes/causes.h"
#include "sctp/chunks/error_code.h"
#include "sctp/chunks/forward_tsn.h"
#include "sctp/config.h"
#include "sctp/packet.h"
#include "sctp/rx/data_tracker.h"
#include "sctp/rx/reassembly.h"
#include "sctp/types.h"

namespace glass::sctp {
namespace {

constexpr Duration kWindowTurn = 1s;

}  // namespace

bool Association::in_receiving_state() const {
  return machine_.is<Established>() || machine_.is<ShutdownPending>() ||
         machine_.is<ShutdownSent>();
}

Association::Next Association::on_data(Instant now, RawChunk& raw, Arriving& packet) {
  if (!in_receiving_state()) {
    trace_.drop("9260:6#4"_rule, "DATA out of place", raw.bytes);
    return Next::kContinue;
  }
  if ((raw.type == ChunkType::kInterleavedData) != peer_.interleaving) return on_wrong_kind(raw);
  const auto chunk = parse_data(raw);
  if (!chunk && chunk.error() == ChunkError::kNoUserData) {
    trace_.rule("9260:6.2#36"_rule);
    const Bytes tsn = raw.bytes.subspan(kTlvHeader, 4);
    abort_with(CauseCode::kNoUserData, tsn, CloseReason::kProtocolViolation, "DATA without data");
    return Next::kStop;
  }
  if (!chunk) {
    malformed(raw, chunk.error());
    return Next::kContinue;
  }
  packet.has_data = true;
  packet.immediate = packet.immediate || chunk->immediate;
  return take_data(now, *chunk);
}

// RFC 8260 §2.2.3, §2.3.1: one kind of chunks per association. The new kind without an agreement is
// unknown to us; the old kind in spite of one is a violation.
Association::Next Association::on_wrong_kind(const RawChunk& raw) {
  if (!peer_.interleaving) return on_unknown(raw);
  if (raw.type == ChunkType::kData) {
    trace_.rule("8260:2.2.3#3"_rule);
  } else {
    trace_.rule("8260:2.3.1#6"_rule);
  }
  abort_with(CauseCode::kProtocolViolation, as_bytes("not interleaved"),
             CloseReason::kProtocolViolation, "a chunk that is not interleaved");
  return Next::kStop;
}

Association::Next Association::take_data(Instant now, const DataChunk& chunk) {
  if (tracker_.classify(chunk.tsn) == Arrival::kNew && !has_room_for(chunk)) {
    trace_.drop("9260:6.2#2"_rule, "no room", chunk.payload);
    tracker_.refuse();
    return Next::kContinue;
  }
  switch (tracker_.receive(chunk.tsn)) {
    case Arrival::kDuplicate:
      trace_.rule("9260:6.2#23"_rule, Fact{"tsn", chunk.tsn.value()});
      return Next::kContinue;
    case Arrival::kOutOfReach:
      trace_.drop("9260:6.2#1"_rule, "TSN out of reach", chunk.payload);
      return Next::kContinue;
    case Arrival::kNew: break;
  }
  if (chunk.stream.value() >= peer_.outbound_streams) {
    // RFC 9260 §6.5: acknowledged, complained about, and not delivered.
    trace_.rule("9260:6.5#2"_rule, Fact{"stream", chunk.stream.value()});
    ByteVector info;
    Writer(info).u16(chunk.stream.value()).u16(0);
    reply_error({.code = CauseCode::kInvalidStreamIdentifier, .info = info});
    return is_lost(now, reassembly_.discard(chunk.tsn)) ? Next::kStop : Next::kContinue;
  }
  grow_window(now, chunk.payload.size());
  return is_lost(now, reassembly_.receive(chunk)) ? Next::kStop : Next::kContinue;
}

// The receive buffer holds what waits for missing chunks and what nobody has polled. What fills a
// hole gets in although the window is closed, as long as messages are being polled: only it can set
// the others free, and a peer that retransmits does not look at our window. The holes may take as
// much again as the window; beyond that it is the next chunk in order only.
// Deviation from RFC 9260 §6.2: what was acknowledged in a gap block is never dropped again to make
// room for an earlier chunk (see rfc-notes, 6.2#3).
bool Association::has_room_for(const DataChunk& chunk) const {
  if (inbox_.waiting() >= window_limit_) return false;
  if (window() > 0 || chunk.tsn == tracker_.cumulative().next()) return true;
  return chunk.tsn.precedes(tracker_.highest()) &&
         (reassembly_.held() + inbox_.waiting()) / 2 < window_limit_;
}

std::uint32_t Association::window() const {
  const std::size_t used = reassembly_.held() + inbox_.waiting();
  return used >= window_limit_ ? 0 : window_limit_ - static_cast<std::uint32_t>(used);
}

// RFC 9260 §6.2: a window that is smaller than a packet is called closed, against silly windows.
std::uint32_t Association::advertised_window() const {
  const std::uint32_t open = window();
  if (open >= config_.packet_size || open == window_limit_) return open;
  trace_.rule("9260:6.2#6"_rule, Fact{"window", open});
  return 0;
}

// RFC 9260 §6.2: tells the peer that there is room again, once it is worth a packet.
void Association::update_window() {
  if (told_window_ >= window_limit_ / 4 || !in_receiving_state()) return;
  if (window() < window_limit_ / 2) return;
  trace_.rule("9260:6.2#11"_rule, Fact{"window", window()});
  told_window_ = window();
  tracker_.want_sack_now();
}

// A window that fills within a second while our user reads is what holds the peer back: it doubles,
// up to what the user allows. It never shrinks (RFC 9260 §6.2.1 would have the peer believe that
// data of its own took the room).
void Association::grow_window(Instant now, std::size_t arrived) {
  turn_bytes_ += arrived;
  if (turn_bytes_ < window_limit_) return;
  const bool is_fast = now - turn_since_ < kWindowTurn;
  turn_bytes_ = 0;
  turn_since_ = now;
  if (!is_fast || inbox_.waiting() > window_limit_ / 4) return;
  window_limit_ += std::min(window_limit_, config_.max_receive_window - window_limit_);
  trace_.metric("receive window", window_limit_);
}

// True: no association is left.
bool Association::is_lost(Instant /*now*/, ReassemblyError error) {
  switch (error) {
    case ReassemblyError::kNone: return false;
    case ReassemblyError::kFragmentOutOfPlace:
      abort_with(CauseCode::kProtocolViolation, as_bytes("fragments do not fit"),
                 CloseReason::kProtocolViolation, "fragments do not fit");
      return true;
    case ReassemblyError::kTooLong:
      abort_with(CauseCode::kOutOfResource, {}, CloseReason::kProtocolViolation,
                 "a message above max-message-size");
      return true;
    case ReassemblyError::kTooManyParked:
      abort_with(CauseCode::kOutOfResource, {}, CloseReason::kProtocolViolation,
                 "too many messages ahead of their streams");
      return true;
  }
  return false;
}

Association::Next Association::on_forward_tsn(Instant now, RawChunk& raw, Arriving& packet) {
  if (!in_receiving_state()) {
    trace_.drop("9260:6#4"_rule, "FORWARD TSN out of place", raw.bytes);
    return Next::kContinue;
  }
  if (!peer_.forward_tsn) {
    // RFC 3758 §3.3.1: it said that it does not know what this is.
    trace_.rule("3758:3.3.1#2"_rule);
    reply_error({.code = CauseCode::kUnrecognizedChunkType, .info = raw.bytes});
    return Next::kContinue;
  }
  if ((raw.type == ChunkType::kInterleavedForwardTsn) != peer_.interleaving)
    return on_wrong_kind(raw);
  const auto chunk = parse_forward_tsn(raw);
  if (!chunk) {
    malformed(raw, chunk.error());
    return Next::kContinue;
  }
  packet.has_data = true;
  trace_.rule("3758:3.6#6"_rule);
  if (!tracker_.skip_to(chunk->cumulative)) return Next::kContinue;
  return is_lost(now, reassembly_.skip_to(chunk->cumulative, *chunk)) ? Next::kStop
                                                                      : Next::kContinue;
}

}  // namespace glass::sctp
