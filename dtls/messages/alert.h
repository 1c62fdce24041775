// dtls/messages/alert.h - two bytes that end a connection, or say why something was not done
// (RFC 5246 §7.2).
#pragma once

#include <cstdint>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"
#include "dtls/wire.h"

namespace glass::dtls {

struct AlertMessage {
  AlertLevel level = AlertLevel::kFatal;
  Alert description = Alert::kInternalError;
};

inline Result<AlertMessage, MessageError> parse_alert(Reader& in) {
  AlertMessage alert;
  alert.level = AlertLevel{in.u8("level")};
  alert.description = Alert{in.u8("description")};
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return alert;
}

inline void write(Writer& out, const AlertMessage& alert) {
  out.u8(std::to_underlying(alert.level)).u8(std::to_underlying(alert.description));
}

}  // namespace glass::dtls
