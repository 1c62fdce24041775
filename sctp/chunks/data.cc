// sctp/chunks/data.cc - reading and writing DATA.
#include "sctp/chunks/data.h"

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
namespace {

constexpr std::uint8_t kImmediate = 0x08;
constexpr std::uint8_t kUnordered = 0x04;
constexpr std::uint8_t kBegin = 0x02;
constexpr std::uint8_t kEnd = 0x01;

std::uint8_t flags_of(const DataChunk& chunk) {
  return static_cast<std::uint8_t>((chunk.immediate ? kImmediate : 0) |
                                   (chunk.unordered ? kUnordered : 0) | (chunk.begin ? kBegin : 0) |
                                   (chunk.end ? kEnd : 0));
}

}  // namespace

Result<DataChunk, ChunkError> parse_data(RawChunk& raw) {
  Reader& in = raw.body;
  DataChunk chunk;
  chunk.immediate = (raw.flags & kImmediate) != 0;
  chunk.unordered = (raw.flags & kUnordered) != 0;
  chunk.begin = (raw.flags & kBegin) != 0;
  chunk.end = (raw.flags & kEnd) != 0;
  chunk.tsn = Tsn{in.u32("TSN")};
  chunk.stream = StreamId{in.u16("Stream Identifier")};
  chunk.interleaved = raw.type == ChunkType::kInterleavedData;
  if (chunk.interleaved) {
    (void)in.u16("Reserved");
    chunk.mid = Mid{in.u32("Message Identifier")};
  } else {
    chunk.ssn = Ssn{in.u16("Stream Sequence Number")};
  }
  if (chunk.interleaved && !chunk.begin) {
    chunk.fsn = in.u32("Fragment Sequence Number");
  } else {
    chunk.ppid = Ppid{in.u32("Payload Protocol Identifier")};
  }
  chunk.payload = in.bytes(in.left(), "User Data");
  if (!in.ok()) return std::unexpected(ChunkError::kTruncated);
  if (chunk.payload.empty()) return std::unexpected(ChunkError::kNoUserData);
  return chunk;
}

void write(Writer& out, const DataChunk& chunk) {
  const ChunkType type = chunk.interleaved ? ChunkType::kInterleavedData : ChunkType::kData;
  const Tlv tlv(out, std::to_underlying(type), flags_of(chunk));
  out.u32(chunk.tsn.value()).u16(chunk.stream.value());
  if (chunk.interleaved) {
    out.u16(0).u32(chunk.mid.value());
    out.u32(chunk.begin ? chunk.ppid.value() : chunk.fsn).bytes(chunk.payload);
    return;
  }
  out.u16(chunk.ssn.value()).u32(chunk.ppid.value()).bytes(chunk.payload);
}

}  // namespace glass::sctp
