// stun/turn/attributes.h - the attributes that TURN adds to STUN, and the frame of channel data.
//
// RFC 8656 §12.4 (ChannelData), §18 (attributes); RFC 6062 §6.2, RFC 8016 §3.3. Codec only.
// Tested by: tests/stun/turn/attributes_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "base/writer.h"
#include "stun/attributes.h"
#include "stun/message.h"

namespace glass::stun::turn {

inline constexpr std::uint16_t kChannelMin = 0x4000;  // RFC 8656 §12
inline constexpr std::uint16_t kChannelMax = 0x4FFF;
inline constexpr std::uint16_t kChannelMaxRfc5766 = 0x7FFF;  // what RFC 5766 §11 allowed
inline constexpr std::uint8_t kProtocolUdp = 17;             // RFC 8656 §18.8
inline constexpr std::uint8_t kProtocolTcp = 6;              // RFC 6062 §4.1

using Lifetime = Number32<AttributeType::kLifetime>;  // seconds
using XorPeerAddress = XorAddress<AttributeType::kXorPeerAddress>;
using XorRelayedAddress = XorAddress<AttributeType::kXorRelayedAddress>;
using Data = Opaque<AttributeType::kData>;
using RequestedAddressFamily = Family<AttributeType::kRequestedAddressFamily>;
using AdditionalAddressFamily = Family<AttributeType::kAdditionalAddressFamily>;
using DontFragment = Flag<AttributeType::kDontFragment>;
using ReservationToken = Number64<AttributeType::kReservationToken>;
using ConnectionId = Number32<AttributeType::kConnectionId>;    // RFC 6062 §6.2.1
using MobilityTicket = Opaque<AttributeType::kMobilityTicket>;  // RFC 8016 §3.3

//  |        Channel Number         |         RFFU = 0              |      RFC 8656 §18.1
struct ChannelNumber {
  static constexpr AttributeType kType = AttributeType::kChannelNumber;
  std::uint16_t number = kChannelMin;

  bool read(Reader& in, const TransactionId&) {
    number = in.u16("Channel Number");
    in.skip(2, "RFFU");
    return true;  // whether the number may be used is for the server to say
  }
  void write(Writer& out, const TransactionId&) const { out.u16(number).u16(0); }
  friend bool operator==(const ChannelNumber&, const ChannelNumber&) = default;
};

//  |R|    RFFU     |                                                      RFC 8656 §18.7
struct EvenPort {
  static constexpr AttributeType kType = AttributeType::kEvenPort;
  bool reserve_next = false;

  bool read(Reader& in, const TransactionId&) {
    reserve_next = (in.u8("R and RFFU") & 0x80) != 0;
    return true;
  }
  void write(Writer& out, const TransactionId&) const { out.u8(reserve_next ? 0x80 : 0); }
  friend bool operator==(const EvenPort&, const EvenPort&) = default;
};

//  |    Protocol   |                    RFFU                       |      RFC 8656 §18.8
struct RequestedTransport {
  static constexpr AttributeType kType = AttributeType::kRequestedTransport;
  std::uint8_t protocol = kProtocolUdp;

  bool read(Reader& in, const TransactionId&) {
    protocol = in.u8("Protocol");
    in.skip(3, "RFFU");
    return true;  // another protocol is answered with 442, not taken for a malformed message
  }
  void write(Writer& out, const TransactionId&) const { out.u8(protocol).zeros(3); }
  friend bool operator==(const RequestedTransport&, const RequestedTransport&) = default;
};

//  |  Family       |    Reserved             |Class|     Number    |      RFC 8656 §18.12
//  |      Reason Phrase (variable)                                ..
struct AddressErrorCode {
  static constexpr AttributeType kType = AttributeType::kAddressErrorCode;
  std::uint8_t family = kFamilyV4;
  unsigned code = 0;
  std::string_view reason;

  bool read(Reader& in, const TransactionId&) {
    family = in.u8("Family");
    in.skip(1, "Reserved");
    const unsigned hundreds = in.u8("Class") & 7U;
    const unsigned rest = in.u8("Number");
    reason = as_text(in.bytes(in.left(), "Reason Phrase"));
    code = hundreds * 100 + rest;
    return (family == kFamilyV4 || family == kFamilyV6) && hundreds >= 3 && hundreds <= 6 &&
           rest <= 99 && reason.size() <= kTextSizeMax;
  }
  void write(Writer& out, const TransactionId&) const {
    CHECK(code >= 300 && code <= 699);
    out.u8(family).u8(0);
    out.u8(static_cast<std::uint8_t>(code / 100)).u8(static_cast<std::uint8_t>(code % 100));
    out.bytes(as_bytes(reason));
  }
  friend bool operator==(const AddressErrorCode&, const AddressErrorCode&) = default;
};

//  |  Reserved                     |   ICMP Type   |   ICMP Code   |      RFC 8656 §18.13
//  |                          Error Data                           |
// The figure of the RFC draws seven bits of type and nine of code; ICMP itself has a byte of each,
// and so have the servers that send this.
struct Icmp {
  static constexpr AttributeType kType = AttributeType::kIcmp;
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
  std::uint32_t error_data = 0;

  bool read(Reader& in, const TransactionId&) {
    in.skip(2, "Reserved");
    icmp_type = in.u8("ICMP Type");
    icmp_code = in.u8("ICMP Code");
    error_data = in.u32("Error Data");
    return true;
  }
  void write(Writer& out, const TransactionId&) const {
    out.u16(0).u8(icmp_type).u8(icmp_code).u32(error_data);
  }
  friend bool operator==(const Icmp&, const Icmp&) = default;
};

// All comprehension-required attributes that clients and servers of TURN understand.
inline constexpr auto kTurnAttributes = extended(
    kStunAttributes, AttributeType::kChannelNumber, AttributeType::kLifetime,
    AttributeType::kXorPeerAddress, AttributeType::kData, AttributeType::kXorRelayedAddress,
    AttributeType::kRequestedAddressFamily, AttributeType::kEvenPort,
    AttributeType::kRequestedTransport, AttributeType::kDontFragment,
    AttributeType::kReservationToken, AttributeType::kConnectionId);

//  |         Channel Number        |            Length             |      RFC 8656 §12.4
//  /                       Application Data                        /
struct ChannelData {
  std::uint16_t channel = kChannelMin;
  Bytes data;
};

// RFC 8656 §12.5. nullopt: the number is no channel's, or the data is not all there. Bytes behind
// the data are padding, which a stream transport needs and a datagram may have.
inline std::optional<ChannelData> parse_channel_data(Bytes datagram, FieldTap* tap = nullptr,
                                                     std::uint16_t channel_max = kChannelMax) {
  Reader in(datagram, tap);
  ChannelData out;
  out.channel = in.u16("Channel Number");
  const std::size_t length = in.u16("Length");
  out.data = in.bytes(length, "Application Data");
  if (in.left() > 0) in.skip(in.left(), "Padding");
  if (!in.ok() || out.channel < kChannelMin || out.channel > channel_max) return std::nullopt;
  return out;
}

// Puts the four bytes of header before what the packet holds.
inline void wrap_channel_data(PacketBuffer& packet, std::uint16_t channel) {
  CHECK(channel >= kChannelMin && channel <= kChannelMax);
  const std::size_t length = packet.size();
  const std::array<std::uint8_t, 4> header{
      static_cast<std::uint8_t>(channel >> 8), static_cast<std::uint8_t>(channel),
      static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
  copy_bytes(header, packet.prepend(header.size()));
}

}  // namespace glass::stun::turn
