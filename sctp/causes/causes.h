// sctp/causes/causes.h - why an ERROR or ABORT was sent.
//
// RFC 9260 §3.3.10.  Tested by: causes/causes_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/writer.h"
#include "sctp/tlv.h"
#include "sctp/types.h"

namespace glass::sctp {

enum class CauseCode : std::uint16_t {
  kInvalidStreamIdentifier = 1,
  kMissingMandatoryParameter = 2,
  kStaleCookie = 3,
  kOutOfResource = 4,
  kUnresolvableAddress = 5,
  kUnrecognizedChunkType = 6,
  kInvalidMandatoryParameter = 7,
  kUnrecognizedParameters = 8,
  kNoUserData = 9,
  kCookieWhileShuttingDown = 10,
  kRestartWithNewAddresses = 11,
  kUserInitiatedAbort = 12,
  kProtocolViolation = 13,
};
std::string_view to_text(CauseCode code);

// One cause, ready to be written: a code and what stands behind it.
struct Cause {
  CauseCode code = CauseCode::kProtocolViolation;
  Bytes info;
};
inline void write(Writer& out, const Cause& cause) {
  const Tlv tlv(out, std::to_underlying(cause.code));
  out.bytes(cause.info);
}
// RFC 9260 §3.3.10.1
void write_invalid_stream(Writer& out, StreamId stream);
// RFC 9260 §3.3.10.2
void write_missing_parameter(Writer& out, std::uint16_t parameter_type);
// RFC 9260 §3.3.10.3
void write_stale_cookie(Writer& out, std::uint32_t microseconds_late);
// RFC 9260 §3.3.10.9
void write_no_user_data(Writer& out, Tsn tsn);

// Reads one cause field by field, for the tap. False: its content is too short for its code.
bool name_cause(RawTlv& raw);

}  // namespace glass::sctp
