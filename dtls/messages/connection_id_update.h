// dtls/messages/connection_id_update.h - other ids for an open connection of DTLS 1.3: asked for,
// and given (RFC 9147 §9).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

struct RequestConnectionId {
  std::uint8_t count = 0;
};

enum class ConnectionIdUsage : std::uint8_t { kImmediate = 0, kSpare = 1 };

struct NewConnectionId {
  std::vector<Bytes> ids;
  ConnectionIdUsage usage = ConnectionIdUsage::kSpare;
};

// What is read of one message: an endpoint has use for a few.
inline constexpr std::size_t kNewIdsMax = 64;

inline Result<RequestConnectionId, MessageError> parse_request_connection_id(Reader& in) {
  const std::uint8_t count = in.u8("num_cids");
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return RequestConnectionId{.count = count};
}

inline void write(Writer& out, const RequestConnectionId& request) { out.u8(request.count); }

inline Result<NewConnectionId, MessageError> parse_new_connection_id(Reader& in) {
  NewConnectionId message;
  const std::size_t size = in.u16("cids length");
  Reader list = in.nested(size);
  while (list.ok() && list.left() > 0) {
    if (message.ids.size() == kNewIdsMax) return std::unexpected(MessageError::kLength);
    const std::size_t id_size = list.u8("cid length");
    message.ids.push_back(list.bytes(id_size, "cid"));
  }
  const std::uint8_t usage = in.u8("usage");
  if (!list.ok()) return std::unexpected(MessageError::kLength);
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  if (usage > std::to_underlying(ConnectionIdUsage::kSpare))
    return std::unexpected(MessageError::kValue);
  message.usage = ConnectionIdUsage{usage};
  return message;
}

inline void write(Writer& out, const NewConnectionId& message) {
  {
    const auto list = out.block(2);
    for (const Bytes id : message.ids) {
      const auto entry = out.block(1);
      out.bytes(id);
    }
  }
  out.u8(std::to_underlying(message.usage));
}

}  // namespace glass::dtls
