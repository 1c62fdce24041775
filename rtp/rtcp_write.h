// rtp/rtcp_write.h - writing RTCP packets, one behind the other, into one datagram.
//
// RFC 3550 §6, RFC 3611, RFC 4585 §6, RFC 5104 §4.3.1, RFC 8888.  Tested by: tests/rtp/rtcp_test.cc
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/writer.h"
#include "rtp/rtcp.h"

namespace glass::rtp {

// Up to kReportBlocksMax blocks.
void write_sender_report(Writer& out, Ssrc ssrc, const SenderInfo& info,
                         std::span<const ReportBlock> blocks);
void write_receiver_report(Writer& out, Ssrc ssrc, std::span<const ReportBlock> blocks);
// One chunk with one item, whose text has at most 255 bytes.
void write_cname(Writer& out, Ssrc ssrc, std::string_view cname);
// Up to 31 sources; a reason of at most 255 bytes, none if it is empty.
void write_bye(Writer& out, std::span<const Ssrc> ssrcs, std::string_view reason);
// `data` is a multiple of four bytes.
void write_application(Writer& out, const Application& packet);
void write_reference_time(Writer& out, Ssrc ssrc, std::uint64_t ntp);
void write_dlrr(Writer& out, Ssrc ssrc, std::span<const DlrrEntry> entries);

// The sequence numbers must be in order; neighbours share an entry. At least one.
void write_nack(Writer& out, const Feedback& about, std::span<const SequenceNumber> lost);
void write_pli(Writer& out, const Feedback& about);
void write_fir(Writer& out, Ssrc sender, std::span<const FirEntry> entries);
// The rate is rounded down to what 18 bits of mantissa say.
void write_remb(Writer& out, Ssrc sender, std::uint64_t bits_per_second,
                std::span<const Ssrc> ssrcs);

// What has arrived from `base` on: a packet for each sequence number, received or not. The delta of
// each one that is received must fit into 16 bits.
struct TransportWideContent {
  Feedback about;
  std::int32_t reference_time = 0;
  std::uint8_t feedback_count = 0;
  std::span<const Arrival> arrivals;  // at least one; consecutive
};
void write_transport_wide(Writer& out, const TransportWideContent& content);

struct CongestionContent {
  Ssrc ssrc;
  SequenceNumber begin;
  std::span<const std::uint16_t> metrics;  // at most kCongestionReportsMax
};
void write_congestion(Writer& out, Ssrc sender, std::span<const CongestionContent> blocks,
                      std::uint32_t timestamp);

// The metric of a packet that arrived `before` the report's timestamp, in 1/1024 s (RFC 8888 §3.1).
std::uint16_t congestion_metric(std::uint8_t ecn, std::int64_t before);

}  // namespace glass::rtp
