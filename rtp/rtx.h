// rtp/rtx.h - retransmission in a stream of its own: wrapping a packet, and unwrapping it.
//
// RFC 4588 §4, SSRC-multiplexed. Which packet to send again is decided in retransmission.h.
// Tested by: tests/rtp/retransmission_test.cc
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/trace.h"
#include "rtp/packet.h"

namespace glass::rtp {

inline constexpr std::size_t kRtxHeaderSize = 2;  // the original sequence number

// The stream that retransmissions of one source travel in.
struct RtxStream {
  Ssrc ssrc;
  PayloadType payload_type;
  SequenceNumber next;
};

// Writes `original` as the next packet of `stream`, with the extension that it has.
void wrap_rtx(PacketBuffer& out, const Packet& original, RtxStream& stream, Trace trace);

// The original inside, with the source and format that SDP associates; a view into `rtx`. nullopt:
// there is none (padding and probes come so), or the original sequence number is missing.
std::optional<Packet> unwrap_rtx(const Packet& rtx, Ssrc source, PayloadType payload_type,
                                 Trace trace);

}  // namespace glass::rtp
