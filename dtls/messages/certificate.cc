#include "dtls/messages/certificate.h"

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

Result<Certificate, MessageError> parse_certificate(Reader& in) {
  Certificate certificate;
  const std::size_t total = in.u24("certificate_list length");
  if (!in.ok() || total != in.left()) return std::unexpected(MessageError::kLength);
  while (in.ok() && in.left() > 0) {
    const std::size_t size = in.u24("certificate length");
    const Bytes der = in.bytes(size, "ASN.1Cert");
    if (!in.ok() || size == 0) return std::unexpected(MessageError::kLength);
    if (certificate.chain.size() == kChainMax) return std::unexpected(MessageError::kValue);
    certificate.chain.push_back(der);
  }
  return certificate;
}

void write(Writer& out, const Certificate& certificate) {
  const auto list = out.block(3);
  for (const Bytes der : certificate.chain) {
    const auto one = out.block(3);
    out.bytes(der);
  }
}

}  // namespace glass::dtls
