// dtls/messages/message_error.h - why the body of a handshake message could not be read.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "dtls/wire.h"

namespace glass::dtls {

enum class MessageError : std::uint8_t {
  kLength,              // too short, too long, or a length inside that does not fit
  kDuplicateExtension,  // RFC 5246 §7.4.1.4: not more than one of a type
  kValue,               // a value that may not stand there
};

constexpr std::string_view to_text(MessageError error) {
  switch (error) {
    case MessageError::kLength: return "lengths do not add up";
    case MessageError::kDuplicateExtension: return "the same extension twice";
    case MessageError::kValue: return "a value that may not stand there";
  }
  return "unknown";
}
constexpr Alert alert_for(MessageError error) {
  return error == MessageError::kLength ? Alert::kDecodeError : Alert::kIllegalParameter;
}

// Nothing is wrong with a message of which all has been read and nothing is left.
inline std::optional<MessageError> complaint_of(const Reader& in) {
  if (!in.ok() || in.left() > 0) return MessageError::kLength;
  return std::nullopt;
}

}  // namespace glass::dtls
