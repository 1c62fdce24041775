#include "rtp/payload/depacketizer.h"

#include <array>

#include "rtp/payload/opus.h"

namespace glass::rtp {

void FrameStore::begin(RtpTime timestamp) {
  is_open_ = true;
  timestamp_ = timestamp;
  bytes_.clear();
}

bool FrameStore::append(Bytes bytes) {
  if (bytes_.size() + bytes.size() > kFrameSizeMax) {
    forget();
    return false;
  }
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return true;
}

std::optional<MediaFrame> Vp8Depacketizer::add(const InOrder& in) {
  const Packet& packet = in.packet;
  if (in.lost > 0) frame_.forget();
  if (packet.payload.empty()) return std::nullopt;  // padding
  const auto parsed = parse_vp8(packet.payload);
  if (!parsed) {
    trace_.drop(rule_of(parsed.error()), to_text(parsed.error()), packet.payload);
    frame_.forget();
    return std::nullopt;
  }
  if (parsed->starts_frame() && (!frame_.is_open() || frame_.timestamp() != packet.timestamp)) {
    // RFC 7741 §4.1: the frame before has not had its last packet.
    if (frame_.is_open()) trace_.drop("7741:4.1#2"_rule, "a frame without an end", frame_.bytes());
    frame_.begin(packet.timestamp);
    is_key_ = parsed->is_key_frame();
  }
  if (!frame_.is_open() || frame_.timestamp() != packet.timestamp) {
    trace_.drop("7741:4.2#6"_rule, "a piece of a frame whose start is missing", packet.payload);
    frame_.forget();
    return std::nullopt;
  }
  if (!frame_.append(parsed->data)) {
    trace_.drop("7741:4.4#6"_rule, "a frame of no possible size", packet.payload);
    return std::nullopt;
  }
  if (!packet.marker) return std::nullopt;
  frame_.forget();
  return MediaFrame{.bytes = frame_.bytes(), .timestamp = packet.timestamp, .is_key = is_key_};
}

namespace {

constexpr std::array<std::uint8_t, 4> kStartCode{0, 0, 0, 1};
constexpr std::uint8_t kIdr = 5;

}  // namespace

void H264Depacketizer::skip(RtpTime timestamp) {
  frame_.forget();
  is_in_fragment_ = false;
  skipped_ = timestamp;
}

bool H264Depacketizer::add_unit(Bytes unit) {
  is_key_ = is_key_ || (unit.front() & 0x1f) == kIdr;
  return frame_.append(kStartCode) && frame_.append(unit);
}

// False: it does not fit what came before.
bool H264Depacketizer::add_payload(const H264Payload& payload) {
  if (payload.kind == H264Payload::Kind::kFragment) {
    if (payload.starts == is_in_fragment_) return false;
    is_in_fragment_ = !payload.ends;
    if (payload.starts && !add_unit(Bytes(&payload.unit_header, 1))) return false;
    return frame_.append(payload.units);
  }
  if (is_in_fragment_) return false;
  if (payload.kind == H264Payload::Kind::kSingle) return add_unit(payload.units);
  H264Units units(payload);
  while (const auto unit = units.next())
    if (!add_unit(*unit)) return false;
  return true;
}

std::optional<MediaFrame> H264Depacketizer::add(const InOrder& in) {
  const Packet& packet = in.packet;
  // What is missing may belong to the access unit before or to this one: neither is whole.
  if (in.lost > 0) skip(packet.timestamp);
  if (packet.payload.empty()) return std::nullopt;
  if (skipped_ == packet.timestamp) return std::nullopt;
  skipped_.reset();
  const auto parsed = parse_h264(packet.payload);
  if (!parsed) {
    trace_.drop(rule_of(parsed.error()), to_text(parsed.error()), packet.payload);
    skip(packet.timestamp);
    return std::nullopt;
  }
  if (!frame_.is_open() || frame_.timestamp() != packet.timestamp) {
    // RFC 6184 §5.1: the marker is not to be relied on; the timestamp tells as well.
    if (frame_.is_open()) trace_.rule("6184:5.1#3"_rule);
    frame_.begin(packet.timestamp);
    is_in_fragment_ = false;
    is_key_ = false;
  }
  if (!add_payload(*parsed)) {
    trace_.drop("6184:5.8#0"_rule, "pieces that are not of one NAL unit", packet.payload);
    skip(packet.timestamp);
    return std::nullopt;
  }
  if (!packet.marker || is_in_fragment_) return std::nullopt;
  frame_.forget();
  return MediaFrame{.bytes = frame_.bytes(), .timestamp = packet.timestamp, .is_key = is_key_};
}

std::optional<MediaFrame> opus_frame(const Packet& packet, Trace trace) {
  const auto parsed = parse_opus(packet.payload);
  if (parsed)
    return MediaFrame{.bytes = packet.payload, .timestamp = packet.timestamp, .is_key = true};
  trace.drop("7587:4.2#1"_rule, to_text(parsed.error()), packet.payload);
  return std::nullopt;
}

}  // namespace glass::rtp
