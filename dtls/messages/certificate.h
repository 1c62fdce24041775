// dtls/messages/certificate.h - a chain of certificates, the sender's first (RFC 5246 §7.4.2).
#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

struct Certificate {
  std::vector<Bytes> chain;  // DER; empty: the client has none
};

inline constexpr std::size_t kChainMax = 32;

Result<Certificate, MessageError> parse_certificate(Reader& in);
void write(Writer& out, const Certificate& certificate);

}  // namespace glass::dtls
