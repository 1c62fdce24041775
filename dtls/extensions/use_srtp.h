// dtls/extensions/use_srtp.h - which protection RTP will have (RFC 5764 §4.1.1).
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/extensions/number_list.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

struct UseSrtp {
  NumberList profiles;
  Bytes mki;
};

Result<UseSrtp, MessageError> parse_use_srtp(Reader& in);
void write(Writer& out, const UseSrtp& use_srtp);

}  // namespace glass::dtls
