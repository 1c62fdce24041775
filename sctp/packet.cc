// sctp/packet.cc - common header, chunk walk, checksum.
#include "sctp/packet.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/writer.h"
#include "sctp/crc32c.h"
#include "sctp/tlv.h"
#include "sctp/types.h"

namespace glass::sctp {

std::string_view to_text(ChunkType type) {
  switch (type) {
    case ChunkType::kData: return "DATA";
    case ChunkType::kInit: return "INIT";
    case ChunkType::kInitAck: return "INIT ACK";
    case ChunkType::kSack: return "SACK";
    case ChunkType::kHeartbeat: return "HEARTBEAT";
    case ChunkType::kHeartbeatAck: return "HEARTBEAT ACK";
    case ChunkType::kAbort: return "ABORT";
    case ChunkType::kShutdown: return "SHUTDOWN";
    case ChunkType::kShutdownAck: return "SHUTDOWN ACK";
    case ChunkType::kError: return "ERROR";
    case ChunkType::kCookieEcho: return "COOKIE ECHO";
    case ChunkType::kCookieAck: return "COOKIE ACK";
    case ChunkType::kShutdownComplete: return "SHUTDOWN COMPLETE";
    case ChunkType::kReconfig: return "RE-CONFIG";
    case ChunkType::kForwardTsn: return "FORWARD TSN";
    case ChunkType::kInterleavedData: return "I-DATA";
    case ChunkType::kInterleavedForwardTsn: return "I-FORWARD-TSN";
  }
  return "chunk";
}

CommonHeader parse_common_header(Reader& in) {
  CommonHeader header;
  header.source_port = in.u16("Source Port Number");
  header.destination_port = in.u16("Destination Port Number");
  header.tag = VerificationTag{in.u32("Verification Tag")};
  header.checksum = in.u32("Checksum");
  return header;
}

void ChunkWalk::leave() {
  if (!std::exchange(inside_, false)) return;
  in_.skip(std::exchange(padding_, 0), "Padding");
  in_.close();
}

std::optional<RawChunk> ChunkWalk::next() {
  leave();
  if (is_done()) return std::nullopt;
  const Bytes all = in_.rest();
  const auto type = static_cast<ChunkType>(all.front());
  in_.open(to_text(type));
  (void)in_.u8("Chunk Type");
  const std::uint8_t flags = in_.u8("Chunk Flags");
  const std::uint16_t length = in_.u16("Chunk Length");
  if (!in_.ok() || length < kTlvHeader || length > all.size()) {
    broken_ = true;
    return std::nullopt;
  }
  const RawChunk chunk{type, flags, in_.nested(length - kTlvHeader), all.first(length)};
  // RFC 9260 §3.2: padding is not part of the length; some senders leave the last one out.
  padding_ = std::min(padded(length) - length, in_.left());
  inside_ = true;
  return chunk;
}

std::uint32_t packet_checksum(Bytes packet) {
  constexpr std::array<std::uint8_t, 4> kNoChecksumYet{};
  Crc32c crc;
  crc.update(packet.first(kChecksumAt));
  crc.update(kNoChecksumYet);
  crc.update(packet.subspan(kCommonHeader));
  return crc.value();
}

namespace {

// RFC 9260 Appendix A: the reflected CRC goes out with its lowest byte first.
std::array<std::uint8_t, 4> on_the_wire(std::uint32_t crc) {
  return {static_cast<std::uint8_t>(crc), static_cast<std::uint8_t>(crc >> 8),
          static_cast<std::uint8_t>(crc >> 16), static_cast<std::uint8_t>(crc >> 24)};
}

}  // namespace

bool has_right_checksum(Bytes packet) {
  return packet.size() >= kCommonHeader &&
         equal(packet.subspan(kChecksumAt, 4), on_the_wire(packet_checksum(packet)));
}

bool has_no_checksum(Bytes packet) {
  constexpr std::array<std::uint8_t, 4> kNone{};
  return packet.size() >= kCommonHeader && equal(packet.subspan(kChecksumAt, 4), kNone);
}

void write(Writer& out, const CommonHeader& header) {
  out.u16(header.source_port).u16(header.destination_port).u32(header.tag.value()).u32(0);
}

void seal_packet(MutableBytes packet) {
  CHECK(packet.size() >= kCommonHeader);
  copy_bytes(on_the_wire(packet_checksum(packet)), packet.subspan(kChecksumAt, 4));
}

}  // namespace glass::sctp
