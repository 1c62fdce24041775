// rtp/payload/h264.h - H.264 in RTP: single NAL units, STAP-A, FU-A.
//
// RFC 6184 §5.6, §5.7.1, §5.8, packetization modes 0 and 1.
// Tested by: tests/rtp/payload/h264_test.cc
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rule.h"
#include "rtp/payload/frame_parts.h"

namespace glass::rtp {

enum class H264Error : std::uint8_t {
  kEmpty,        // no NAL unit header
  kForbidden,    // a type that this mode does not have (RFC 6184 §5.4)
  kAggregate,    // a STAP-A whose sizes do not add up, or of nothing
  kFragment,     // a FU-A without its header or of nothing
  kStartAndEnd,  // both at once: it would not be a fragment (RFC 6184 §5.8)
  kNested,       // an aggregation or fragmentation unit inside of one
};
std::string_view to_text(H264Error error);
Rule rule_of(H264Error error);

// What one payload holds: whole NAL units, or a piece of one.
struct H264Payload {
  enum class Kind : std::uint8_t { kSingle, kAggregate, kFragment };
  Kind kind = Kind::kSingle;
  Bytes units;  // kSingle: the unit; kAggregate: sizes and units; kFragment: the piece
  bool starts = true;
  bool ends = true;
  std::uint8_t unit_header = 0;  // of a fragment: the NAL unit header to put in front
};
Result<H264Payload, H264Error> parse_h264(Bytes payload);

// The NAL units of an aggregate that was parsed, in order.
class H264Units {
 public:
  explicit H264Units(const H264Payload& payload) : in_(payload.units) {}
  std::optional<Bytes> next();

 private:
  Reader in_;
};

// Cuts one NAL unit into payloads of at most `size_max` octets: itself, or FU-As. `ends_frame`: it
// is the last of its access unit, whose last packet has the marker.
class H264Packetizer {
 public:
  H264Packetizer(Bytes unit, std::size_t size_max, bool ends_frame);
  std::optional<FramePart> next();

 private:
  std::uint8_t header_;
  Bytes left_;
  std::size_t parts_left_;
  bool is_whole_;
  bool is_first_ = true;
  bool ends_frame_;
};

}  // namespace glass::rtp
