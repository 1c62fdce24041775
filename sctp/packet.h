// sctp/packet.h - the common header and the walk over the chunks behind it.
//
// Pure format. RFC 9260 §3 (packet), §3.2 (chunks), §6.8 (checksum).  Tested by: packet_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "sctp/tlv.h"
#include "sctp/types.h"

namespace glass::sctp {

enum class ChunkType : std::uint8_t {
  kData = 0,
  kInit = 1,
  kInitAck = 2,
  kSack = 3,
  kHeartbeat = 4,
  kHeartbeatAck = 5,
  kAbort = 6,
  kShutdown = 7,
  kShutdownAck = 8,
  kError = 9,
  kCookieEcho = 10,
  kCookieAck = 11,
  kShutdownComplete = 14,
  kInterleavedData = 64,         // RFC 8260 §2.1
  kReconfig = 130,               // RFC 6525 §3.1
  kForwardTsn = 192,             // RFC 3758 §3.2
  kInterleavedForwardTsn = 194,  // RFC 8260 §2.3.1
};
// "INIT ACK"; "chunk" for a type that we do not know.
std::string_view to_text(ChunkType type);

constexpr std::size_t kCommonHeader = 12;
constexpr std::size_t kChecksumAt = 8;

//   0                   1                   2                   3      RFC 9260 §3.1
//  |      Source Port Number       |    Destination Port Number    |
//  |                       Verification Tag                        |
//  |                           Checksum                            |
struct CommonHeader {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  VerificationTag tag;
  std::uint32_t checksum = 0;
};
// Look at in.ok() afterwards.
CommonHeader parse_common_header(Reader& in);

struct RawChunk {
  ChunkType type = ChunkType::kData;
  std::uint8_t flags = 0;
  Reader body;  // over the value
  Bytes bytes;  // header and value, without padding
};

// Takes the chunks off a packet, one by one.
class ChunkWalk {
 public:
  // `in` stands behind the common header.
  explicit ChunkWalk(const Reader& in) : in_(in) {}

  std::optional<RawChunk> next();
  // A chunk that ends behind its packet, or is shorter than its own header: the walk is over.
  [[nodiscard]] bool is_broken() const { return broken_; }
  [[nodiscard]] bool is_done() const { return broken_ || in_.left() <= padding_; }
  [[nodiscard]] Bytes rest() const { return in_.rest(); }

 private:
  // The chunk given last is read by now: its padding comes behind its fields.
  void leave();

  Reader in_;
  std::size_t padding_ = 0;
  bool inside_ = false;
  bool broken_ = false;
};

// RFC 9260 §6.8: the checksum over the packet with zeroes in the place of the checksum.
std::uint32_t packet_checksum(Bytes packet);
bool has_right_checksum(Bytes packet);
// RFC 9653: zeroes in its place.
bool has_no_checksum(Bytes packet);

// Starts a packet at the end of `out`; seal_packet fills the checksum in when all chunks stand.
void write(Writer& out, const CommonHeader& header);
void seal_packet(MutableBytes packet);

// Reads a whole packet with the parsers that the association uses, for the sake of the tap: every
// byte gets a name (explain/, and the fuzzers). False when a part of it is not what it says.
bool name_fields(Bytes packet, FieldTap& tap);

}  // namespace glass::sctp
