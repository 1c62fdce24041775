#include "rtp/srtp.h"

#include <utility>

#include "rtp/packet.h"

namespace glass::rtp {
namespace {

constexpr std::uint64_t kSequences = 1 << 16;
constexpr std::uint64_t kHalf = 1 << 15;
constexpr std::uint64_t kRtpIndexes = std::uint64_t{1} << 48;

std::uint32_t rollovers(std::uint64_t index) { return static_cast<std::uint32_t>(index >> 16); }

Ssrc rtcp_ssrc(Bytes packet) {
  Reader in(packet);
  in.skip(4, "");
  return Ssrc{in.u32("")};
}

// What can be asked of an RTCP packet without reading it: the version, and header and SSRC.
bool is_rtcp(Bytes packet) {
  return packet.size() >= kRtcpHeaderSize && packet.front() >> 6 == kVersion;
}

bool has_room(const PacketBuffer& packet, std::size_t count) {
  return packet.headroom() + packet.size() + count <= PacketBuffer::kCapacity;
}

}  // namespace

std::string_view to_text(ProtectError error) {
  switch (error) {
    case ProtectError::kMalformed: return "no RTP or RTCP header";
    case ProtectError::kTooLarge: return "no room for the tag";
    case ProtectError::kIndexReused: return "protected before";
    case ProtectError::kKeyExhausted: return "the key has protected all that it may";
    case ProtectError::kTooManyStreams: return "too many sources";
  }
  std::unreachable();
}

std::string_view to_text(UnprotectError error) {
  switch (error) {
    case UnprotectError::kMalformed: return "no RTP or RTCP header, or no tag";
    case UnprotectError::kReplayed: return "replayed";
    case UnprotectError::kTooOld: return "behind the replay window";
    case UnprotectError::kForged: return "the authentication tag is wrong";
    case UnprotectError::kTooManyStreams: return "too many sources";
  }
  std::unreachable();
}

// RFC 3711 §3.3.1, with s_l and ROC in one number: SEQ belongs to the round before, this one or the
// next, whichever is less than half a round away.
std::uint64_t estimate_index(std::uint64_t highest, SequenceNumber sequence) {
  const std::uint64_t last = highest % kSequences;  // s_l
  const std::uint64_t round = highest - last;       // ROC * 2^16
  const std::uint64_t here = round + sequence.value();
  if (last < kHalf && sequence.value() > last + kHalf && round > 0) return here - kSequences;
  if (last >= kHalf && sequence.value() + kHalf < last) return here + kSequences;
  return here;
}

SrtpSender::SrtpSender(SrtpProfile profile, const SrtpMaster& master, Trace trace,
                       const crypto::Primitives& primitives, SrtpLimits limits)
    : trace_(trace),
      transform_(profile, derive_session_keys(profile, master, trace), trace, primitives),
      limits_(limits) {}

Result<SrtpSender::Stream*, ProtectError> SrtpSender::stream(Ssrc ssrc) {
  if (Stream* known = streams_.find(ssrc)) return known;
  if (streams_.is_full()) return std::unexpected(ProtectError::kTooManyStreams);
  // RFC 3711 §3.3.1, §3.4: both counters begin at zero.
  trace_.rule("3711:3.3.1#1"_rule, Fact{"ssrc", ssrc.value()});
  return &streams_.insert(ssrc, Stream{});
}

Result<void, ProtectError> SrtpSender::protect(PacketBuffer& packet) {
  const auto header = header_size(packet.bytes());
  if (!header) return std::unexpected(ProtectError::kMalformed);
  if (!has_room(packet, transform_.rtp_overhead())) return std::unexpected(ProtectError::kTooLarge);
  Stream* const source = TRY(stream(ssrc_of(packet.bytes())));
  const SequenceNumber sequence = sequence_of(packet.bytes());
  const std::uint64_t index =
      source->sent.is_empty() ? sequence.value() : estimate_index(source->sent.highest(), sequence);
  // RFC 3711 §9.1: one key stream hides one packet, or a listener could lay two over each other.
  if (source->sent.check(index) != ReplayWindow<kSrtpWindow>::Verdict::kNew) {
    trace_.rule("3711:9.1#1"_rule, Fact{"index", index});
    return std::unexpected(ProtectError::kIndexReused);
  }
  if (rtp_packets_ >= limits_.rtp_packets || index >= kRtpIndexes) {
    trace_.rule("3711:3.3.1#9"_rule, Fact{"packets", rtp_packets_});
    return std::unexpected(ProtectError::kKeyExhausted);
  }
  if (!source->sent.is_empty() && rollovers(index) > rollovers(source->sent.highest()))
    trace_.rule("3711:3.3.1#2"_rule, Fact{"roc", rollovers(index)});
  transform_.seal_rtp(packet, *header, index);
  source->sent.note(index);
  ++rtp_packets_;
  return {};
}

Result<void, ProtectError> SrtpSender::protect_rtcp(PacketBuffer& packet) {
  if (!is_rtcp(packet.bytes())) return std::unexpected(ProtectError::kMalformed);
  if (!has_room(packet, transform_.rtcp_overhead()))
    return std::unexpected(ProtectError::kTooLarge);
  Stream* const source = TRY(stream(rtcp_ssrc(packet.bytes())));
  if (rtcp_packets_ >= limits_.rtcp_packets || source->rtcp_next > kSrtcpIndexMax) {
    trace_.rule("3711:9.2#4"_rule, Fact{"packets", rtcp_packets_});
    return std::unexpected(ProtectError::kKeyExhausted);
  }
  // RFC 3711 §3.4: the first has index zero, each further one the next.
  trace_.rule("3711:3.4#7"_rule, Fact{"index", source->rtcp_next});
  transform_.seal_rtcp(packet, static_cast<std::uint32_t>(source->rtcp_next));
  ++source->rtcp_next;
  ++rtcp_packets_;
  return {};
}

std::optional<std::uint32_t> SrtpSender::rollover_counter(Ssrc ssrc) {
  const Stream* const source = streams_.find(ssrc);
  if (source == nullptr || source->sent.is_empty()) return std::nullopt;
  return rollovers(source->sent.highest());
}

SrtpReceiver::SrtpReceiver(SrtpProfile profile, const SrtpMaster& master, Trace trace,
                           const crypto::Primitives& primitives)
    : trace_(trace),
      transform_(profile, derive_session_keys(profile, master, trace), trace, primitives) {}

UnprotectError SrtpReceiver::refuse(UnprotectError why, Rule rule, Bytes packet) const {
  trace_.drop(rule, to_text(why), packet);
  return why;
}

Result<MutableBytes, UnprotectError> SrtpReceiver::unprotect(MutableBytes packet) {
  const auto header = header_size(packet);
  if (!header) {
    trace_.drop(rule_of(header.error()), to_text(header.error()), packet);
    return std::unexpected(UnprotectError::kMalformed);
  }
  if (packet.size() < *header + transform_.rtp_overhead())
    return std::unexpected(refuse(UnprotectError::kMalformed, "3711:3.1#8"_rule, packet));
  const Ssrc ssrc = ssrc_of(packet);
  const SequenceNumber sequence = sequence_of(packet);
  Stream* const source = streams_.find(ssrc);
  if (source == nullptr && streams_.is_full())
    return std::unexpected(refuse(UnprotectError::kTooManyStreams, "3711:3.2.3#2"_rule, packet));
  std::uint64_t index = sequence.value();  // RFC 3711 §3.3.1: of a source not heard before
  if (source != nullptr && !source->rtp.is_empty()) {
    index = estimate_index(source->rtp.highest(), sequence);
    switch (source->rtp.check(index)) {
      case ReplayWindow<kSrtpWindow>::Verdict::kSeen:
        return std::unexpected(refuse(UnprotectError::kReplayed, "3711:3.3#3"_rule, packet));
      case ReplayWindow<kSrtpWindow>::Verdict::kTooOld:
        return std::unexpected(refuse(UnprotectError::kTooOld, "3711:3.3.2#2"_rule, packet));
      case ReplayWindow<kSrtpWindow>::Verdict::kNew: break;
    }
  }
  const auto opened = transform_.open_rtp(packet, *header, index);
  if (!opened) return std::unexpected(refuse(UnprotectError::kForged, "3711:3.3#4"_rule, packet));
  accept(source, ssrc, index);
  return *opened;
}

// RFC 3711 §3.3.1, §3.3.2: only what has proved genuine moves counter and window.
void SrtpReceiver::accept(Stream* known, Ssrc ssrc, std::uint64_t index) {
  Stream& source = known != nullptr ? *known : streams_.insert(ssrc, Stream{});
  if (source.rtp.is_empty()) {
    trace_.rule("3711:3.3.1#5"_rule, Fact{"sequence", index % kSequences});
  } else if (rollovers(index) > rollovers(source.rtp.highest())) {
    trace_.rule("3711:3.3.1#7"_rule, Fact{"roc", rollovers(index)});
  }
  source.rtp.note(index);
}

Result<MutableBytes, UnprotectError> SrtpReceiver::unprotect_rtcp(MutableBytes packet) {
  if (!is_rtcp(packet) || packet.size() < kRtcpHeaderSize + transform_.rtcp_overhead())
    return std::unexpected(refuse(UnprotectError::kMalformed, "3711:3.4#1"_rule, packet));
  const Ssrc ssrc = rtcp_ssrc(packet);
  Stream* source = streams_.find(ssrc);
  if (source == nullptr && streams_.is_full())
    return std::unexpected(refuse(UnprotectError::kTooManyStreams, "3711:3.2.3#2"_rule, packet));
  const std::uint32_t index = transform_.rtcp_index(packet);
  if (source != nullptr) {
    switch (source->rtcp.check(index)) {
      case ReplayWindow<kSrtcpWindow>::Verdict::kSeen:
        return std::unexpected(refuse(UnprotectError::kReplayed, "3711:3.3.2#3"_rule, packet));
      case ReplayWindow<kSrtcpWindow>::Verdict::kTooOld:
        return std::unexpected(refuse(UnprotectError::kTooOld, "3711:3.3.2#3"_rule, packet));
      case ReplayWindow<kSrtcpWindow>::Verdict::kNew: break;
    }
  }
  const auto opened = transform_.open_rtcp(packet);
  if (!opened) return std::unexpected(refuse(UnprotectError::kForged, "3711:3.4#14"_rule, packet));
  if (source == nullptr) source = &streams_.insert(ssrc, Stream{});
  source->rtcp.note(index);
  return *opened;
}

std::optional<std::uint32_t> SrtpReceiver::rollover_counter(Ssrc ssrc) {
  const Stream* const source = streams_.find(ssrc);
  if (source == nullptr || source->rtp.is_empty()) return std::nullopt;
  return rollovers(source->rtp.highest());
}

}  // namespace glass::rtp
