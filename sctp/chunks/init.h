// sctp/chunks/init.h - INIT and INIT ACK: who we are and what we can do.
//
// RFC 9260 §3.3.2, §3.3.3.  Tested by: chunks/init_test.cc
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "sctp/chunks/error_code.h"
#include "sctp/packet.h"
#include "sctp/types.h"

namespace glass::sctp {

//   0                   1                   2                   3      RFC 9260 §3.3.2
//  | Type = 1 or 2 |  Chunk Flags  |         Chunk Length          |
//  |                         Initiate Tag                          |
//  |           Advertised Receiver Window Credit (a_rwnd)          |
//  |  Number of Outbound Streams   |   Number of Inbound Streams   |
//  |                          Initial TSN                          |
//  |              Optional/Variable-Length Parameters              |
struct InitChunk {
  VerificationTag tag;
  std::uint32_t a_rwnd = 0;
  std::uint16_t outbound_streams = 0;
  std::uint16_t inbound_streams = 0;
  Tsn initial_tsn;

  // Parameters.
  bool forward_tsn = false;    // RFC 3758 §3.1
  bool reconfig = false;       // RFC 6525 §3.1, in the list of supported extensions
  bool interleaving = false;   // RFC 8260 §2.2.1, I-DATA in that list
  bool zero_checksum = false;  // RFC 9653 §4: a checksum of zero is accepted, DTLS protects
  bool has_host_name = false;  // RFC 9260 §3.3.2: must not be there
  bool has_cookie = false;
  Bytes cookie;                     // INIT ACK only
  std::vector<Bytes> unrecognized;  // whole parameters that ask to be reported
};

// Unknown parameters whose type says so end the reading of parameters (RFC 9260 §3.2.1).
Result<InitChunk, ChunkError> parse_init(RawChunk& raw);
// Writes what the fields and parameters say; `type` is kInit or kInitAck. The unrecognized ones go
// into an INIT ACK as reports.
void write(Writer& out, ChunkType type, const InitChunk& chunk);

}  // namespace glass::sctp
