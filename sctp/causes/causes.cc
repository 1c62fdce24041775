// sctp/causes/causes.cc - the error causes that have a form of their own.
#include "sctp/causes/causes.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/writer.h"
#include "sctp/tlv.h"
#include "sctp/types.h"

namespace glass::sctp {

std::string_view to_text(CauseCode code) {
  switch (code) {
    case CauseCode::kInvalidStreamIdentifier: return "invalid stream identifier";
    case CauseCode::kMissingMandatoryParameter: return "missing mandatory parameter";
    case CauseCode::kStaleCookie: return "stale cookie";
    case CauseCode::kOutOfResource: return "out of resource";
    case CauseCode::kUnresolvableAddress: return "unresolvable address";
    case CauseCode::kUnrecognizedChunkType: return "unrecognized chunk type";
    case CauseCode::kInvalidMandatoryParameter: return "invalid mandatory parameter";
    case CauseCode::kUnrecognizedParameters: return "unrecognized parameters";
    case CauseCode::kNoUserData: return "no user data";
    case CauseCode::kCookieWhileShuttingDown: return "cookie received while shutting down";
    case CauseCode::kRestartWithNewAddresses: return "restart with new addresses";
    case CauseCode::kUserInitiatedAbort: return "user-initiated abort";
    case CauseCode::kProtocolViolation: return "protocol violation";
  }
  return "unknown cause";
}

void write_invalid_stream(Writer& out, StreamId stream) {
  const Tlv tlv(out, std::to_underlying(CauseCode::kInvalidStreamIdentifier));
  out.u16(stream.value()).u16(0);
}

void write_missing_parameter(Writer& out, std::uint16_t parameter_type) {
  const Tlv tlv(out, std::to_underlying(CauseCode::kMissingMandatoryParameter));
  out.u32(1).u16(parameter_type);
}

void write_stale_cookie(Writer& out, std::uint32_t microseconds_late) {
  const Tlv tlv(out, std::to_underlying(CauseCode::kStaleCookie));
  out.u32(microseconds_late);
}

void write_no_user_data(Writer& out, Tsn tsn) {
  const Tlv tlv(out, std::to_underlying(CauseCode::kNoUserData));
  out.u32(tsn.value());
}

bool name_cause(RawTlv& raw) {
  Reader& in = raw.body;
  switch (static_cast<CauseCode>(raw.type)) {
    case CauseCode::kInvalidStreamIdentifier:
      (void)in.u16("Stream Identifier");
      (void)in.u16("Reserved");
      break;
    case CauseCode::kMissingMandatoryParameter:
      (void)in.u32("Number of missing parameters");
      while (in.left() > 0) (void)in.u16("Missing Parameter Type");
      break;
    case CauseCode::kStaleCookie: (void)in.u32("Measure of Staleness"); break;
    case CauseCode::kNoUserData: (void)in.u32("TSN"); break;
    case CauseCode::kUserInitiatedAbort:
      (void)in.bytes(in.left(), "Upper Layer Abort Reason");
      break;
    case CauseCode::kProtocolViolation: (void)in.bytes(in.left(), "Additional Information"); break;
    case CauseCode::kUnrecognizedChunkType: (void)in.bytes(in.left(), "Unrecognized Chunk"); break;
    case CauseCode::kUnrecognizedParameters:
      (void)in.bytes(in.left(), "Unrecognized Parameters");
      break;
    default: (void)in.bytes(in.left(), "Cause-Specific Information"); break;
  }
  return in.ok();
}

}  // namespace glass::sctp
