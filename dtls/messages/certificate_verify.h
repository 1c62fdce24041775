// dtls/messages/certificate_verify.h - the client signs the handshake so far (RFC 5246 §7.4.8).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

struct CertificateVerify {
  std::uint16_t scheme = 0;
  Bytes signature;
};

inline Result<CertificateVerify, MessageError> parse_certificate_verify(Reader& in) {
  CertificateVerify verify;
  verify.scheme = in.u16("algorithm");
  const std::size_t size = in.u16("signature length");
  verify.signature = in.bytes(size, "signature");
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return verify;
}

inline void write(Writer& out, const CertificateVerify& verify) {
  out.u16(verify.scheme);
  const auto signature = out.block(2);
  out.bytes(verify.signature);
}

}  // namespace glass::dtls
