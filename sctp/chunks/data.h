// sctp/chunks/data.h - DATA and I-DATA: one message, or a piece of one.
//
// RFC 9260 §3.3.1, RFC 8260 §2.1.  Tested by: chunks/chunks_test.cc
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "sctp/chunks/error_code.h"
#include "sctp/packet.h"
#include "sctp/types.h"

namespace glass::sctp {

//   0                   1                   2                   3      RFC 9260 §3.3.1
//  |   Type = 0    |  Res  |I|U|B|E|            Length             |
//  |                              TSN                              |
//  |      Stream Identifier S      |   Stream Sequence Number n    |
//  |                 Payload Protocol Identifier                   |
//  |                    User Data (at least one byte)              |
//
//   0                   1                   2                   3      RFC 8260 §2.1
//  |   Type = 64   |  Res  |I|U|B|E|            Length             |
//  |                              TSN                              |
//  |        Stream Identifier      |           Reserved            |
//  |                   Message Identifier (MID)                    |
//  |  Payload Protocol Identifier (B) / Fragment Sequence Number   |
//  |                    User Data (at least one byte)              |
struct DataChunk {
  bool immediate = false;  // I: acknowledge without delay
  bool unordered = false;  // U
  bool begin = true;       // B: first fragment
  bool end = true;         // E: last fragment
  Tsn tsn;
  StreamId stream;
  Ssn ssn;
  Ppid ppid;  // I-DATA: of the first fragment only
  // I-DATA has no SSN.
  bool interleaved = false;
  Mid mid;
  std::uint32_t fsn = 0;
  Bytes payload;
};
constexpr std::size_t kDataHeader = 16;
constexpr std::size_t kInterleavedDataHeader = 20;

Result<DataChunk, ChunkError> parse_data(RawChunk& raw);
void write(Writer& out, const DataChunk& chunk);

}  // namespace glass::sctp
