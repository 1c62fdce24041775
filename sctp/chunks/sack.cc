// sctp/chunks/sack.cc - reading and writing SACK.
#include "sctp/chunks/sack.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "sctp/chunks/error_code.h"
#include "sctp/packet.h"
#include "sctp/tlv.h"
#include "sctp/types.h"

namespace glass::sctp {

GapBlock SackChunk::gap(std::size_t index) const {
  Reader in(gaps.subspan(index * 4, 4));
  GapBlock block;
  block.start = in.u16("Gap Ack Block Start");
  block.end = in.u16("Gap Ack Block End");
  return block;
}

Tsn SackChunk::duplicate(std::size_t index) const {
  return Tsn{Reader(duplicates.subspan(index * 4, 4)).u32("Duplicate TSN")};
}

Result<SackChunk, ChunkError> parse_sack(RawChunk& raw) {
  Reader& in = raw.body;
  SackChunk chunk;
  chunk.cumulative = Tsn{in.u32("Cumulative TSN Ack")};
  chunk.a_rwnd = in.u32("a_rwnd");
  chunk.gap_count = in.u16("Number of Gap Ack Blocks");
  chunk.duplicate_count = in.u16("Number of Duplicate TSNs");
  chunk.gaps = in.bytes(std::size_t{4} * chunk.gap_count, "Gap Ack Blocks");
  chunk.duplicates = in.bytes(std::size_t{4} * chunk.duplicate_count, "Duplicate TSNs");
  if (!in.ok()) return std::unexpected(ChunkError::kTruncated);
  if (in.left() != 0) return std::unexpected(ChunkError::kBadLength);
  return chunk;
}

void write(Writer& out, const SackContent& content) {
  const Tlv tlv(out, std::to_underlying(ChunkType::kSack), 0);
  out.u32(content.cumulative.value()).u32(content.a_rwnd);
  out.u16(static_cast<std::uint16_t>(content.gaps.size()));
  out.u16(static_cast<std::uint16_t>(content.duplicates.size()));
  for (const GapBlock& gap : content.gaps) out.u16(gap.start).u16(gap.end);
  for (const Tsn tsn : content.duplicates) out.u32(tsn.value());
}

}  // namespace glass::sctp
