// dtls/messages/certificate_request13.h - the server asks who the client is (RFC 8446 §4.3.2).
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

struct CertificateRequest13 {
  Bytes context;             // empty in a handshake
  ExtensionList extensions;  // signature_algorithms at least
};

inline Result<CertificateRequest13, MessageError> parse_certificate_request13(Reader& in) {
  CertificateRequest13 request;
  const std::size_t size = in.u8("certificate_request_context length");
  request.context = in.bytes(size, "certificate_request_context");
  if (!in.ok() || in.left() == 0) return std::unexpected(MessageError::kLength);
  request.extensions = TRY(parse_extensions(in));
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return request;
}

inline void write(Writer& out, const CertificateRequest13& request) {
  {
    const auto context = out.block(1);
    out.bytes(request.context);
  }
  write(out, request.extensions);
}

}  // namespace glass::dtls
