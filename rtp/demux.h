// rtp/demux.h - RTP or RTCP, where both come through one port.
//
// RFC 5761 §4. That it is one of the two at all is told by the first byte before (RFC 7983).
// Tested by: tests/rtp/packet_test.cc
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace glass::rtp {

enum class RtpKind : std::uint8_t { kRtp, kRtcp, kNeither };

// The second octet: RTCP packet types begin at 192 (of which 64 to 95 are left with the top bit cut
// off), and RTP payload types of that range are not used beside them.
constexpr RtpKind rtp_kind(Bytes datagram) {
  if (datagram.size() < 8 || datagram[0] >> 6 != 2) return RtpKind::kNeither;
  return datagram[1] >= 192 && datagram[1] <= 223 ? RtpKind::kRtcp : RtpKind::kRtp;
}

}  // namespace glass::rtp
