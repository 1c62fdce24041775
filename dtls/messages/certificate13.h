// dtls/messages/certificate13.h - a chain of certificates as DTLS 1.3 sends it (RFC 8446 §4.4.2).
#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/messages/certificate.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

struct Certificate13 {
  Bytes context;                // certificate_request_context
  std::vector<Bytes> chain;     // DER; empty: the client has none
  bool has_extensions = false;  // of any entry
};

inline Result<Certificate13, MessageError> parse_certificate13(Reader& in) {
  Certificate13 certificate;
  const std::size_t context_size = in.u8("certificate_request_context length");
  certificate.context = in.bytes(context_size, "certificate_request_context");
  const std::size_t size = in.u24("certificate_list length");
  if (!in.ok() || size != in.left()) return std::unexpected(MessageError::kLength);
  while (in.left() > 0) {
    const std::size_t length = in.u24("cert_data length");
    const Bytes der = in.bytes(length, "cert_data");
    const std::size_t extensions_size = in.u16("extensions length");
    certificate.has_extensions |= extensions_size > 0;
    in.skip(extensions_size, "extensions");
    if (!in.ok() || der.empty()) return std::unexpected(MessageError::kLength);
    if (certificate.chain.size() == kChainMax) return std::unexpected(MessageError::kValue);
    certificate.chain.push_back(der);
  }
  return certificate;
}

inline void write(Writer& out, const Certificate13& certificate) {
  {
    const auto context = out.block(1);
    out.bytes(certificate.context);
  }
  const auto list = out.block(3);
  for (const Bytes der : certificate.chain) {
    {
      const auto entry = out.block(3);
      out.bytes(der);
    }
    out.u16(0);  // no extensions
  }
}

}  // namespace glass::dtls
