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
  const std::size_t size = skipped_stream_size(interleaved);
  Reader in(streams.subspan(index * size, size));
  SkippedStream skipped;
  skipped.stream = StreamId{in.u16("Stream")};
  if (interleaved) {
    skipped.unordered = (in.u16("Reserved, U") & 1) != 0;
    skipped.mid = Mid{in.u32("Message Identifier")};
  } else {
    skipped.ssn = Ssn{in.u16("Stream Sequence")};
  }
  return skipped;
}

Result<ForwardTsnChunk, ChunkError> parse_forward_tsn(RawChunk& raw) {
  Reader& in = raw.body;
  ForwardTsnChunk chunk;
  chunk.cumulative = Tsn{in.u32("New Cumulative TSN")};
  if (!in.ok()) return std::unexpected(ChunkError::kTruncated);
  chunk.interleaved = raw.type == ChunkType::kInterleavedForwardTsn;
  if (in.left() % skipped_stream_size(chunk.interleaved) != 0)
    return std::unexpected(ChunkError::kBadLength);
  chunk.streams = in.bytes(in.left(), "Streams and Stream Sequences");
  return chunk;
}

void write_forward_tsn(Writer& out, Tsn cumulative, std::span<const SkippedStream> skipped,
                       bool interleaved) {
  const ChunkType type = interleaved ? ChunkType::kInterleavedForwardTsn : ChunkType::kForwardTsn;
  const Tlv tlv(out, std::to_underlying(type), 0);
  out.u32(cumulative.value());
  for (const SkippedStream& one : skipped) {
    out.u16(one.stream.value());
    if (interleaved) {
      out.u16(one.unordered ? 1 : 0).u32(one.mid.value());
    } else {
      out.u16(one.ssn.value());
    }
  }
}

}  // namespace glass::sctp
