// rtp/payload/opus.h - Opus in RTP: one packet of the codec in one of RTP, and what its head says.
//
// RFC 7587 §4.2 (the payload), RFC 6716 §3 (the packet). No decoding: lengths and durations only.
// Tested by: tests/rtp/payload/opus_test.cc
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace glass::rtp {

inline constexpr std::uint32_t kOpusClockRate = 48'000;  // RFC 7587 §4.1, whatever is inside

enum class OpusError : std::uint8_t {
  kEmpty,     // RFC 6716 §3.4 R1
  kTooLong,   // a frame of more than 1275 octets (R2)
  kUneven,    // two frames of one size in an odd number of octets (R3)
  kOverrun,   // lengths that reach past the end (R4 to R7)
  kDuration,  // no frame, or more than 120 ms (R5)
};
std::string_view to_text(OpusError error);

struct OpusPacket {
  std::uint8_t configuration = 0;  // 0 to 31: mode, bandwidth, frame size
  bool is_stereo = false;
  std::uint8_t frames = 0;
  std::uint32_t samples_per_frame = 0;  // at 48 kHz

  [[nodiscard]] std::uint32_t samples() const { return frames * samples_per_frame; }
};

// Checks the requirements R1 to R7 of RFC 6716 §3.4.
Result<OpusPacket, OpusError> parse_opus(Bytes payload);

}  // namespace glass::rtp
