#include "dtls/extensions/use_srtp.h"

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/extensions/number_list.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

Result<UseSrtp, MessageError> parse_use_srtp(Reader& in) {
  UseSrtp use_srtp;
  const std::size_t size = in.u16("SRTPProtectionProfiles length");
  if (!in.ok() || size > in.left() || size % 2 != 0 || size == 0)
    return std::unexpected(MessageError::kLength);
  for (std::size_t i = 0; i < size; i += 2)
    use_srtp.profiles.push_back(in.u16("SRTPProtectionProfile"));
  const std::size_t mki_size = in.u8("srtp_mki length");
  use_srtp.mki = in.bytes(mki_size, "srtp_mki");
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return use_srtp;
}

void write(Writer& out, const UseSrtp& use_srtp) {
  write_numbers(out, use_srtp.profiles, 2, 2);
  const auto mki = out.block(1);
  out.bytes(use_srtp.mki);
}

}  // namespace glass::dtls
