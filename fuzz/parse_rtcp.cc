// fuzz: uses rtp
// RTCP datagrams: what can be read can be written, and reads the same; no view runs over.
#include <array>
#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/overloaded.h"
#include "base/writer.h"
#include "rtp/rtcp.h"
#include "rtp/rtcp_write.h"

namespace glass::rtp {
namespace {

class OrderTap final : public FieldTap {
 public:
  explicit OrderTap(std::size_t size) : size_(size) {}
  void field(std::string_view /*name*/, std::size_t offset, Bytes bytes) override {
    CHECK(offset >= at_ && bytes.size() <= size_ - offset);
    at_ = offset + bytes.size();
  }

 private:
  std::size_t size_;
  std::size_t at_ = 0;
};

std::vector<ReportBlock> all(const ReportBlocks& blocks) {
  std::vector<ReportBlock> out;
  for (std::size_t i = 0; i < blocks.size(); ++i) out.push_back(blocks[i]);
  return out;
}

template <class Message>
Message again(const ByteVector& bytes) {
  Reader in(bytes);
  RtcpWalk walk(in);
  auto raw = walk.next();
  CHECK(raw.has_value());
  const auto message = parse_rtcp(*raw);
  CHECK(message.has_value() && std::holds_alternative<Message>(*message));
  return std::get<Message>(*message);
}

struct RoundTrip {
  ByteVector bytes;
  Writer out{bytes};

  void operator()(const SenderReport& report) {
    write_sender_report(out, report.ssrc, report.info, all(report.blocks));
    const auto same = again<SenderReport>(bytes);
    CHECK(same.info == report.info && all(same.blocks) == all(report.blocks));
  }
  void operator()(const ReceiverReport& report) {
    write_receiver_report(out, report.ssrc, all(report.blocks));
    CHECK(all(again<ReceiverReport>(bytes).blocks) == all(report.blocks));
  }
  void operator()(const SourceDescription& description) {
    for (std::size_t i = 0; i < description.size; ++i)
      for (int type = 1; type < 256; ++type)
        (void)description.chunks.at(i).item(static_cast<SdesItem>(type));
  }
  void operator()(const Bye& bye) {
    std::vector<Ssrc> ssrcs;
    for (std::size_t i = 0; i < bye.size(); ++i) ssrcs.push_back(bye.ssrc(i));
    write_bye(out, ssrcs, as_text(bye.reason));
    CHECK(equal(again<Bye>(bytes).ssrcs, bye.ssrcs) && equal(again<Bye>(bytes).reason, bye.reason));
  }
  void operator()(const Application& packet) {
    write_application(out, packet);
    CHECK(equal(again<Application>(bytes).data, packet.data));
  }
  void operator()(const ExtendedReport& report) {
    std::vector<DlrrEntry> entries;
    for (std::size_t i = 0; i < report.dlrr_size(); ++i) entries.push_back(report.dlrr_entry(i));
    if (entries.empty()) return;
    write_dlrr(out, report.ssrc, entries);
    CHECK(equal(again<ExtendedReport>(bytes).dlrr, report.dlrr));
  }
  void operator()(const Nack& nack) {
    for (std::size_t i = 0; i < nack.size(); ++i) {
      const NackEntry entry = nack.entry(i);
      std::vector<SequenceNumber> lost{entry.packet};
      for (std::uint16_t bit = 0; bit < 16; ++bit)
        if ((entry.following >> bit & 1) != 0)
          lost.push_back(entry.packet + static_cast<std::uint16_t>(bit + 1));
      bytes.clear();
      write_nack(out, nack.about, lost);
      CHECK(again<Nack>(bytes).size() == 1);
      CHECK(again<Nack>(bytes).entry(0).following == entry.following);
    }
  }
  void operator()(const Pli& pli) {
    write_pli(out, pli.about);
    CHECK(again<Pli>(bytes).about.media == pli.about.media);
  }
  void operator()(const Fir& fir) {
    std::vector<FirEntry> entries;
    for (std::size_t i = 0; i < fir.size(); ++i) entries.push_back(fir.entry(i));
    write_fir(out, fir.about.sender, entries);
    CHECK(again<Fir>(bytes).size() == fir.size());
  }
  void operator()(const Remb& remb) {
    std::vector<Ssrc> ssrcs;
    for (std::size_t i = 0; i < remb.size(); ++i) ssrcs.push_back(remb.ssrc(i));
    write_remb(out, remb.about.sender, remb.bits_per_second, ssrcs);
    CHECK(again<Remb>(bytes).bits_per_second == remb.bits_per_second);
  }
  void operator()(const TransportWide& feedback) {
    std::vector<Arrival> arrivals;
    ArrivalWalk walk(feedback);
    while (const auto arrival = walk.next()) arrivals.push_back(*arrival);
    CHECK(arrivals.size() == feedback.status_count);
    write_transport_wide(out, {.about = feedback.about,
                               .reference_time = feedback.reference_time,
                               .feedback_count = feedback.feedback_count,
                               .arrivals = arrivals});
    ArrivalWalk same(again<TransportWide>(bytes));
    for (const Arrival& arrival : arrivals) CHECK(same.next() == arrival);
  }
  void operator()(const CongestionFeedback& feedback) {
    std::vector<std::vector<std::uint16_t>> metrics;
    std::vector<CongestionContent> blocks;
    CongestionWalk walk(feedback);
    while (const auto block = walk.next()) {
      metrics.emplace_back();
      for (std::size_t i = 0; i < block->size(); ++i) metrics.back().push_back(block->metric(i));
      blocks.push_back({.ssrc = block->ssrc, .begin = block->begin});
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i].metrics = metrics[i];
    write_congestion(out, feedback.sender, blocks, feedback.timestamp);
    CHECK(again<CongestionFeedback>(bytes).blocks.size() == feedback.blocks.size());
  }
};

}  // namespace
}  // namespace glass::rtp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glass;
  const Bytes datagram(data, size);
  rtp::OrderTap tap(size);
  (void)rtp::name_rtcp_fields(datagram, tap);
  const bool is_compound = rtp::check_rtcp(datagram, rtp::RtcpForm::kCompound).has_value();
  CHECK(!is_compound || rtp::check_rtcp(datagram, rtp::RtcpForm::kReducedSize).has_value());
  rtp::RtcpReader reader(datagram, rtp::RtcpForm::kReducedSize, Trace{});
  while (const auto message = reader.next()) std::visit(rtp::RoundTrip{}, *message);
  return 0;
}
