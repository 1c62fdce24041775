// rtp/packet.h - the RTP packet: fixed header, CSRC list, header extension, payload, padding.
//
// Reads a datagram in place and writes one into a PacketBuffer. Knows nothing of what stands inside
// a header extension (extensions.h) or a payload (payload/).
// RFC 3550 §5.1, §5.3.1.  Tested by: tests/rtp/packet_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rule.h"
#include "rtp/types.h"

namespace glass::rtp {

inline constexpr std::uint8_t kVersion = 2;
inline constexpr std::size_t kFixedHeaderSize = 12;
inline constexpr std::size_t kCsrcMax = 15;  // RFC 3550 §5.1: the CC field has four bits

enum class PacketError : std::uint8_t {
  kTooShort,          // less than the fixed header
  kBadVersion,        // not version 2
  kCsrcOverrun,       // the CSRC list reaches past the end
  kExtensionOverrun,  // the header extension reaches past the end
  kPaddingZero,       // the P bit is set and the last octet says that there is no padding
  kPaddingOverrun,    // more padding than payload
};

std::string_view to_text(PacketError error);
// The requirement that such a packet breaks: what a machine drops it with.
Rule rule_of(PacketError error);

// A view: CSRCs, extension and payload lie in the datagram.
struct Packet {
  bool has_padding = false;
  bool has_extension = false;
  bool marker = false;
  PayloadType payload_type;
  SequenceNumber sequence;
  RtpTime timestamp;
  Ssrc ssrc;
  Bytes csrcs;                          // four bytes each
  std::uint16_t extension_profile = 0;  // "defined by profile"; what extensions.h goes by
  Bytes extension;                      // without its four-byte head
  Bytes payload;                        // without padding
  std::size_t padding_size = 0;         // the count octet included

  [[nodiscard]] std::size_t csrc_count() const { return csrcs.size() / 4; }
  [[nodiscard]] Ssrc csrc(std::size_t index) const;
};

Result<Packet, PacketError> parse_packet(Bytes datagram, FieldTap* tap = nullptr);

// Where the payload begins: fixed header, CSRC list and extension. This is all that SRTP looks at,
// since the padding of a protected packet cannot be read (RFC 3711 §3.1).
Result<std::size_t, PacketError> header_size(Bytes datagram);

// Fields that can be read before a packet is known to be whole; it must be kFixedHeaderSize long.
SequenceNumber sequence_of(Bytes datagram);
Ssrc ssrc_of(Bytes datagram);

// Writes the header of `packet` (its extension as it stands) in front of what `out` already holds.
// `out` must have the head room: kFixedHeaderSize, four per CSRC, four and the extension.
void prepend_header(PacketBuffer& out, const Packet& packet);
// Appends the whole packet: header, payload, padding.
void write_packet(PacketBuffer& out, const Packet& packet);

}  // namespace glass::rtp
