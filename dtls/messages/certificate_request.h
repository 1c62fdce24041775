// dtls/messages/certificate_request.h - the server asks who the client is (RFC 5246 §7.4.4).
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/extensions/number_list.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

// RFC 5246 §7.4.4 and RFC 8422 §5.5: kinds of certificates.
inline constexpr std::uint16_t kRsaSign = 1;
inline constexpr std::uint16_t kEcdsaSign = 64;

struct CertificateRequest {
  NumberList certificate_types;
  NumberList signature_algorithms;
  Bytes authorities;  // names that we neither send nor read
};

Result<CertificateRequest, MessageError> parse_certificate_request(Reader& in);
void write(Writer& out, const CertificateRequest& request);

}  // namespace glass::dtls
