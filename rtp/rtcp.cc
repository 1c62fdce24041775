#include "rtp/rtcp.h"

#include <utility>

namespace glass::rtp {
namespace {

constexpr std::uint8_t kVersion2 = 2;
constexpr std::uint8_t kPaddingBit = 0x20;
constexpr std::uint32_t kRembName = 0x52454d42;  // "REMB"
constexpr std::uint8_t kReferenceTimeBlock = 4;  // RFC 3611 §4.4
constexpr std::uint8_t kDlrrBlock = 5;           // RFC 3611 §4.5

std::uint64_t number_at(Bytes bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes.subspan(at, width)) value = value << 8 | byte;
  return value;
}
std::uint32_t word_at(Bytes bytes, std::size_t at) {
  return static_cast<std::uint32_t>(number_at(bytes, at, 4));
}
std::uint16_t half_at(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(number_at(bytes, at, 2));
}

using Parsed = Result<RtcpMessage, RtcpError>;

Parsed wrong(RtcpError error) { return std::unexpected(error); }

// Reads `count` report blocks for the sake of their names; the view stays on the bytes.
ReportBlocks read_blocks(Reader& in, std::size_t count) {
  const ReportBlocks blocks{in.rest().first(std::min(in.left(), count * kReportBlockSize))};
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    in.open("Report Block");
    in.skip(4, "SSRC");
    in.skip(1, "Fraction Lost");
    in.skip(3, "Cumulative Number of Packets Lost");
    in.skip(4, "Extended Highest Sequence Number");
    in.skip(4, "Interarrival Jitter");
    in.skip(4, "Last SR");
    in.skip(4, "Delay since Last SR");
    in.close();
  }
  return blocks;
}

Parsed parse_sender_report(RawRtcp& raw) {
  Reader& in = raw.body;
  SenderReport report{.ssrc = Ssrc{in.u32("SSRC of Sender")}};
  report.info.ntp = in.u64("NTP Timestamp");
  report.info.rtp_time = RtpTime{in.u32("RTP Timestamp")};
  report.info.packets = in.u32("Sender's Packet Count");
  report.info.octets = in.u32("Sender's Octet Count");
  report.blocks = read_blocks(in, raw.count);
  if (!in.ok()) return wrong(RtcpError::kReport);
  in.skip(in.left(), "Profile-Specific Extensions");
  return report;
}

Parsed parse_receiver_report(RawRtcp& raw) {
  Reader& in = raw.body;
  ReceiverReport report{.ssrc = Ssrc{in.u32("SSRC of Packet Sender")}};
  report.blocks = read_blocks(in, raw.count);
  if (!in.ok()) return wrong(RtcpError::kReport);
  in.skip(in.left(), "Profile-Specific Extensions");
  return report;
}

// RFC 3550 §6.5: items up to a null octet, then null octets up to a multiple of four.
bool parse_sdes_chunk(Reader& in, SdesChunk& chunk) {
  in.open("SDES Chunk");
  const std::size_t start = in.at();
  chunk.ssrc = Ssrc{in.u32("SSRC/CSRC")};
  const Bytes rest = in.rest();
  std::size_t used = 0;
  while (in.ok() && in.left() > 0 && in.rest().front() != 0) {
    in.skip(1, "Item Type");
    const std::size_t length = in.u8("Item Length");
    in.skip(length, "Item Text");
    used += 2 + length;
  }
  if (!in.ok() || in.left() == 0) return false;
  chunk.items = rest.first(used);
  in.skip(4 - (in.at() - start) % 4, "End of Items");
  in.close();
  return in.ok();
}

Parsed parse_description(RawRtcp& raw) {
  SourceDescription description;
  for (; description.size < raw.count; ++description.size)
    if (!parse_sdes_chunk(raw.body, description.chunks.at(description.size)))
      return wrong(RtcpError::kDescription);
  return description;
}

Parsed parse_bye(RawRtcp& raw) {
  Reader& in = raw.body;
  Bye bye{.ssrcs = in.bytes(std::size_t{4} * raw.count, "SSRC/CSRC")};
  if (in.ok() && in.left() > 0) {
    const std::size_t length = in.u8("Reason Length");
    bye.reason = in.bytes(length, "Reason for Leaving");
    in.skip(in.left(), "Padding");
  }
  if (!in.ok()) return wrong(RtcpError::kBye);
  return bye;
}

Parsed parse_application(RawRtcp& raw) {
  Reader& in = raw.body;
  Application packet{.subtype = raw.count, .ssrc = Ssrc{in.u32("SSRC/CSRC")}};
  packet.name = in.u32("Name");
  packet.data = in.bytes(in.left(), "Application-Dependent Data");
  if (!in.ok()) return wrong(RtcpError::kApplication);
  return packet;
}

Parsed parse_extended_report(RawRtcp& raw) {
  Reader& in = raw.body;
  ExtendedReport report{.ssrc = Ssrc{in.u32("SSRC")}};
  while (in.ok() && in.left() > 0) {
    in.open("Report Block");
    const std::uint8_t type = in.u8("Block Type");
    in.skip(1, "Type-Specific");
    Reader block = in.nested(std::size_t{4} * in.u16("Block Length"));
    if (!in.ok()) break;
    if (type == kReferenceTimeBlock && block.left() == 8) {
      report.reference_time = block.u64("NTP Timestamp");
    } else if (type == kDlrrBlock && block.left() % 12 == 0 && report.dlrr.empty()) {
      report.dlrr = block.bytes(block.left(), "Delay since Last RR");
    } else {
      ++report.other_blocks;
      block.skip(block.left(), "Type-Specific Contents");
    }
    in.close();
  }
  if (!in.ok()) return wrong(RtcpError::kExtendedReport);
  return report;
}

// ---------------------------------------------------------------------------- feedback, RFC 4585

Feedback read_feedback(Reader& in) {
  Feedback about;
  about.sender = Ssrc{in.u32("SSRC of Packet Sender")};
  about.media = Ssrc{in.u32("SSRC of Media Source")};
  return about;
}

Parsed parse_nack(Reader& in, const Feedback& about) {
  if (in.left() == 0 || in.left() % 4 != 0) return wrong(RtcpError::kNack);
  const Nack nack{.about = about, .entries = in.rest()};
  while (in.left() > 0) {
    in.skip(2, "Packet ID");
    in.skip(2, "Bitmask of Following Lost Packets");
  }
  return nack;
}

Parsed parse_fir(Reader& in, const Feedback& about) {
  if (in.left() == 0 || in.left() % 8 != 0) return wrong(RtcpError::kFir);
  const Fir fir{.about = about, .entries = in.rest()};
  while (in.left() > 0) {
    in.skip(4, "SSRC");
    in.skip(1, "Sequence Number");
    in.skip(3, "Reserved");
  }
  return fir;
}

// draft-alvestrand-rmcat-remb §2.2: mantissa * 2^exponent bits a second.
Parsed parse_application_layer(Reader& in, const Feedback& about) {
  if (in.u32("Unique Identifier") != kRembName || !in.ok()) return wrong(RtcpError::kUnknownFormat);
  Remb remb{.about = about};
  const std::size_t count = in.u8("Number of SSRCs");
  const std::uint32_t rate = in.u24("Exponent and Mantissa of the Bitrate");
  remb.ssrcs = in.bytes(4 * count, "SSRC Feedback");
  if (!in.ok() || in.left() > 0) return wrong(RtcpError::kRemb);
  const std::uint32_t exponent = rate >> 18;
  const std::uint64_t mantissa = rate & 0x3ffff;
  if (mantissa << exponent >> exponent != mantissa) return wrong(RtcpError::kRemb);
  remb.bits_per_second = mantissa << exponent;
  return remb;
}

// Symbols of a chunk: how many bits each has (0: one for all) and how many it stands for.
struct ChunkShape {
  unsigned symbol_bits = 0;
  std::size_t symbols = 0;
};
ChunkShape shape_of(std::uint16_t chunk) {
  if ((chunk & 0x8000) == 0) return {.symbol_bits = 0, .symbols = chunk & 0x1fffU};
  if ((chunk & 0x4000) == 0) return {.symbol_bits = 1, .symbols = 14};
  return {.symbol_bits = 2, .symbols = 7};
}
// 0: not received; 1: small delta; 2: large delta; 3: reserved. `left` counts the ones to come.
unsigned symbol_of(std::uint16_t chunk, const ChunkShape& shape, std::size_t left) {
  if (shape.symbol_bits == 0) return chunk >> 13 & 3U;
  const auto shift = static_cast<unsigned>((left - 1) * shape.symbol_bits);
  return chunk >> shift & (shape.symbol_bits == 1 ? 1U : 3U);
}

// draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1.
Parsed parse_transport_wide(Reader& in, const Feedback& about) {
  TransportWide out{.about = about, .base = SequenceNumber{in.u16("Base Sequence Number")}};
  out.status_count = in.u16("Packet Status Count");
  const std::uint32_t reference = in.u24("Reference Time");
  out.reference_time = static_cast<std::int32_t>(reference << 8) >> 8;
  out.feedback_count = in.u8("Feedback Packet Count");
  const Bytes chunks = in.rest();
  std::size_t deltas = 0;
  std::size_t missing = out.status_count;
  while (in.ok() && missing > 0) {
    const std::uint16_t chunk = in.u16("Packet Chunk");
    const ChunkShape shape = shape_of(chunk);
    if (shape.symbols == 0) return wrong(RtcpError::kTransportWide);
    const std::size_t used = std::min(missing, shape.symbols);
    if (shape.symbol_bits == 0) {
      if (symbol_of(chunk, shape, 1) == 3) return wrong(RtcpError::kTransportWide);
      deltas += used * symbol_of(chunk, shape, 1);
    } else {
      for (std::size_t i = 0; i < used; ++i) {
        const unsigned symbol = symbol_of(chunk, shape, shape.symbols - i);
        if (symbol == 3) return wrong(RtcpError::kTransportWide);
        deltas += symbol;
      }
    }
    missing -= used;
  }
  out.chunks = chunks.first(chunks.size() - in.left());
  out.deltas = in.bytes(deltas, "Receive Deltas");
  if (!in.ok() || out.status_count == 0) return wrong(RtcpError::kTransportWide);
  in.skip(in.left(), "Zero Padding");
  return out;
}

// RFC 8888 §3.1: there is no SSRC of a media source, only those of the blocks.
Parsed parse_congestion(Reader& in) {
  CongestionFeedback out{.sender = Ssrc{in.u32("SSRC of RTCP Packet Sender")}};
  const Bytes rest = in.rest();
  while (in.ok() && in.left() > 4) {
    in.open("Report Block");
    in.skip(4, "SSRC of RTP Stream");
    in.skip(2, "begin_seq");
    const std::size_t count = in.u16("num_reports");
    if (count > kCongestionReportsMax) return wrong(RtcpError::kCongestion);
    in.skip(2 * count, "R, ECN, Arrival Time Offset");
    if (count % 2 != 0) in.skip(2, "Zero Padding");
    in.close();
  }
  out.timestamp = in.u32("Report Timestamp");
  if (!in.ok()) return wrong(RtcpError::kCongestion);
  out.blocks = rest.first(rest.size() - 4);
  return out;
}

Parsed parse_transport_feedback(RawRtcp& raw) {
  Reader& in = raw.body;
  const auto format = static_cast<TransportFormat>(raw.count);
  if (format == TransportFormat::kCongestion) return parse_congestion(in);
  const Feedback about = read_feedback(in);
  if (!in.ok()) return wrong(RtcpError::kFeedback);
  if (format == TransportFormat::kNack) return parse_nack(in, about);
  if (format == TransportFormat::kTransportWide) return parse_transport_wide(in, about);
  return wrong(RtcpError::kUnknownFormat);
}

Parsed parse_payload_feedback(RawRtcp& raw) {
  Reader& in = raw.body;
  const Feedback about = read_feedback(in);
  if (!in.ok()) return wrong(RtcpError::kFeedback);
  switch (static_cast<PayloadFormat>(raw.count)) {
    case PayloadFormat::kPli:
      if (in.left() > 0) return wrong(RtcpError::kPli);
      return Pli{about};
    case PayloadFormat::kFir: return parse_fir(in, about);
    case PayloadFormat::kApplicationLayer: return parse_application_layer(in, about);
  }
  return wrong(RtcpError::kUnknownFormat);
}

}  // namespace

std::string_view to_text(RtcpError error) {
  switch (error) {
    case RtcpError::kTruncated: return "a length that reaches past the end";
    case RtcpError::kBadVersion: return "not version 2";
    case RtcpError::kPadding: return "padding of no possible size";
    case RtcpError::kPaddingInside: return "padding before the last packet";
    case RtcpError::kNotCompound: return "does not begin with a report";
    case RtcpError::kReport: return "a report shorter than it says";
    case RtcpError::kDescription: return "a source description that does not end";
    case RtcpError::kBye: return "a BYE shorter than it says";
    case RtcpError::kApplication: return "an application packet without a name";
    case RtcpError::kExtendedReport: return "a block of an extended report that runs over";
    case RtcpError::kFeedback: return "feedback from or about nobody";
    case RtcpError::kNack: return "a NACK of no packets";
    case RtcpError::kPli: return "a PLI with something inside";
    case RtcpError::kFir: return "a FIR of no sources";
    case RtcpError::kRemb: return "a REMB that does not add up";
    case RtcpError::kTransportWide: return "transport-wide feedback that does not add up";
    case RtcpError::kCongestion: return "congestion feedback that does not add up";
    case RtcpError::kUnknownType: return "an unknown packet type";
    case RtcpError::kUnknownFormat: return "an unknown feedback format";
  }
  std::unreachable();
}

Rule rule_of(RtcpError error) {
  switch (error) {
    case RtcpError::kTruncated: return "3550:6.1#1"_rule;
    case RtcpError::kBadVersion:
    case RtcpError::kPadding: return "3550:A.2#0"_rule;
    case RtcpError::kPaddingInside: return "3550:6.4.1#1"_rule;
    case RtcpError::kNotCompound: return "3550:6.1#7"_rule;
    case RtcpError::kReport: return "3550:6.4#0"_rule;
    case RtcpError::kDescription: return "3550:6.5#1"_rule;
    case RtcpError::kBye: return "3550:6.6#0"_rule;
    case RtcpError::kApplication: return "3550:6.7#0"_rule;
    case RtcpError::kExtendedReport: return "3611:3#1"_rule;
    case RtcpError::kFeedback: return "4585:6.1#1"_rule;
    case RtcpError::kNack: return "4585:6.2.1#1"_rule;
    case RtcpError::kPli: return "4585:6.3.1.2#1"_rule;
    case RtcpError::kFir: return "5104:4.3.1#1"_rule;
    case RtcpError::kRemb: return "4585:6.4#1"_rule;
    case RtcpError::kTransportWide: return "4585:6.1#4"_rule;
    case RtcpError::kCongestion: return "8888:3.1#4"_rule;
    case RtcpError::kUnknownType: return "3550:6.1#20"_rule;
    case RtcpError::kUnknownFormat: return "4585:4.2#17"_rule;
  }
  std::unreachable();
}

// ------------------------------------------------------------------------------------- the views

ReportBlock ReportBlocks::operator[](std::size_t index) const {
  Reader in(bytes.subspan(index * kReportBlockSize, kReportBlockSize));
  ReportBlock block;
  block.ssrc = Ssrc{in.u32("")};
  block.fraction_lost = in.u8("");
  block.cumulative_lost = static_cast<std::int32_t>(in.u24("") << 8) >> 8;
  block.highest_sequence = in.u32("");
  block.jitter = in.u32("");
  block.last_sr = in.u32("");
  block.delay_since_last_sr = in.u32("");
  return block;
}

std::optional<Bytes> SdesChunk::item(SdesItem type) const {
  for (Bytes rest = items; !rest.empty(); rest = rest.subspan(2U + rest[1]))
    if (rest[0] == std::to_underlying(type)) return rest.subspan(2, rest[1]);
  return std::nullopt;
}

Ssrc Bye::ssrc(std::size_t index) const { return Ssrc{word_at(ssrcs, 4 * index)}; }
Ssrc Remb::ssrc(std::size_t index) const { return Ssrc{word_at(ssrcs, 4 * index)}; }

DlrrEntry ExtendedReport::dlrr_entry(std::size_t index) const {
  return {.ssrc = Ssrc{word_at(dlrr, 12 * index)},
          .last_rr = word_at(dlrr, 12 * index + 4),
          .delay_since_last_rr = word_at(dlrr, 12 * index + 8)};
}

NackEntry Nack::entry(std::size_t index) const {
  return {.packet = SequenceNumber{half_at(entries, 4 * index)},
          .following = half_at(entries, 4 * index + 2)};
}

FirEntry Fir::entry(std::size_t index) const {
  return {.ssrc = Ssrc{word_at(entries, 8 * index)}, .sequence = entries[8 * index + 4]};
}

ArrivalWalk::ArrivalWalk(const TransportWide& feedback)
    : chunks_(feedback.chunks),
      deltas_(feedback.deltas),
      sequence_(feedback.base),
      left_(feedback.status_count) {}

void ArrivalWalk::load_chunk() {
  chunk_ = chunks_.u16("");
  const ChunkShape shape = shape_of(chunk_);
  symbol_bits_ = shape.symbol_bits;
  in_chunk_ = shape.symbols;
}

std::optional<Arrival> ArrivalWalk::next() {
  if (left_ == 0) return std::nullopt;
  if (in_chunk_ == 0) load_chunk();
  const unsigned symbol =
      symbol_of(chunk_, {.symbol_bits = symbol_bits_, .symbols = in_chunk_}, in_chunk_);
  --in_chunk_;
  --left_;
  Arrival arrival{.sequence = sequence_, .is_received = symbol != 0};
  if (symbol == 1) arrival.delta = deltas_.u8("");
  if (symbol == 2) arrival.delta = static_cast<std::int16_t>(deltas_.u16(""));
  sequence_ = sequence_.next();
  return arrival;
}

std::uint16_t CongestionBlock::metric(std::size_t index) const {
  return half_at(metrics, 2 * index);
}

std::optional<CongestionBlock> CongestionWalk::next() {
  if (in_.left() == 0) return std::nullopt;
  CongestionBlock block{.ssrc = Ssrc{in_.u32("")}, .begin = SequenceNumber{in_.u16("")}};
  const std::size_t count = in_.u16("");
  block.metrics = in_.bytes(2 * count, "");
  if (count % 2 != 0) in_.skip(2, "");
  return block;
}

// -------------------------------------------------------------------------------------- the walk

//  |V=2|P|  count  |  packet type  |            length             |      RFC 3550 §6.4.1
// Length counts words after the first.
std::optional<RawRtcp> RtcpWalk::next() {
  // Named when the packet in front of it has been read.
  in_.skip(std::exchange(padding_, 0), "Padding");
  if (error_ || in_.left() == 0) return std::nullopt;
  const Bytes rest = in_.rest();
  const auto stop = [&](RtcpError error) {
    error_ = error;
    return std::nullopt;
  };
  const std::uint8_t first = in_.u8("Version, Padding, Count");
  const auto type = static_cast<RtcpType>(in_.u8("Packet Type"));
  const std::size_t size = std::size_t{4} * in_.u16("Length");
  if (!in_.ok() || size > in_.left()) return stop(RtcpError::kTruncated);
  if (first >> 6 != kVersion2) return stop(RtcpError::kBadVersion);
  std::size_t padding = 0;
  if ((first & kPaddingBit) != 0) {
    if (size < in_.left()) return stop(RtcpError::kPaddingInside);
    padding = size == 0 ? 0 : rest[3 + size];
    if (padding == 0 || padding % 4 != 0 || padding > size) return stop(RtcpError::kPadding);
  }
  Reader body = in_.nested(size - padding);
  padding_ = padding;
  return RawRtcp{.count = static_cast<std::uint8_t>(first & 0x1f),
                 .type = type,
                 .bytes = rest.first(4 + size),
                 .body = body};
}

Result<RtcpMessage, RtcpError> parse_rtcp(RawRtcp& raw) {
  switch (raw.type) {
    case RtcpType::kSenderReport: return parse_sender_report(raw);
    case RtcpType::kReceiverReport: return parse_receiver_report(raw);
    case RtcpType::kSourceDescription: return parse_description(raw);
    case RtcpType::kBye: return parse_bye(raw);
    case RtcpType::kApplication: return parse_application(raw);
    case RtcpType::kTransportFeedback: return parse_transport_feedback(raw);
    case RtcpType::kPayloadFeedback: return parse_payload_feedback(raw);
    case RtcpType::kExtendedReport: return parse_extended_report(raw);
  }
  return wrong(RtcpError::kUnknownType);
}

// RFC 3550 Appendix A.2: versions, padding and lengths of all packets, and what is first.
Result<void, RtcpError> check_rtcp(Bytes datagram, RtcpForm form) {
  Reader in(datagram);
  RtcpWalk walk(in);
  bool is_first = true;
  while (const auto raw = walk.next()) {
    const bool is_report =
        raw->type == RtcpType::kSenderReport || raw->type == RtcpType::kReceiverReport;
    if (is_first && form == RtcpForm::kCompound && !is_report)
      return std::unexpected(RtcpError::kNotCompound);
    is_first = false;
  }
  if (walk.error()) return std::unexpected(*walk.error());
  if (is_first) return std::unexpected(RtcpError::kTruncated);
  return {};
}

RtcpReader::RtcpReader(Bytes datagram, RtcpForm form, Trace trace) : trace_(trace), in_(Bytes{}) {
  const auto checked = check_rtcp(datagram, form);
  if (checked) {
    in_ = Reader(datagram);
  } else {
    trace_.drop(rule_of(checked.error()), to_text(checked.error()), datagram);
  }
}

std::optional<RtcpMessage> RtcpReader::next() {
  while (auto raw = walk_.next()) {
    auto message = parse_rtcp(*raw);
    if (message) return *message;
    trace_.drop(rule_of(message.error()), to_text(message.error()), raw->bytes);
  }
  return std::nullopt;
}

bool name_rtcp_fields(Bytes datagram, FieldTap& tap) {
  Reader in(datagram, &tap);
  RtcpWalk walk(in);
  bool all_clear = true;
  // Not short-circuited: what follows an unreadable packet is named as well.
  while (auto raw = walk.next()) all_clear = parse_rtcp(*raw).has_value() && all_clear;
  return all_clear && !walk.error();
}

}  // namespace glass::rtp
