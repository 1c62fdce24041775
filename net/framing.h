// net/framing.h - where one packet ends in a stream of bytes.
//
// TURN and STUN over TCP frame themselves: their length fields say where the next message begins
// (RFC 8489 §6.2.2, RFC 8656 §12.5). ICE-TCP puts two bytes of length before each packet (RFC 4571
// §2, RFC 6544 §3). Pure functions; nothing here looks into a packet beyond its length.
// Tested by: framing_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace glass::net {

enum class Framing : std::uint8_t {
  kStun,            // STUN messages and ChannelData, one behind the other
  kLengthPrefixed,  // RFC 4571
};

// No frame of either kind is longer: a length field of 16 bits, a header of at most 20 bytes.
inline constexpr std::size_t kFrameMax = 65535 + 20;

struct Cut {
  enum class Kind : std::uint8_t {
    kMore,   // the frame is not whole yet
    kFrame,  // the first `size` bytes are one, its packet the `packet` bytes from `begin` on
    kBroken  // this stream is something else
  };
  Kind kind = Kind::kMore;
  std::size_t size = 0;
  std::size_t begin = 0;
  std::size_t packet = 0;
};

// The first frame of `stream`.
inline Cut cut_frame(Framing framing, Bytes stream) {
  if (stream.size() < 2) return {};
  const auto number = [&](std::size_t at) -> std::size_t {
    return static_cast<std::size_t>(stream[at] << 8 | stream[at + 1]);
  };
  Cut cut;
  if (framing == Framing::kLengthPrefixed) {
    cut = {.size = 2 + number(0), .begin = 2, .packet = number(0)};
  } else if (stream[0] >= 0x80) {
    return {.kind = Cut::Kind::kBroken};  // neither STUN (00) nor ChannelData (01)
  } else if (stream.size() < 4) {
    return {};
  } else if (stream[0] >= 0x40) {  // RFC 8656 §12.5: padded to four bytes, the length not
    cut = {.size = (4 + number(2) + 3) & ~std::size_t{3}, .packet = 4 + number(2)};
  } else if (number(2) % 4 != 0) {
    return {.kind = Cut::Kind::kBroken};  // RFC 8489 §5: attributes are padded
  } else {
    cut = {.size = 20 + number(2), .packet = 20 + number(2)};
  }
  cut.kind = stream.size() >= cut.size ? Cut::Kind::kFrame : Cut::Kind::kMore;
  return cut;
}

// What stands before and behind a packet in the stream.
struct Frame {
  std::array<std::uint8_t, 2> head{};
  std::size_t head_size = 0;
  std::size_t padding = 0;  // zeros
};

// nullopt: too long to be framed.
inline std::optional<Frame> frame_of(Framing framing, Bytes packet) {
  if (packet.size() > 65535) return std::nullopt;
  if (framing == Framing::kStun)
    return Frame{.padding = (4 - packet.size() % 4) % 4};  // STUN needs none, ChannelData may
  return Frame{
      .head = {static_cast<std::uint8_t>(packet.size() >> 8),
               static_cast<std::uint8_t>(packet.size())},
      .head_size = 2
  };
}

}  // namespace glass::net
