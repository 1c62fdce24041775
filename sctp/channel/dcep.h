// sctp/channel/dcep.h - the two messages that open a data channel in band.
//
// Pure format: what they say, not when they may be said. RFC 8832 §5 (messages), §8 (numbers).
// Tested by: channel/dcep_test.cc
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "sctp/types.h"

namespace glass::sctp {

// RFC 8831 §8, RFC 8832 §8.1: who reads the payload of a message.
constexpr Ppid kPpidDcep{50};
constexpr Ppid kPpidText{51};
constexpr Ppid kPpidBinaryPartial{52};  // deprecated: a piece of a message
constexpr Ppid kPpidBinary{53};
constexpr Ppid kPpidTextPartial{54};  // deprecated: a piece of a message
constexpr Ppid kPpidTextEmpty{56};    // SCTP cannot carry nothing: one byte stands for it
constexpr Ppid kPpidBinaryEmpty{57};

constexpr std::uint8_t kDcepAck = 0x02;
constexpr std::uint8_t kDcepOpen = 0x03;
constexpr std::uint8_t kChannelUnordered = 0x80;  // the high bit of every channel type

enum class ChannelReliability : std::uint8_t { kReliable = 0, kRetransmits = 1, kLifetime = 2 };

//   0                   1                   2                   3      RFC 8832 §5.1
//  |  Message Type |  Channel Type |            Priority           |
//  |                    Reliability Parameter                      |
//  |         Label Length          |       Protocol Length         |
//  |  Label ...                      Protocol ...                  |
struct OpenMessage {
  ChannelReliability reliability = ChannelReliability::kReliable;
  bool unordered = false;
  std::uint16_t priority = 0;
  std::uint32_t reliability_parameter = 0;  // a count, or milliseconds
  std::string_view label;                   // views into what was parsed
  std::string_view protocol;
};
// RFC 8832 §5.2: the message type and nothing else.
struct AckMessage {};

using DcepMessage = std::variant<OpenMessage, AckMessage>;

enum class DcepError : std::uint8_t {
  kTruncated,           // ends inside a field, or inside the label or protocol
  kTrailingBytes,       // more than the lengths account for
  kUnknownMessageType,  // neither OPEN nor ACK
  kUnknownChannelType   // none of the six channel types
};
std::string_view to_text(DcepError error);

Result<DcepMessage, DcepError> parse_dcep(Reader& in);
void write(Writer& out, const OpenMessage& message);
void write(Writer& out, const AckMessage& message);

}  // namespace glass::sctp
