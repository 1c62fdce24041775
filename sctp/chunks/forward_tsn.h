// sctp/chunks/forward_tsn.h - FORWARD TSN and I-FORWARD-TSN: do not wait for these any longer.
//
// RFC 3758 §3.2, RFC 8260 §2.3.1.  Tested by: chunks/chunks_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "sctp/chunks/error_code.h"
#include "sctp/packet.h"
#include "sctp/types.h"

namespace glass::sctp {

// Of one entry on the wire.
constexpr std::size_t skipped_stream_size(bool interleaved) { return interleaved ? 8 : 4; }

// The last message of a stream that was given up: an ordered one by its SSN; with I-DATA either
// kind by its MID.
struct SkippedStream {
  StreamId stream;
  Ssn ssn;
  bool unordered = false;
  Mid mid{};
  friend bool operator==(const SkippedStream&, const SkippedStream&) = default;
};

//   0                   1                   2                   3      RFC 3758 §3.2
//  |   Type = 192  |  Flags = 0x00 |        Length = Variable      |
//  |                      New Cumulative TSN                       |
//  |         Stream-1              |       Stream Sequence-1       |
//
//   0                   1                   2                   3      RFC 8260 §2.3.1
//  |   Type = 194  |  Flags = 0x00 |        Length = Variable      |
//  |                      New Cumulative TSN                       |
//  |       Stream Identifier       |          Reserved           |U|
//  |                       Message Identifier                      |
struct ForwardTsnChunk {
  Tsn cumulative;
  bool interleaved = false;
  Bytes streams;  // as they stand in the packet: read them with skipped()

  [[nodiscard]] std::size_t stream_count() const {
    return streams.size() / skipped_stream_size(interleaved);
  }
  [[nodiscard]] SkippedStream skipped(std::size_t index) const;
};
constexpr std::size_t kForwardTsnHeader = 8;

Result<ForwardTsnChunk, ChunkError> parse_forward_tsn(RawChunk& raw);
void write_forward_tsn(Writer& out, Tsn cumulative, std::span<const SkippedStream> skipped,
                       bool interleaved = false);

}  // namespace glass::sctp
