// rtp/payload/vp8.h - VP8 in RTP: the payload descriptor, and a frame cut into packets.
//
// RFC 7741 §4.2 (descriptor), §4.3 (payload header), §4.4 (fragmentation).
// Tested by: tests/rtp/payload/vp8_test.cc
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rule.h"
#include "rtp/payload/frame_parts.h"

namespace glass::rtp {

struct Vp8Descriptor {
  bool is_non_reference = false;  // N
  bool starts_partition = false;  // S
  std::uint8_t partition = 0;     // PID, three bits
  std::optional<std::uint16_t> picture_id;
  bool has_long_picture_id = false;  // fifteen bits on the wire, else seven
  std::optional<std::uint8_t> tl0_picture_index;
  std::optional<std::uint8_t> temporal_layer;  // TID, two bits
  bool is_layer_sync = false;                  // Y
  std::optional<std::uint8_t> key_index;       // KEYIDX, five bits
  friend bool operator==(const Vp8Descriptor&, const Vp8Descriptor&) = default;
};

enum class Vp8Error : std::uint8_t {
  kTruncated,   // the descriptor reaches past the end
  kNoPayload,   // nothing behind it
  kIndexAlone,  // L without T
};
std::string_view to_text(Vp8Error error);
Rule rule_of(Vp8Error error);

struct Vp8Payload {
  Vp8Descriptor descriptor;
  Bytes data;

  // The first packet of a frame (RFC 7741 §4.2: S and partition zero).
  [[nodiscard]] bool starts_frame() const {
    return descriptor.starts_partition && descriptor.partition == 0;
  }
  // RFC 7741 §4.3: the P bit of the payload header; only told by the first packet.
  [[nodiscard]] bool is_key_frame() const { return starts_frame() && (data.front() & 1) == 0; }
};

Result<Vp8Payload, Vp8Error> parse_vp8(Bytes payload);

// Cuts a frame into payloads of at most `size_max` octets, as even as can be. The descriptor is
// the same for all of them but for S; partitions are not told apart (RFC 7741 §4.4).
class Vp8Packetizer {
 public:
  Vp8Packetizer(Bytes frame, const Vp8Descriptor& descriptor, std::size_t size_max);
  std::optional<FramePart> next();

 private:
  FramePart head_;
  Bytes left_;
  std::size_t parts_left_;
  bool is_first_ = true;
};

}  // namespace glass::rtp
