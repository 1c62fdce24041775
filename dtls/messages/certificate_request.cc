#include "dtls/messages/certificate_request.h"

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/extensions/number_list.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

Result<CertificateRequest, MessageError> parse_certificate_request(Reader& in) {
  CertificateRequest request;
  const std::size_t types = in.u8("certificate_types length");
  if (!in.ok() || types == 0 || types > in.left()) return std::unexpected(MessageError::kLength);
  for (std::size_t i = 0; i < types; ++i)
    request.certificate_types.push_back(in.u8("certificate_type"));
  const std::size_t algorithms = in.u16("supported_signature_algorithms length");
  if (!in.ok() || algorithms == 0 || algorithms % 2 != 0 || algorithms > in.left())
    return std::unexpected(MessageError::kLength);
  for (std::size_t i = 0; i < algorithms; i += 2)
    request.signature_algorithms.push_back(in.u16("signature_algorithm"));
  const std::size_t authorities = in.u16("certificate_authorities length");
  request.authorities = in.bytes(authorities, "certificate_authorities");
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return request;
}

void write(Writer& out, const CertificateRequest& request) {
  write_numbers(out, request.certificate_types, 1, 1);
  write_numbers(out, request.signature_algorithms, 2, 2);
  const auto authorities = out.block(2);
  out.bytes(request.authorities);
}

}  // namespace glass::dtls
