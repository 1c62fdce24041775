// sctp/chunks/control.cc - reading and writing the small chunks.
#include "sctp/chunks/control.h"

#include <expected>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "sctp/causes/causes.h"
#include "sctp/chunks/error_code.h"
#include "sctp/packet.h"
#include "sctp/parameters/parameters.h"
#include "sctp/tlv.h"
#include "sctp/types.h"

namespace glass::sctp {

Result<HeartbeatChunk, ChunkError> parse_heartbeat(RawChunk& raw) {
  TlvWalk walk(raw.body);
  auto info = walk.next("Heartbeat Info");
  if (!info || info->type != std::to_underlying(ParameterType::kHeartbeatInfo))
    return std::unexpected(ChunkError::kBadParameter);
  (void)info->body.bytes(info->value.size(), "Sender-Specific Heartbeat Info");
  walk.stop();
  return HeartbeatChunk{.info = info->value};
}

void write(Writer& out, ChunkType type, const HeartbeatChunk& chunk) {
  const Tlv tlv(out, std::to_underlying(type), 0);
  const Tlv parameter(out, std::to_underlying(ParameterType::kHeartbeatInfo));
  out.bytes(chunk.info);
}

Result<ErrorChunk, ChunkError> parse_error(RawChunk& raw) {
  ErrorChunk chunk;
  chunk.tag_is_reflected = (raw.flags & kTagReflected) != 0;
  TlvWalk walk(raw.body);
  while (auto cause = walk.next("Error Cause")) {
    if (!name_cause(*cause)) return std::unexpected(ChunkError::kBadParameter);
    if (chunk.cause_count++ > 0) continue;
    chunk.first_code = static_cast<CauseCode>(cause->type);
    chunk.first_info = cause->value;
  }
  if (walk.is_broken()) return std::unexpected(ChunkError::kBadParameter);
  return chunk;
}

bool has_cause(const RawChunk& raw, CauseCode code) {
  Reader in(raw.bytes.subspan(kTlvHeader));
  TlvWalk walk(in);
  while (const auto cause = walk.next("Error Cause"))
    if (cause->type == std::to_underlying(code)) return true;
  return false;
}

Bytes parse_cookie_echo(RawChunk& raw) { return raw.body.bytes(raw.body.left(), "Cookie"); }

void write_cookie_echo(Writer& out, Bytes cookie) {
  const Tlv tlv(out, std::to_underlying(ChunkType::kCookieEcho), 0);
  out.bytes(cookie);
}

Result<ShutdownChunk, ChunkError> parse_shutdown(RawChunk& raw) {
  const ShutdownChunk chunk{.cumulative = Tsn{raw.body.u32("Cumulative TSN Ack")}};
  if (!raw.body.ok()) return std::unexpected(ChunkError::kTruncated);
  if (raw.body.left() != 0) return std::unexpected(ChunkError::kBadLength);
  return chunk;
}

void write(Writer& out, const ShutdownChunk& chunk) {
  const Tlv tlv(out, std::to_underlying(ChunkType::kShutdown), 0);
  out.u32(chunk.cumulative.value());
}

}  // namespace glass::sctp
