// sctp/channel/dcep.cc - reading and writing the two messages of DCEP.
#include "sctp/channel/dcep.h"

#include <cstdint>
#include <expected>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "sctp/types.h"

namespace glass::sctp {
namespace {

constexpr std::uint8_t kHighestReliability = 2;

Result<DcepMessage, DcepError> parse_open(Reader& in) {
  OpenMessage message;
  const std::uint8_t type = in.u8("Channel Type");
  message.unordered = (type & kChannelUnordered) != 0;
  const auto reliability = static_cast<std::uint8_t>(type & ~kChannelUnordered);
  message.priority = in.u16("Priority");
  message.reliability_parameter = in.u32("Reliability Parameter");
  const std::uint16_t label = in.u16("Label Length");
  const std::uint16_t protocol = in.u16("Protocol Length");
  message.label = as_text(in.bytes(label, "Label"));
  message.protocol = as_text(in.bytes(protocol, "Protocol"));
  if (!in.ok()) return std::unexpected(DcepError::kTruncated);
  if (in.left() != 0) return std::unexpected(DcepError::kTrailingBytes);
  if (reliability > kHighestReliability) return std::unexpected(DcepError::kUnknownChannelType);
  message.reliability = static_cast<ChannelReliability>(reliability);
  return message;
}

}  // namespace

std::string_view to_text(DcepError error) {
  switch (error) {
    case DcepError::kTruncated: return "DCEP message is cut off";
    case DcepError::kTrailingBytes: return "DCEP message has bytes too many";
    case DcepError::kUnknownMessageType: return "unknown DCEP message type";
    case DcepError::kUnknownChannelType: return "unknown channel type";
  }
  return "unreadable DCEP message";
}

Result<DcepMessage, DcepError> parse_dcep(Reader& in) {
  const std::uint8_t type = in.u8("Message Type");
  if (!in.ok()) return std::unexpected(DcepError::kTruncated);
  switch (type) {
    case kDcepOpen: return parse_open(in);
    case kDcepAck:
      if (in.left() != 0) return std::unexpected(DcepError::kTrailingBytes);
      return AckMessage{};
    default: return std::unexpected(DcepError::kUnknownMessageType);
  }
}

void write(Writer& out, const OpenMessage& message) {
  out.u8(kDcepOpen);
  out.u8(static_cast<std::uint8_t>(std::to_underlying(message.reliability) |
                                   (message.unordered ? kChannelUnordered : 0)));
  out.u16(message.priority).u32(message.reliability_parameter);
  out.u16(static_cast<std::uint16_t>(message.label.size()));
  out.u16(static_cast<std::uint16_t>(message.protocol.size()));
  out.bytes(as_bytes(message.label)).bytes(as_bytes(message.protocol));
}

void write(Writer& out, const AckMessage& /*message*/) { out.u8(kDcepAck); }

}  // namespace glass::sctp
