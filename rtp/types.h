// rtp/types.h - the numbers of RTP that must not be mixed up.
//
// RFC 3550 §5.1.
#pragma once

#include <cstdint>

#include "base/strong.h"

namespace glass::rtp {

// Who a packet is from, within one session (RFC 3550 §8).
using Ssrc = Strong<struct SsrcTag, std::uint32_t>;
// Counts packets of one source.
using SequenceNumber = Serial<struct SequenceNumberTag, std::uint16_t>;
// The sampling instant of the payload, in ticks of the clock of its format.
using RtpTime = Serial<struct RtpTimeTag, std::uint32_t>;
// Seven bits that name a payload format; SDP says which.
using PayloadType = Strong<struct PayloadTypeTag, std::uint8_t>;

}  // namespace glass::rtp
