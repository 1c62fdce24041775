// dtls/messages/finished.h - proof that both have seen the same handshake (RFC 5246 §7.4.9).
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"
#include "dtls/wire.h"

namespace glass::dtls {

struct Finished {
  Bytes verify_data;
};

inline Result<Finished, MessageError> parse_finished(Reader& in) {
  Finished finished;
  finished.verify_data = in.bytes(kVerifyDataSize, "verify_data");
  if (const auto complaint = complaint_of(in)) return std::unexpected(*complaint);
  return finished;
}

inline void write(Writer& out, const Finished& finished) { out.bytes(finished.verify_data); }

}  // namespace glass::dtls
