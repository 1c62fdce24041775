// sctp/chunks/control.h - the small chunks: heartbeats, errors, cookies, shutdown.
//
// Each is a header with at most one thing in it.  RFC 9260 §3.3.5 to §3.3.13.
// Tested by: chunks/chunks_test.cc
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "sctp/causes/causes.h"
#include "sctp/chunks/error_code.h"
#include "sctp/packet.h"
#include "sctp/types.h"

namespace glass::sctp {

// HEARTBEAT and HEARTBEAT ACK: a parameter that only its author can read (RFC 9260 §3.3.5).
struct HeartbeatChunk {
  Bytes info;  // the value of the Heartbeat Info parameter
};
Result<HeartbeatChunk, ChunkError> parse_heartbeat(RawChunk& raw);
void write(Writer& out, ChunkType type, const HeartbeatChunk& chunk);

// ABORT and ERROR: a list of causes (RFC 9260 §3.3.7, §3.3.10).
struct ErrorChunk {
  bool tag_is_reflected = false;  // T, in ABORT: the sender has no association
  CauseCode first_code = CauseCode::kOutOfResource;
  Bytes first_info;
  unsigned cause_count = 0;
};
Result<ErrorChunk, ChunkError> parse_error(RawChunk& raw);
// Finds a cause in an ERROR that parsed; nullopt-like: count is zero.
bool has_cause(const RawChunk& raw, CauseCode code);

constexpr std::uint8_t kTagReflected = 0x01;  // T: RFC 9260 §3.3.7, §3.3.13

// COOKIE ECHO: the cookie and nothing else (RFC 9260 §3.3.11).
Bytes parse_cookie_echo(RawChunk& raw);
void write_cookie_echo(Writer& out, Bytes cookie);

// SHUTDOWN: what has arrived so far (RFC 9260 §3.3.8).
struct ShutdownChunk {
  Tsn cumulative;
};
Result<ShutdownChunk, ChunkError> parse_shutdown(RawChunk& raw);
void write(Writer& out, const ShutdownChunk& chunk);

// COOKIE ACK, SHUTDOWN ACK, SHUTDOWN COMPLETE: their type is all they say.
inline void write_bare(Writer& out, ChunkType type, std::uint8_t flags = 0) {
  const Tlv tlv(out, std::to_underlying(type), flags);
}

}  // namespace glass::sctp
