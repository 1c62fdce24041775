#include "rtp/payload/opus.h"

#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace glass::rtp {
namespace {

constexpr std::size_t kFrameMax = 1275;
constexpr std::uint32_t kSamplesMax = 5760;  // 120 ms

// RFC 6716 §3.1, Table 2: SILK has 10 to 60 ms, hybrid 10 and 20, CELT 2.5 to 20.
std::uint32_t samples_of(std::uint8_t configuration) {
  constexpr std::array<std::uint32_t, 4> kSilk{480, 960, 1920, 2880};
  constexpr std::array<std::uint32_t, 2> kHybrid{480, 960};
  constexpr std::array<std::uint32_t, 4> kCelt{120, 240, 480, 960};
  if (configuration < 12) return kSilk.at(configuration % 4);
  if (configuration < 16) return kHybrid.at(configuration % 2);
  return kCelt.at(configuration % 4);
}

// RFC 6716 §3.2.1: one octet up to 251, else four times the second and the first.
std::optional<std::size_t> read_length(Reader& in) {
  const std::size_t first = in.u8("Frame Length");
  const std::size_t length = first < 252 ? first : 4U * in.u8("Frame Length") + first;
  if (!in.ok()) return std::nullopt;
  return length;
}

using Parsed = Result<OpusPacket, OpusError>;
Parsed wrong(OpusError error) { return std::unexpected(error); }

// RFC 6716 §3.2.5: any number of frames, of one size or not, with padding or without.
Parsed parse_many(Reader& in, OpusPacket packet) {
  const std::uint8_t head = in.u8("Frame Count Byte");
  if (!in.ok()) return wrong(OpusError::kOverrun);
  packet.frames = head & 0x3f;
  if (packet.frames == 0 || packet.samples() > kSamplesMax) return wrong(OpusError::kDuration);
  std::size_t padding = 0;
  if ((head & 0x40) != 0) {
    std::uint8_t octet = 0;
    do {
      octet = in.u8("Padding Length");
      padding += octet == 255 ? 254 : octet;
    } while (octet == 255 && in.ok());
  }
  std::size_t used = padding;
  if ((head & 0x80) != 0) {
    for (int i = 0; i + 1 < packet.frames; ++i) {
      const auto length = read_length(in);
      if (!length) return wrong(OpusError::kOverrun);
      if (*length > kFrameMax) return wrong(OpusError::kTooLong);
      used += *length;
    }
  }
  if (!in.ok() || used > in.left()) return wrong(OpusError::kOverrun);
  const std::size_t rest = in.left() - used;
  if ((head & 0x80) != 0) return rest <= kFrameMax ? Parsed(packet) : wrong(OpusError::kTooLong);
  if (rest % packet.frames != 0) return wrong(OpusError::kUneven);
  return rest / packet.frames <= kFrameMax ? Parsed(packet) : wrong(OpusError::kTooLong);
}

}  // namespace

std::string_view to_text(OpusError error) {
  switch (error) {
    case OpusError::kEmpty: return "an empty Opus packet";
    case OpusError::kTooLong: return "an Opus frame of more than 1275 octets";
    case OpusError::kUneven: return "Opus frames that do not share their octets evenly";
    case OpusError::kOverrun: return "lengths that reach past the end of an Opus packet";
    case OpusError::kDuration: return "an Opus packet of no or of too many frames";
  }
  std::unreachable();
}

Parsed parse_opus(Bytes payload) {
  if (payload.empty()) return wrong(OpusError::kEmpty);
  Reader in(payload);
  const std::uint8_t head = in.u8("TOC");
  OpusPacket packet{.configuration = static_cast<std::uint8_t>(head >> 3),
                    .is_stereo = (head & 4) != 0,
                    .frames = 1};
  packet.samples_per_frame = samples_of(packet.configuration);
  switch (head & 3) {
    case 0: return in.left() <= kFrameMax ? Parsed(packet) : wrong(OpusError::kTooLong);
    case 1:
      packet.frames = 2;
      if (in.left() % 2 != 0) return wrong(OpusError::kUneven);
      return in.left() / 2 <= kFrameMax ? Parsed(packet) : wrong(OpusError::kTooLong);
    case 2: {
      packet.frames = 2;
      const auto length = read_length(in);
      if (!length || *length > in.left()) return wrong(OpusError::kOverrun);
      const bool fits = *length <= kFrameMax && in.left() - *length <= kFrameMax;
      return fits ? Parsed(packet) : wrong(OpusError::kTooLong);
    }
    default: return parse_many(in, packet);
  }
}

}  // namespace glass::rtp
