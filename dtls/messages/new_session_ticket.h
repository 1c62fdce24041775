// dtls/messages/new_session_ticket.h - a key for a later handshake, which we do not keep
// (RFC 8446 §4.6.1).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

struct NewSessionTicket {
  std::uint32_t lifetime = 0;  // seconds
  std::uint32_t age_add = 0;
  Bytes nonce;
  Bytes ticket;
  ExtensionList extensions;
};

inline Result<NewSessionTicket, MessageError> parse_new_session_ticket(Reader& in) {
  NewSessionTicket message;
  message.lifetime = in.u32("ticket_lifetime");
  message.age_add = in.u32("ticket_age_add");
  const std::size_t nonce_size = in.u8("ticket_nonce length");
  message.nonce = in.bytes(nonce_size, "ticket_nonce");
  const std::size_t ticket_size = in.u16("ticket length");
  message.ticket = in.bytes(ticket_size, "ticket");
  if (!in.ok() || message.ticket.empty()) return std::unexpected(MessageError::kLength);
  message.extensions = TRY(parse_extensions(in));
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return message;
}

}  // namespace glass::dtls
