#include "rtp/payload/h264.h"

#include <utility>

#include "base/check.h"

namespace glass::rtp {
namespace {

constexpr std::uint8_t kTypeMask = 0x1f;
constexpr std::uint8_t kStapA = 24;
constexpr std::uint8_t kFuA = 28;
constexpr std::uint8_t kSingleLast = 23;
constexpr std::uint8_t kStart = 0x80;
constexpr std::uint8_t kEnd = 0x40;

std::uint8_t type_of(std::uint8_t header) { return header & kTypeMask; }
bool is_unit(std::uint8_t type) { return type >= 1 && type <= kSingleLast; }

using Parsed = Result<H264Payload, H264Error>;
Parsed wrong(H264Error error) { return std::unexpected(error); }

// RFC 6184 §5.7.1: sixteen bits of size before each unit.
Parsed parse_aggregate(Bytes units) {
  Reader in(units);
  do {
    const std::size_t size = in.u16("NALU Size");
    const Bytes unit = in.bytes(size, "NALU");
    if (!in.ok() || unit.empty()) return wrong(H264Error::kAggregate);
    if (!is_unit(type_of(unit.front()))) return wrong(H264Error::kNested);
  } while (in.left() > 0);
  return H264Payload{.kind = H264Payload::Kind::kAggregate, .units = units};
}

// RFC 6184 §5.8: |S|E|R| type | behind an indicator that has F and NRI of the unit.
Parsed parse_fragment(Bytes payload) {
  if (payload.size() < 3) return wrong(H264Error::kFragment);
  const std::uint8_t indicator = payload[0];
  const std::uint8_t header = payload[1];
  if ((header & kStart) != 0 && (header & kEnd) != 0) return wrong(H264Error::kStartAndEnd);
  if (!is_unit(type_of(header))) return wrong(H264Error::kNested);
  return H264Payload{
      .kind = H264Payload::Kind::kFragment,
      .units = payload.subspan(2),
      .starts = (header & kStart) != 0,
      .ends = (header & kEnd) != 0,
      .unit_header = static_cast<std::uint8_t>((indicator & ~kTypeMask) | type_of(header))};
}

}  // namespace

std::string_view to_text(H264Error error) {
  switch (error) {
    case H264Error::kEmpty: return "no NAL unit";
    case H264Error::kForbidden: return "a NAL unit type of another packetization mode";
    case H264Error::kAggregate: return "an aggregation packet that does not add up";
    case H264Error::kFragment: return "a fragment of nothing";
    case H264Error::kStartAndEnd: return "a fragment that is a whole NAL unit";
    case H264Error::kNested: return "an aggregate or fragment inside of one";
  }
  std::unreachable();
}

Rule rule_of(H264Error error) {
  switch (error) {
    case H264Error::kEmpty:
    case H264Error::kForbidden: return "6184:5.4#2"_rule;
    case H264Error::kAggregate: return "6184:5.7.1#0"_rule;
    case H264Error::kFragment:
    case H264Error::kStartAndEnd:
    case H264Error::kNested: return "6184:5.8#0"_rule;
  }
  std::unreachable();
}

Result<H264Payload, H264Error> parse_h264(Bytes payload) {
  if (payload.empty()) return wrong(H264Error::kEmpty);
  const std::uint8_t type = type_of(payload.front());
  if (is_unit(type)) return H264Payload{.units = payload};
  if (type == kStapA) return parse_aggregate(payload.subspan(1));
  if (type == kFuA) return parse_fragment(payload);
  return wrong(H264Error::kForbidden);
}

std::optional<Bytes> H264Units::next() {
  if (in_.left() == 0) return std::nullopt;
  const std::size_t size = in_.u16("");
  return in_.bytes(size, "");
}

H264Packetizer::H264Packetizer(Bytes unit, std::size_t size_max, bool ends_frame)
    : header_(unit.front()),
      left_(unit),
      parts_left_(1),
      is_whole_(unit.size() <= size_max),
      ends_frame_(ends_frame) {
  CHECK(!unit.empty() && size_max > 2);
  if (is_whole_) return;
  left_ = unit.subspan(1);  // the header travels in pieces of its own
  parts_left_ = (left_.size() + size_max - 3) / (size_max - 2);
}

std::optional<FramePart> H264Packetizer::next() {
  if (parts_left_ == 0) return std::nullopt;
  FramePart part;
  const std::size_t size = (left_.size() + parts_left_ - 1) / parts_left_;
  part.body = left_.first(size);
  left_ = left_.subspan(size);
  --parts_left_;
  part.is_last = parts_left_ == 0 && ends_frame_;
  if (is_whole_) return part;
  part.header_size = 2;
  part.header[0] = static_cast<std::uint8_t>((header_ & ~kTypeMask) | kFuA);
  part.header[1] = static_cast<std::uint8_t>(type_of(header_) | (is_first_ ? kStart : 0) |
                                             (parts_left_ == 0 ? kEnd : 0));
  is_first_ = false;
  return part;
}

}  // namespace glass::rtp
