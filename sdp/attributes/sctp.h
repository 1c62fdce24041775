// sdp/attributes/sctp.h - what a media section says about SCTP and data channels.
//
// The m= line in its two forms, the port and the largest message. The old form ("DTLS/SCTP 5000"
// and a=sctpmap) predates RFC 8841 and is what aiortc 1.4 writes.
// RFC 8841 §4 to §6; RFC 8829 §5.1.2.  Tested by: attributes_test.cc
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {

// RFC 8841 §6.1: what a section without a=max-message-size means. Zero means any size.
constexpr std::uint64_t kDefaultMaxMessageSize = 64UL * 1024;
constexpr std::string_view kDataFormat = "webrtc-datachannel";

enum class DataForm : std::uint8_t {
  kNone,  // not a section for data channels
  kNew,   // UDP/DTLS/SCTP webrtc-datachannel
  kOld    // DTLS/SCTP 5000
};
[[nodiscard]] DataForm data_form(const Media& media);
// The first live section for data channels, or else a rejected one; null: there is none.
[[nodiscard]] const Media* find_data(const Description& description);

// The value of a=sctp-port or a=max-message-size.
[[nodiscard]] Result<std::uint16_t, Complaint> parse_sctp_port(const Attribute& attribute);
[[nodiscard]] Result<std::uint64_t, Complaint> parse_max_message_size(const Attribute& attribute);

// The SCTP port of a data section, whichever form it has. Zero: the peer refuses an association.
[[nodiscard]] Result<std::uint16_t, Complaint> sctp_port(const Media& media);
[[nodiscard]] Result<std::uint64_t, Complaint> max_message_size(const Media& media);

}  // namespace glass::sdp
