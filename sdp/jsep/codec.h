// sdp/jsep/codec.h - codecs as descriptions name them, and when two of them are the same.
//
// A codec is its line of a=rtpmap with what a=fmtp and a=rtcp-fb add. What may differ between offer
// and answer depends on the codec: profiles must be equal, levels are lowered, the rest is each
// side's own wish. RFC 3264 §6.1; RFC 6184 §8.2.2 (H.264), RFC 7798 §7.2.2 (H.265), RFC 9628 §7
// (VP9), the AV1 RTP specification §7, RFC 7587 §7 (Opus), RFC 4588 §8.6 (rtx).
// Tested by: codec_test.cc
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {

enum class MediaKind : std::uint8_t { kAudio, kVideo };
[[nodiscard]] std::string_view to_text(MediaKind kind);
[[nodiscard]] std::optional<MediaKind> as_media_kind(std::string_view text);

struct Codec {
  std::uint8_t payload_type = 0;
  std::string encoding{};  // "opus"; upper and lower case are the same
  std::uint32_t clock_rate = 0;
  std::uint8_t channels = 1;
  std::string parameters{};             // of a=fmtp; empty: none
  std::vector<std::string> feedback{};  // of a=rtcp-fb: "nack pli"
  friend bool operator==(const Codec&, const Codec&) = default;
};
// "opus/48000/2"
[[nodiscard]] std::string name_of(const Codec& codec);
// The value of "name=value" among the parameters; nullopt: it has none.
[[nodiscard]] std::optional<std::string_view> parameter(const Codec& codec, std::string_view name);

// What a codec is good for. All but media need a codec of media beside them.
enum class CodecRole : std::uint8_t { kMedia, kRtx, kRed, kFec, kComfortNoise, kTones };
[[nodiscard]] CodecRole role(const Codec& codec);
// The payload types that an rtx (apt) or red ("111/111") codec carries; none: whatever there is.
[[nodiscard]] std::vector<std::uint8_t> carried_types(const Codec& codec);

// The codecs of an RTP section in the order of its m= line. Types without a=rtpmap that
// RFC 3551 §6 does not assign are left out, as are repetitions.
[[nodiscard]] std::vector<Codec> codecs_of(const Media& media);

// Why `offered` and `ours` are not the same codec, as a sentence; empty: they are.
// Payload types, carried types and feedback do not count.
[[nodiscard]] std::string why_different(const Codec& offered, const Codec& ours);

// What an answer says: the offered payload type, our parameters where the codec allows that, and
// the feedback that both know.
[[nodiscard]] Codec merge(const Codec& offered, const Codec& ours);

// What GlassRTC carries: Opus, G.711; VP8, VP9, H.264, AV1, H.265; with red, rtx and tones.
[[nodiscard]] const std::vector<Codec>& default_codecs(MediaKind kind);

}  // namespace glass::sdp
