// sctp/name_fields.cc - a packet read for the sake of its field names.
#include "base/bytes.h"
#include "sctp/chunks/control.h"
#include "sctp/chunks/data.h"
#include "sctp/chunks/forward_tsn.h"
#include "sctp/chunks/init.h"
#include "sctp/chunks/reconfig.h"
#include "sctp/chunks/sack.h"
#include "sctp/packet.h"

namespace glass::sctp {
namespace {

bool name_chunk(RawChunk& raw) {
  switch (raw.type) {
    case ChunkType::kData:
    case ChunkType::kInterleavedData: return parse_data(raw).has_value();
    case ChunkType::kInit:
    case ChunkType::kInitAck: return parse_init(raw).has_value();
    case ChunkType::kSack: return parse_sack(raw).has_value();
    case ChunkType::kHeartbeat:
    case ChunkType::kHeartbeatAck: return parse_heartbeat(raw).has_value();
    case ChunkType::kAbort:
    case ChunkType::kError: return parse_error(raw).has_value();
    case ChunkType::kShutdown: return parse_shutdown(raw).has_value();
    case ChunkType::kCookieEcho: (void)parse_cookie_echo(raw); return true;
    case ChunkType::kReconfig: return parse_reconfig(raw).has_value();
    case ChunkType::kForwardTsn:
    case ChunkType::kInterleavedForwardTsn: return parse_forward_tsn(raw).has_value();
    case ChunkType::kShutdownAck:
    case ChunkType::kCookieAck:
    case ChunkType::kShutdownComplete: break;
  }
  (void)raw.body.bytes(raw.body.left(), "Chunk Value");
  return true;
}

}  // namespace

bool name_fields(Bytes packet, FieldTap& tap) {
  Reader in(packet, &tap);
  (void)parse_common_header(in);
  if (!in.ok()) return false;
  ChunkWalk walk(in);
  bool all_clear = true;
  // Not short-circuited: what follows an unreadable chunk is named as well.
  while (auto raw = walk.next()) all_clear = name_chunk(*raw) && all_clear;
  return all_clear && !walk.is_broken();
}

}  // namespace glass::sctp
