#include "rtp/packet.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/writer.h"

namespace glass::rtp {
namespace {

constexpr std::uint8_t kPaddingBit = 0x20;
constexpr std::uint8_t kExtensionBit = 0x10;
constexpr std::uint8_t kMarkerBit = 0x80;

std::uint32_t number_at(Bytes bytes, std::size_t at, std::size_t width) {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : bytes.subspan(at, width)) value = value << 8 | byte;
  return value;
}

//   0                   1                   2                   3      RFC 3550 §5.1
//  |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//  |                           timestamp                           |
//  |           synchronization source (SSRC) identifier            |
//  |            contributing source (CSRC) identifiers ...         |
//  |      defined by profile       |           length              |  if X
//  |                        header extension ...                   |
Result<Packet, PacketError> parse_header(Reader& in) {
  Packet packet;
  const std::uint8_t first = in.u8("Version, Padding, Extension, CSRC Count");
  const std::uint8_t second = in.u8("Marker, Payload Type");
  packet.sequence = SequenceNumber{in.u16("Sequence Number")};
  packet.timestamp = RtpTime{in.u32("Timestamp")};
  packet.ssrc = Ssrc{in.u32("SSRC")};
  if (!in.ok()) return std::unexpected(PacketError::kTooShort);
  if (first >> 6 != kVersion) return std::unexpected(PacketError::kBadVersion);
  packet.has_padding = (first & kPaddingBit) != 0;
  packet.has_extension = (first & kExtensionBit) != 0;
  packet.marker = (second & kMarkerBit) != 0;
  packet.payload_type = PayloadType{static_cast<std::uint8_t>(second & 0x7f)};
  packet.csrcs = in.bytes(std::size_t{4} * (first & 0x0f), "CSRC List");
  if (!in.ok()) return std::unexpected(PacketError::kCsrcOverrun);
  if (packet.has_extension) {
    packet.extension_profile = in.u16("Defined by Profile");
    const std::size_t words = in.u16("Extension Length");
    packet.extension = in.bytes(4 * words, "Header Extension");
    if (!in.ok()) return std::unexpected(PacketError::kExtensionOverrun);
  }
  return packet;
}

}  // namespace

std::string_view to_text(PacketError error) {
  switch (error) {
    case PacketError::kTooShort: return "shorter than the fixed header";
    case PacketError::kBadVersion: return "not version 2";
    case PacketError::kCsrcOverrun: return "the CSRC list reaches past the end";
    case PacketError::kExtensionOverrun: return "the header extension reaches past the end";
    case PacketError::kPaddingZero: return "padding of no octets";
    case PacketError::kPaddingOverrun: return "more padding than payload";
  }
  std::unreachable();
}

Rule rule_of(PacketError error) {
  switch (error) {
    case PacketError::kExtensionOverrun: return "3550:5.3.1#2"_rule;
    case PacketError::kTooShort:
    case PacketError::kBadVersion:
    case PacketError::kCsrcOverrun: return "3550:5.1#0"_rule;
    case PacketError::kPaddingZero:
    case PacketError::kPaddingOverrun: return "3550:A.1#0"_rule;
  }
  std::unreachable();
}

Ssrc Packet::csrc(std::size_t index) const { return Ssrc{number_at(csrcs, 4 * index, 4)}; }

Result<Packet, PacketError> parse_packet(Bytes datagram, FieldTap* tap) {
  Reader in(datagram, tap);
  Packet packet = TRY(parse_header(in));
  if (packet.has_padding) {
    // RFC 3550 §5.1: the last octet counts the padding, itself included.
    packet.padding_size = in.left() == 0 ? 0 : datagram.back();
    if (in.left() > 0 && packet.padding_size == 0)
      return std::unexpected(PacketError::kPaddingZero);
    if (in.left() == 0 || packet.padding_size > in.left())
      return std::unexpected(PacketError::kPaddingOverrun);
  }
  packet.payload = in.bytes(in.left() - packet.padding_size, "Payload");
  if (packet.has_padding) {
    in.skip(packet.padding_size - 1, "Padding");
    (void)in.u8("Padding Count");
  }
  return packet;
}

Result<std::size_t, PacketError> header_size(Bytes datagram) {
  if (datagram.size() < kFixedHeaderSize) return std::unexpected(PacketError::kTooShort);
  const std::uint8_t first = datagram.front();
  if (first >> 6 != kVersion) return std::unexpected(PacketError::kBadVersion);
  std::size_t size = kFixedHeaderSize + std::size_t{4} * (first & 0x0f);
  if (size > datagram.size()) return std::unexpected(PacketError::kCsrcOverrun);
  if ((first & kExtensionBit) == 0) return size;
  if (size + 4 > datagram.size()) return std::unexpected(PacketError::kExtensionOverrun);
  size += 4 + std::size_t{4} * number_at(datagram, size + 2, 2);
  if (size > datagram.size()) return std::unexpected(PacketError::kExtensionOverrun);
  return size;
}

SequenceNumber sequence_of(Bytes datagram) {
  return SequenceNumber{static_cast<std::uint16_t>(number_at(datagram, 2, 2))};
}

Ssrc ssrc_of(Bytes datagram) { return Ssrc{number_at(datagram, 8, 4)}; }

namespace {

void write_header(MutableBytes raw, const Packet& packet) {
  std::size_t at = 0;
  const auto number = [&](std::uint32_t value, std::size_t width) {
    for (std::size_t i = width; i-- > 0; value >>= 8)
      raw[at + i] = static_cast<std::uint8_t>(value);
    at += width;
  };
  number(static_cast<std::uint32_t>(kVersion << 6 | (packet.padding_size > 0 ? kPaddingBit : 0) |
                                    (packet.has_extension ? kExtensionBit : 0)) |
             static_cast<std::uint32_t>(packet.csrc_count()),
         1);
  number(packet.payload_type.value() | (packet.marker ? kMarkerBit : 0U), 1);
  number(packet.sequence.value(), 2);
  number(packet.timestamp.value(), 4);
  number(packet.ssrc.value(), 4);
  copy_bytes(packet.csrcs, raw.subspan(at));
  at += packet.csrcs.size();
  if (!packet.has_extension) return;
  number(packet.extension_profile, 2);
  number(static_cast<std::uint32_t>(packet.extension.size() / 4), 2);
  copy_bytes(packet.extension, raw.subspan(at));
}

std::size_t written_header_size(const Packet& packet) {
  CHECK(packet.csrcs.size() % 4 == 0 && packet.csrc_count() <= kCsrcMax);
  CHECK(packet.payload_type.value() < 0x80);
  CHECK(packet.extension.size() % 4 == 0 && packet.extension.size() / 4 <= 0xffff);
  return kFixedHeaderSize + packet.csrcs.size() +
         (packet.has_extension ? 4 + packet.extension.size() : 0);
}

}  // namespace

void prepend_header(PacketBuffer& out, const Packet& packet) {
  write_header(out.prepend(written_header_size(packet)), packet);
}

void write_packet(PacketBuffer& out, const Packet& packet) {
  write_header(out.append(written_header_size(packet)), packet);
  copy_bytes(packet.payload, out.append(packet.payload.size()));
  if (packet.padding_size == 0) return;
  CHECK(packet.padding_size <= 0xff);
  const MutableBytes padding = out.append(packet.padding_size);
  std::ranges::fill(padding, std::uint8_t{0});
  padding.back() = static_cast<std::uint8_t>(packet.padding_size);
}

}  // namespace glass::rtp
