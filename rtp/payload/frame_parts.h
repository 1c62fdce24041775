// rtp/payload/frame_parts.h - the payload of one packet of a frame that was cut up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace glass::rtp {

// A few header octets, then octets of the frame as they stand.
struct FramePart {
  std::array<std::uint8_t, 8> header{};
  std::size_t header_size = 0;
  Bytes body;
  bool is_last = false;  // the RTP marker: nothing of this frame follows

  [[nodiscard]] std::size_t size() const { return header_size + body.size(); }
};

}  // namespace glass::rtp
