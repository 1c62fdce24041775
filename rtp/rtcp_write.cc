#include "rtp/rtcp_write.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace glass::rtp {
namespace {

// One packet: header first, length when it goes out of scope.
class Scope {
 public:
  Scope(Writer& out, RtcpType type, std::size_t count) : out_(out), at_(out.size()) {
    CHECK(count <= 31);
    out.u8(static_cast<std::uint8_t>(0x80 | count)).u8(std::to_underlying(type)).u16(0);
  }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() {
    const std::size_t size = out_.size() - at_;
    CHECK(size % 4 == 0 && size / 4 - 1 <= 0xffff);
    const MutableBytes length = out_.written().subspan(at_ + 2, 2);
    length[0] = static_cast<std::uint8_t>((size / 4 - 1) >> 8);
    length[1] = static_cast<std::uint8_t>(size / 4 - 1);
  }
  // Null octets up to a multiple of four.
  void pad() { out_.zeros((4 - (out_.size() - at_) % 4) % 4); }

 private:
  Writer& out_;
  std::size_t at_;
};

constexpr std::uint32_t kRembName = 0x52454d42;

void write_block(Writer& out, const ReportBlock& block) {
  // RFC 3550 Appendix A.3: what does not fit into 24 bits is said as the most that does.
  constexpr std::int32_t kLostMax = 0x7fffff;
  const std::int32_t lost = std::clamp(block.cumulative_lost, -kLostMax - 1, kLostMax);
  out.u32(block.ssrc.value()).u8(block.fraction_lost);
  out.u24(static_cast<std::uint32_t>(lost) & 0xffffff).u32(block.highest_sequence);
  out.u32(block.jitter).u32(block.last_sr).u32(block.delay_since_last_sr);
}

void write_feedback(Writer& out, const Feedback& about) {
  out.u32(about.sender.value()).u32(about.media.value());
}

}  // namespace

void write_sender_report(Writer& out, Ssrc ssrc, const SenderInfo& info,
                         std::span<const ReportBlock> blocks) {
  const Scope scope(out, RtcpType::kSenderReport, blocks.size());
  out.u32(ssrc.value()).u64(info.ntp).u32(info.rtp_time.value());
  out.u32(info.packets).u32(info.octets);
  for (const ReportBlock& block : blocks) write_block(out, block);
}

void write_receiver_report(Writer& out, Ssrc ssrc, std::span<const ReportBlock> blocks) {
  const Scope scope(out, RtcpType::kReceiverReport, blocks.size());
  out.u32(ssrc.value());
  for (const ReportBlock& block : blocks) write_block(out, block);
}

void write_cname(Writer& out, Ssrc ssrc, std::string_view cname) {
  CHECK(cname.size() <= 0xff);
  Scope scope(out, RtcpType::kSourceDescription, 1);
  out.u32(ssrc.value()).u8(std::to_underlying(SdesItem::kCname));
  out.u8(static_cast<std::uint8_t>(cname.size())).bytes(as_bytes(cname));
  out.u8(0);  // RFC 3550 §6.5: the end of the list, and as many as make it whole words
  scope.pad();
}

void write_bye(Writer& out, std::span<const Ssrc> ssrcs, std::string_view reason) {
  CHECK(reason.size() <= 0xff);
  Scope scope(out, RtcpType::kBye, ssrcs.size());
  for (const Ssrc ssrc : ssrcs) out.u32(ssrc.value());
  if (reason.empty()) return;
  out.u8(static_cast<std::uint8_t>(reason.size())).bytes(as_bytes(reason));
  scope.pad();
}

void write_application(Writer& out, const Application& packet) {
  const Scope scope(out, RtcpType::kApplication, packet.subtype);
  out.u32(packet.ssrc.value()).u32(packet.name).bytes(packet.data);
}

void write_reference_time(Writer& out, Ssrc ssrc, std::uint64_t ntp) {
  const Scope scope(out, RtcpType::kExtendedReport, 0);
  out.u32(ssrc.value()).u8(4).u8(0).u16(2).u64(ntp);
}

void write_dlrr(Writer& out, Ssrc ssrc, std::span<const DlrrEntry> entries) {
  const Scope scope(out, RtcpType::kExtendedReport, 0);
  out.u32(ssrc.value()).u8(5).u8(0).u16(static_cast<std::uint16_t>(3 * entries.size()));
  for (const DlrrEntry& entry : entries)
    out.u32(entry.ssrc.value()).u32(entry.last_rr).u32(entry.delay_since_last_rr);
}

void write_nack(Writer& out, const Feedback& about, std::span<const SequenceNumber> lost) {
  CHECK(!lost.empty());
  const Scope scope(out, RtcpType::kTransportFeedback, std::to_underlying(TransportFormat::kNack));
  write_feedback(out, about);
  for (std::size_t i = 0; i < lost.size();) {
    const SequenceNumber first = lost[i++];
    std::uint16_t following = 0;
    // RFC 4585 §6.2.1: the sixteen behind the first one have a bit each.
    for (; i < lost.size(); ++i) {
      const int distance = lost[i].since(first);
      if (distance < 1 || distance > 16) break;
      following = static_cast<std::uint16_t>(following | 1U << (distance - 1));
    }
    out.u16(first.value()).u16(following);
  }
}

void write_pli(Writer& out, const Feedback& about) {
  const Scope scope(out, RtcpType::kPayloadFeedback, std::to_underlying(PayloadFormat::kPli));
  write_feedback(out, about);
}

void write_fir(Writer& out, Ssrc sender, std::span<const FirEntry> entries) {
  CHECK(!entries.empty());
  const Scope scope(out, RtcpType::kPayloadFeedback, std::to_underlying(PayloadFormat::kFir));
  write_feedback(out, {.sender = sender});  // RFC 5104 §4.3.1.2: the media source is not used
  for (const FirEntry& entry : entries) out.u32(entry.ssrc.value()).u8(entry.sequence).u24(0);
}

void write_remb(Writer& out, Ssrc sender, std::uint64_t bits_per_second,
                std::span<const Ssrc> ssrcs) {
  CHECK(ssrcs.size() <= 0xff);
  const Scope scope(out, RtcpType::kPayloadFeedback,
                    std::to_underlying(PayloadFormat::kApplicationLayer));
  std::uint32_t exponent = 0;
  for (; bits_per_second > 0x3ffff; bits_per_second >>= 1) ++exponent;
  write_feedback(out, {.sender = sender});
  out.u32(kRembName).u8(static_cast<std::uint8_t>(ssrcs.size()));
  out.u24(exponent << 18 | static_cast<std::uint32_t>(bits_per_second));
  for (const Ssrc ssrc : ssrcs) out.u32(ssrc.value());
}

namespace {

unsigned symbol_for(const Arrival& arrival) {
  if (!arrival.is_received) return 0;
  return arrival.delta >= 0 && arrival.delta <= 0xff ? 1 : 2;
}

// How many packets from the front have the same symbol.
std::size_t run_of(std::span<const Arrival> arrivals) {
  constexpr std::size_t kRunMax = 0x1fff;
  const unsigned symbol = symbol_for(arrivals.front());
  std::size_t count = 1;
  while (count < arrivals.size() && count < kRunMax && symbol_for(arrivals[count]) == symbol)
    ++count;
  return count;
}

// A chunk for the front of `arrivals`: a run where it covers more than a vector does, a vector of
// one-bit symbols where no delta is large, of two-bit symbols otherwise.
std::size_t write_chunk(Writer& out, std::span<const Arrival> arrivals) {
  const std::size_t run = run_of(arrivals);
  const std::size_t ahead = std::min<std::size_t>(14, arrivals.size());
  const bool all_small = std::ranges::all_of(
      arrivals.first(ahead), [](const Arrival& one) { return symbol_for(one) < 2; });
  const std::size_t vector = all_small ? 14 : 7;
  if (run >= std::min(vector, arrivals.size())) {
    out.u16(static_cast<std::uint16_t>(symbol_for(arrivals.front()) << 13 | run));
    return run;
  }
  std::uint32_t chunk = all_small ? 0x8000 : 0xc000;
  const std::size_t used = std::min(vector, arrivals.size());
  const std::size_t bits = all_small ? 1 : 2;
  for (std::size_t i = 0; i < used; ++i)
    chunk |= symbol_for(arrivals[i]) << ((vector - 1 - i) * bits);
  out.u16(static_cast<std::uint16_t>(chunk));
  return used;
}

}  // namespace

void write_transport_wide(Writer& out, const TransportWideContent& content) {
  CHECK(!content.arrivals.empty() && content.arrivals.size() <= 0xffff);
  Scope scope(out, RtcpType::kTransportFeedback,
              std::to_underlying(TransportFormat::kTransportWide));
  write_feedback(out, content.about);
  out.u16(content.arrivals.front().sequence.value());
  out.u16(static_cast<std::uint16_t>(content.arrivals.size()));
  out.u24(static_cast<std::uint32_t>(content.reference_time) & 0xffffff);
  out.u8(content.feedback_count);
  for (std::span<const Arrival> left = content.arrivals; !left.empty();)
    left = left.subspan(write_chunk(out, left));
  for (const Arrival& arrival : content.arrivals) {
    if (symbol_for(arrival) == 1) out.u8(static_cast<std::uint8_t>(arrival.delta));
    if (symbol_for(arrival) != 2) continue;
    CHECK(arrival.delta >= INT16_MIN && arrival.delta <= INT16_MAX);
    out.u16(static_cast<std::uint16_t>(arrival.delta));
  }
  scope.pad();
}

void write_congestion(Writer& out, Ssrc sender, std::span<const CongestionContent> blocks,
                      std::uint32_t timestamp) {
  const Scope scope(out, RtcpType::kTransportFeedback,
                    std::to_underlying(TransportFormat::kCongestion));
  out.u32(sender.value());
  for (const CongestionContent& block : blocks) {
    CHECK(block.metrics.size() <= kCongestionReportsMax);
    out.u32(block.ssrc.value()).u16(block.begin.value());
    out.u16(static_cast<std::uint16_t>(block.metrics.size()));
    for (const std::uint16_t metric : block.metrics) out.u16(metric);
    if (block.metrics.size() % 2 != 0) out.u16(0);
  }
  out.u32(timestamp);
}

std::uint16_t congestion_metric(std::uint8_t ecn, std::int64_t before) {
  constexpr std::int64_t kOffsetMax = 0x1ffd;
  constexpr std::uint16_t kTooEarly = 0x1ffe;
  constexpr std::uint16_t kAfterwards = 0x1fff;
  std::uint16_t offset =
      static_cast<std::uint16_t>(std::clamp<std::int64_t>(before, 0, kOffsetMax));
  if (before > kOffsetMax) offset = kTooEarly;
  if (before < 0) offset = kAfterwards;
  return static_cast<std::uint16_t>(0x8000U | (ecn & 3U) << 13 | offset);
}

}  // namespace glass::rtp
