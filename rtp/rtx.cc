#include "rtp/rtx.h"

#include "base/writer.h"

namespace glass::rtp {

void wrap_rtx(PacketBuffer& out, const Packet& original, RtxStream& stream, Trace trace) {
  Packet rtx = original;
  rtx.ssrc = stream.ssrc;
  rtx.payload_type = stream.payload_type;
  rtx.sequence = stream.next;
  // RFC 4588 §4: the padding of the original is removed; timestamp, marker, CSRCs and extension are
  // its own.
  rtx.padding_size = 0;
  rtx.payload = {};
  stream.next = stream.next.next();
  trace.rule("4588:4#13"_rule, Fact{"osn", original.sequence.value()});
  write_packet(out, rtx);
  Writer(out).u16(original.sequence.value()).bytes(original.payload);
}

std::optional<Packet> unwrap_rtx(const Packet& rtx, Ssrc source, PayloadType payload_type,
                                 Trace trace) {
  if (rtx.payload.empty()) return std::nullopt;
  if (rtx.payload.size() < kRtxHeaderSize) {
    trace.drop("4588:4#13"_rule, "a retransmission without its sequence number", rtx.payload);
    return std::nullopt;
  }
  Reader in(rtx.payload);
  Packet original = rtx;
  original.sequence = SequenceNumber{in.u16("Original Sequence Number")};
  original.payload = in.rest();
  original.ssrc = source;
  original.payload_type = payload_type;
  trace.rule("4588:4#14"_rule, Fact{"osn", original.sequence.value()});
  return original;
}

}  // namespace glass::rtp
