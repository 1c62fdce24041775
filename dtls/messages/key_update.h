// dtls/messages/key_update.h - the sender's next record is sealed with a new key (RFC 8446 §4.6.3).
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

struct KeyUpdate {
  bool update_requested = false;
};

inline Result<KeyUpdate, MessageError> parse_key_update(Reader& in) {
  const std::uint8_t request = in.u8("request_update");
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  if (request > 1) return std::unexpected(MessageError::kValue);
  return KeyUpdate{.update_requested = request == 1};
}

inline void write(Writer& out, const KeyUpdate& update) { out.u8(update.update_requested ? 1 : 0); }

}  // namespace glass::dtls
