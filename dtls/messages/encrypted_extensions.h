// dtls/messages/encrypted_extensions.h - the server's answers that need not be seen by all
// (RFC 8446 §4.3.1).
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

struct EncryptedExtensions {
  ExtensionList extensions{.all = {}, .has_block = true};
};

inline Result<EncryptedExtensions, MessageError> parse_encrypted_extensions(Reader& in) {
  if (in.left() == 0) return std::unexpected(MessageError::kLength);
  EncryptedExtensions message;
  message.extensions = TRY(parse_extensions(in));
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return message;
}

inline void write(Writer& out, const EncryptedExtensions& message) {
  write(out, message.extensions);
}

}  // namespace glass::dtls
