// sctp/chunks/sack.h - SACK: what has arrived, and how much more may come.
//
// RFC 9260 §3.3.4.  Tested by: chunks/chunks_test.cc
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

// TSNs cumulative + start to cumulative + end, both included, have arrived.
struct GapBlock {
  std::uint16_t start = 0;
  std::uint16_t end = 0;
  friend bool operator==(const GapBlock&, const GapBlock&) = default;
};

//   0                   1                   2                   3      RFC 9260 §3.3.4
//  |   Type = 3    |  Chunk Flags  |         Chunk Length          |
//  |                      Cumulative TSN Ack                       |
//  |          Advertised Receiver Window Credit (a_rwnd)           |
//  | Number of Gap Ack Blocks = N  |  Number of Duplicate TSNs = M |
//  |    Gap Ack Block #1 Start     |      Gap Ack Block #1 End     | N times
//  |                       Duplicate TSN 1                         | M times
struct SackChunk {
  Tsn cumulative;
  std::uint32_t a_rwnd = 0;
  std::uint16_t gap_count = 0;
  std::uint16_t duplicate_count = 0;
  Bytes gaps;        // as they stand in the packet: read them with gap()
  Bytes duplicates;  // likewise: duplicate()

  [[nodiscard]] GapBlock gap(std::size_t index) const;
  [[nodiscard]] Tsn duplicate(std::size_t index) const;
};
constexpr std::size_t kSackHeader = 16;

Result<SackChunk, ChunkError> parse_sack(RawChunk& raw);

// What a SACK is written from.
struct SackContent {
  Tsn cumulative;
  std::uint32_t a_rwnd = 0;
  std::span<const GapBlock> gaps;
  std::span<const Tsn> duplicates;
};
void write(Writer& out, const SackContent& content);

}  // namespace glass::sctp
