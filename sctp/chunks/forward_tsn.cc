// sctp/chunks/forward_tsn.cc - reading and writing FORWARD TSN.
#include "sctp/chunks/forward_tsn.h"

#include <cstddef>
#include <expected>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "sctp/chunks/error_code.h"
#include "sctp/packet.h"
#include "sctp/tlv.h"
#include "sctp/types.h"

namespace glass::sctp {

SkippedStream ForwardTsnChunk::skipped(std::size_t index) const {
  Reader in(streams.subspan(index * 4, 4));
  SkippedStream skipped;
  skipped.stream = StreamId{in.u16("Stream")};
  skipped.ssn = Ssn{in.u16("Stream Sequence")};
  return skipped;
}

Result<ForwardTsnChunk, ChunkError> parse_forward_tsn(RawChunk& raw) {
  Reader& in = raw.body;
  ForwardTsnChunk chunk;
  chunk.cumulative = Tsn{in.u32("New Cumulative TSN")};
  if (!in.ok()) return std::unexpected(ChunkError::kTruncated);
  if (in.left() % 4 != 0) return std::unexpected(ChunkError::kBadLength);
  chunk.streams = in.bytes(in.left(), "Streams and Stream Sequences");
  return chunk;
}

void write_forward_tsn(Writer& out, Tsn cumulative, std::span<const SkippedStream> skipped) {
  const Tlv tlv(out, std::to_underlying(ChunkType::kForwardTsn), 0);
  out.u32(cumulative.value());
  for (const SkippedStream& one : skipped) out.u16(one.stream.value()).u16(one.ssn.value());
}

}  // namespace glass::sctp
