// rtp/rtcp.h - RTCP: the walk over a compound packet, and each packet that WebRTC has.
//
// Views into the datagram; every length is checked when a packet is parsed, so that what is read
// out of a view later cannot run over. What the numbers mean for a session is in reports.h, nack.h,
// ... RFC 3550 §6 (SR, RR, SDES, BYE, APP), RFC 3611 (XR), RFC 4585 §6 (NACK, PLI), RFC 5104 §4.3.1
// (FIR), RFC 8888 (CCFB), draft-alvestrand-rmcat-remb, draft-holmer-rmcat-transport-wide-cc.
// Tested by: tests/rtp/rtcp_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/trace.h"
#include "base/writer.h"
#include "rtp/types.h"

namespace glass::rtp {

enum class RtcpType : std::uint8_t {
  kSenderReport = 200,
  kReceiverReport = 201,
  kSourceDescription = 202,
  kBye = 203,
  kApplication = 204,
  kTransportFeedback = 205,  // RFC 4585 §6.1: RTPFB
  kPayloadFeedback = 206,    // PSFB
  kExtendedReport = 207,     // RFC 3611 §2
};

enum class TransportFormat : std::uint8_t { kNack = 1, kCongestion = 11, kTransportWide = 15 };
enum class PayloadFormat : std::uint8_t { kPli = 1, kFir = 4, kApplicationLayer = 15 };

enum class RtcpError : std::uint8_t {
  kTruncated,       // a header or a length reaches past the end
  kBadVersion,      // not version 2
  kPadding,         // padding that is no multiple of four, or more than there is
  kPaddingInside,   // padding before the last packet of a compound
  kNotCompound,     // does not begin with a report
  kReport,          // shorter than its reports
  kDescription,     // an item or a list of items that does not end
  kBye,             // shorter than its sources or its reason
  kApplication,     // no name
  kExtendedReport,  // a block that runs over
  kFeedback,        // no room for both SSRCs
  kNack,            // no entry, or not whole ones
  kPli,             // something inside
  kFir,             // no entry, or not whole ones
  kRemb,            // fewer SSRCs than it counts, or a rate out of range
  kTransportWide,   // chunks and deltas that do not add up
  kCongestion,      // report blocks that do not add up, or too long ones
  kUnknownType,     // not ours to read
  kUnknownFormat,
};

std::string_view to_text(RtcpError error);
Rule rule_of(RtcpError error);

// One packet of a compound, its padding cut off.
struct RawRtcp {
  std::uint8_t count = 0;  // RC, SC, subtype or FMT, as the type has it
  RtcpType type{};
  Bytes bytes;  // all of it
  Reader body;  // behind the first four octets
};

// The packets of one datagram in order. Ends at the first that cannot be told from the next.
class RtcpWalk {
 public:
  explicit RtcpWalk(Reader& in) : in_(in) {}
  std::optional<RawRtcp> next();
  // Why it ended early; nullopt: it did not.
  [[nodiscard]] std::optional<RtcpError> error() const { return error_; }

 private:
  Reader& in_;
  std::size_t padding_ = 0;  // behind the packet that was given out last
  std::optional<RtcpError> error_;
};

// RFC 3550 §6.4.1: what one receiver says about one source.
struct ReportBlock {
  Ssrc ssrc;
  std::uint8_t fraction_lost = 0;         // of 256, since the report before
  std::int32_t cumulative_lost = 0;       // 24 bits; duplicates make it negative
  std::uint32_t highest_sequence = 0;     // extended by wraps in the upper half
  std::uint32_t jitter = 0;               // in ticks of the RTP clock
  std::uint32_t last_sr = 0;              // middle of the NTP time of the last SR; zero: none
  std::uint32_t delay_since_last_sr = 0;  // in 1/65536 s
  friend bool operator==(const ReportBlock&, const ReportBlock&) = default;
};
inline constexpr std::size_t kReportBlockSize = 24;
inline constexpr std::size_t kReportBlocksMax = 31;

struct ReportBlocks {
  Bytes bytes;
  [[nodiscard]] std::size_t size() const { return bytes.size() / kReportBlockSize; }
  [[nodiscard]] ReportBlock operator[](std::size_t index) const;
};

struct SenderInfo {
  std::uint64_t ntp = 0;  // seconds since 1900 in 1/2^32
  RtpTime rtp_time;       // the same instant on the clock of the stream
  std::uint32_t packets = 0;
  std::uint32_t octets = 0;  // of payload
  friend bool operator==(const SenderInfo&, const SenderInfo&) = default;
};
// The middle 32 bits, which reports carry back.
constexpr std::uint32_t ntp_middle(std::uint64_t ntp) {
  return static_cast<std::uint32_t>(ntp >> 16);
}

struct SenderReport {
  Ssrc ssrc;
  SenderInfo info;
  ReportBlocks blocks;
};
struct ReceiverReport {
  Ssrc ssrc;
  ReportBlocks blocks;
};

enum class SdesItem : std::uint8_t {
  kEnd = 0,
  kCname = 1,
  kName = 2,
  kEmail = 3,
  kPhone = 4,
  kLocation = 5,
  kTool = 6,
  kNote = 7,
  kPrivate = 8,
  kMid = 15,  // RFC 9143 §15
  kRid = 12,  // RFC 8852 §4.1
  kRepairedRid = 13,
};
struct SdesChunk {
  Ssrc ssrc;
  Bytes items;  // type, length, text; without the end
  // The first item of this type. nullopt: none.
  [[nodiscard]] std::optional<Bytes> item(SdesItem type) const;
};
struct SourceDescription {
  std::array<SdesChunk, 31> chunks;
  std::size_t size = 0;
};

struct Bye {
  Bytes ssrcs;  // four bytes each
  Bytes reason;
  [[nodiscard]] std::size_t size() const { return ssrcs.size() / 4; }
  [[nodiscard]] Ssrc ssrc(std::size_t index) const;
};
struct Application {
  std::uint8_t subtype = 0;
  Ssrc ssrc;
  std::uint32_t name = 0;  // four ASCII characters
  Bytes data;
};

// RFC 3611 §4.4, §4.5: how a receiver that sends nothing learns the round trip time.
struct DlrrEntry {
  Ssrc ssrc;
  std::uint32_t last_rr = 0;
  std::uint32_t delay_since_last_rr = 0;  // in 1/65536 s
  friend bool operator==(const DlrrEntry&, const DlrrEntry&) = default;
};
struct ExtendedReport {
  Ssrc ssrc;
  std::optional<std::uint64_t> reference_time;  // RRTR: NTP
  Bytes dlrr;                                   // of the first such block
  std::size_t other_blocks = 0;
  [[nodiscard]] std::size_t dlrr_size() const { return dlrr.size() / 12; }
  [[nodiscard]] DlrrEntry dlrr_entry(std::size_t index) const;
};

struct Feedback {
  Ssrc sender;
  Ssrc media;
};

struct NackEntry {
  SequenceNumber packet;
  std::uint16_t following = 0;  // bit i: packet + i + 1 is lost as well
};
struct Nack {
  Feedback about;
  Bytes entries;
  [[nodiscard]] std::size_t size() const { return entries.size() / 4; }
  [[nodiscard]] NackEntry entry(std::size_t index) const;
};
struct Pli {
  Feedback about;
};
struct FirEntry {
  Ssrc ssrc;
  std::uint8_t sequence = 0;
};
struct Fir {
  Feedback about;
  Bytes entries;
  [[nodiscard]] std::size_t size() const { return entries.size() / 8; }
  [[nodiscard]] FirEntry entry(std::size_t index) const;
};
struct Remb {
  Feedback about;
  std::uint64_t bits_per_second = 0;
  Bytes ssrcs;
  [[nodiscard]] std::size_t size() const { return ssrcs.size() / 4; }
  [[nodiscard]] Ssrc ssrc(std::size_t index) const;
};

struct TransportWide {
  Feedback about;
  SequenceNumber base;
  std::uint16_t status_count = 0;
  std::int32_t reference_time = 0;  // signed, in 64 ms
  std::uint8_t feedback_count = 0;
  Bytes chunks;
  Bytes deltas;
};
// One packet of a transport-wide feedback.
struct Arrival {
  SequenceNumber sequence;
  bool is_received = false;
  std::int32_t delta = 0;  // in 250 us since the packet before, or since the reference time
  friend bool operator==(const Arrival&, const Arrival&) = default;
};
class ArrivalWalk {
 public:
  explicit ArrivalWalk(const TransportWide& feedback);
  std::optional<Arrival> next();

 private:
  void load_chunk();

  Reader chunks_;
  Reader deltas_;
  SequenceNumber sequence_;
  std::size_t left_;  // packets
  std::uint16_t chunk_ = 0;
  std::size_t in_chunk_ = 0;  // symbols of the chunk that were not read yet
  unsigned symbol_bits_ = 0;  // 0: a run
};

inline constexpr std::size_t kCongestionReportsMax = 16'384;  // RFC 8888 §3.1
struct CongestionFeedback {
  Ssrc sender;
  Bytes blocks;
  std::uint32_t timestamp = 0;  // middle of NTP
};
struct CongestionBlock {
  Ssrc ssrc;
  SequenceNumber begin;
  Bytes metrics;  // two bytes each: R, ECN, arrival time offset
  [[nodiscard]] std::size_t size() const { return metrics.size() / 2; }
  [[nodiscard]] std::uint16_t metric(std::size_t index) const;
};
// The blocks of a feedback that was parsed.
class CongestionWalk {
 public:
  explicit CongestionWalk(const CongestionFeedback& feedback) : in_(feedback.blocks) {}
  std::optional<CongestionBlock> next();

 private:
  Reader in_;
};

using RtcpMessage =
    std::variant<SenderReport, ReceiverReport, SourceDescription, Bye, Application, ExtendedReport,
                 Nack, Pli, Fir, Remb, TransportWide, CongestionFeedback>;

Result<RtcpMessage, RtcpError> parse_rtcp(RawRtcp& raw);

// RFC 5506: a datagram may hold feedback alone, where that was negotiated.
enum class RtcpForm : std::uint8_t { kCompound, kReducedSize };

// Is this a datagram that may be walked? RFC 3550 Appendix A.2.
Result<void, RtcpError> check_rtcp(Bytes datagram, RtcpForm form);

// The messages of one datagram. A datagram that fails check_rtcp() is dropped as a whole, a packet
// that cannot be read by itself, and what is unknown is passed over.
class RtcpReader {
 public:
  RtcpReader(Bytes datagram, RtcpForm form, Trace trace);
  RtcpReader(const RtcpReader&) = delete;
  RtcpReader& operator=(const RtcpReader&) = delete;
  std::optional<RtcpMessage> next();

 private:
  Trace trace_;
  Reader in_;
  RtcpWalk walk_{in_};
};

// All names of a datagram, for explain. False: something could not be read.
bool name_rtcp_fields(Bytes datagram, FieldTap& tap);

}  // namespace glass::rtp
