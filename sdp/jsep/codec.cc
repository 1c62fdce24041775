#include "sdp/jsep/codec.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "sdp/attributes/rtp.h"
#include "sdp/description.h"
#include "sdp/jsep/h264.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

// RFC 3551 §6: payload types that need no a=rtpmap, of those that somebody still uses.
struct StaticType {
  std::uint8_t payload_type;
  std::string_view encoding;
  std::uint32_t clock_rate;
};
constexpr std::array<StaticType, 5> kStaticTypes{
    {{0, "PCMU", 8000}, {3, "GSM", 8000}, {8, "PCMA", 8000}, {9, "G722", 8000}, {13, "CN", 8000}}
};

bool is(const Codec& codec, std::string_view encoding) {
  return equal_ignoring_case(codec.encoding, encoding);
}

std::string_view value_or(const Codec& codec, std::string_view name, std::string_view otherwise) {
  return parameter(codec, name).value_or(otherwise);
}

// Parameters that must be equal, and what they are where nobody says it.
struct Fixed {
  std::string_view encoding;
  std::string_view name;
  std::string_view otherwise;
};
constexpr std::array<Fixed, 7> kFixed{
    {
     {"H264", "packetization-mode", "0"},  // RFC 6184 §8.2.2
        {"H265", "profile-id", "1"},          // RFC 7798 §7.2.2
        {"H265", "tier-flag", "0"},
     {"H265", "tx-mode", "SRST"},
     {"VP9", "profile-id", "0"},  // RFC 9628 §7
        {"AV1", "profile", "0"},     // AV1 RTP specification §7.2.3
        {"AV1", "tier", "0"},
     }
};

std::string why_h264_differs(const Codec& offered, const Codec& ours) {
  const std::string_view theirs = value_or(offered, "profile-level-id", kDefaultProfileLevelId);
  const auto offered_level = parse_profile_level_id(theirs);
  const auto our_level =
      parse_profile_level_id(value_or(ours, "profile-level-id", kDefaultProfileLevelId));
  CHECK(our_level.has_value());
  if (!offered_level) return "profile-level-id=" + printable(theirs) + " names no profile of H.264";
  if (offered_level->profile == our_level->profile) return {};
  return "profile-level-id=" + std::string(theirs) + " is another profile of H.264";
}

std::string merged_h264(const Codec& offered, const Codec& ours) {
  const std::string_view theirs = value_or(offered, "profile-level-id", kDefaultProfileLevelId);
  const auto offered_level = parse_profile_level_id(theirs);
  const auto our_level =
      parse_profile_level_id(value_or(ours, "profile-level-id", kDefaultProfileLevelId));
  CHECK(offered_level.has_value() && our_level.has_value());
  const bool is_asymmetric = value_or(offered, "level-asymmetry-allowed", "0") == "1" &&
                             value_or(ours, "level-asymmetry-allowed", "0") == "1";
  // RFC 6184 §8.2.2: both sides at one level, the lower, unless both allow two.
  const bool take_theirs = !is_asymmetric && is_lower(*offered_level, *our_level);
  const std::string level = with_level(theirs, take_theirs ? *offered_level : *our_level);
  return std::string(is_asymmetric ? "level-asymmetry-allowed=1;" : "") +
         "packetization-mode=" + std::string(value_or(offered, "packetization-mode", "0")) +
         ";profile-level-id=" + level;
}

std::vector<std::string> common_feedback(const Codec& offered, const Codec& ours) {
  std::vector<std::string> common;
  for (const std::string& feedback : offered.feedback)
    if (std::ranges::find(ours.feedback, feedback) != ours.feedback.end())
      common.push_back(feedback);
  return common;
}

void add_feedback(const Media& media, std::map<std::uint8_t, Codec*>& by_type) {
  for (const Attribute& attribute : find_all(media.lines, "rtcp-fb")) {
    const auto feedback = parse_feedback(attribute);
    if (!feedback) continue;
    const std::optional<std::uint8_t> payload_type = parse_payload_type(feedback->format);
    for (auto& [type, codec] : by_type) {
      if (payload_type && *payload_type != type) continue;
      const bool is_new =
          std::ranges::find(codec->feedback, feedback->text) == codec->feedback.end();
      if (is_new) codec->feedback.emplace_back(feedback->text);
    }
  }
}

Codec with_feedback(Codec codec, std::vector<std::string> feedback) {
  codec.feedback = std::move(feedback);
  return codec;
}

Codec rtx(std::uint8_t payload_type, std::uint8_t primary) {
  return {.payload_type = payload_type,
          .encoding = "rtx",
          .clock_rate = 90000,
          .parameters = "apt=" + decimal(primary)};
}

std::vector<Codec> make_audio() {
  const std::vector<std::string> feedback{"transport-cc"};
  return {
      with_feedback({.payload_type = 111,
                     .encoding = "opus",
                     .clock_rate = 48000,
                     .channels = 2,
                     .parameters = "minptime=10;useinbandfec=1"},
                    feedback),
      {.payload_type = 63,
                     .encoding = "red",
                     .clock_rate = 48000,
                     .channels = 2,
                     .parameters = "111/111"},
      {.payload_type = 0, .encoding = "PCMU", .clock_rate = 8000},
      {.payload_type = 8, .encoding = "PCMA", .clock_rate = 8000},
      {.payload_type = 110,
                     .encoding = "telephone-event",
                     .clock_rate = 48000,
                     .parameters = "0-15"},
      {.payload_type = 126,
                     .encoding = "telephone-event",
                     .clock_rate = 8000,
                     .parameters = "0-15"},
  };
}

std::vector<Codec> make_video() {
  const std::vector<std::string> feedback{"goog-remb", "transport-cc", "ccm fir", "nack",
                                          "nack pli"};
  struct Entry {
    std::uint8_t payload_type;
    std::uint8_t rtx_type;
    std::string_view encoding;
    std::string_view parameters;
  };
  static constexpr std::array<Entry, 6> kEntries{
      {
       {96, 97, "VP8", ""},
       {98, 99, "VP9", "profile-id=0"},
       {102, 103, "H264",
           "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"},
       {104, 105, "H264",
           "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f"},
       {45, 46, "AV1", "level-idx=5;profile=0;tier=0"},
       {49, 50, "H265", "level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST"},
       }
  };
  std::vector<Codec> codecs;
  for (const Entry& entry : kEntries) {
    codecs.push_back({.payload_type = entry.payload_type,
                      .encoding = std::string(entry.encoding),
                      .clock_rate = 90000,
                      .parameters = std::string(entry.parameters),
                      .feedback = feedback});
    codecs.push_back(rtx(entry.rtx_type, entry.payload_type));
  }
  return codecs;
}

}  // namespace

std::string_view to_text(MediaKind kind) { return kind == MediaKind::kAudio ? "audio" : "video"; }

std::optional<MediaKind> as_media_kind(std::string_view text) {
  if (text == "audio") return MediaKind::kAudio;
  if (text == "video") return MediaKind::kVideo;
  return std::nullopt;
}

std::string name_of(const Codec& codec) {
  std::string name = codec.encoding + '/' + decimal(codec.clock_rate);
  if (codec.channels != 1) name += '/' + decimal(codec.channels);
  return name;
}

std::optional<std::string_view> parameter(const Codec& codec, std::string_view name) {
  for (std::string_view rest = codec.parameters; !rest.empty();) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    std::string_view one = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos || !equal_ignoring_case(one.substr(0, equals), name))
      continue;
    one.remove_prefix(equals + 1);
    return one.substr(0, one.find_last_not_of(' ') + 1);
  }
  return std::nullopt;
}

CodecRole role(const Codec& codec) {
  if (is(codec, "rtx")) return CodecRole::kRtx;
  if (is(codec, "red")) return CodecRole::kRed;
  if (is(codec, "ulpfec") || is(codec, "flexfec") || is(codec, "flexfec-03"))
    return CodecRole::kFec;
  if (is(codec, "CN")) return CodecRole::kComfortNoise;
  if (is(codec, "telephone-event")) return CodecRole::kTones;
  return CodecRole::kMedia;
}

std::vector<std::uint8_t> carried_types(const Codec& codec) {
  std::vector<std::uint8_t> types;
  if (role(codec) == CodecRole::kRtx) {
    if (const auto type = parse_payload_type(value_or(codec, "apt", ""))) types.push_back(*type);
  }
  if (role(codec) != CodecRole::kRed) return types;
  for (std::string_view rest = codec.parameters; !rest.empty();) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    if (const auto type = parse_payload_type(rest.substr(0, end))) types.push_back(*type);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return types;
}

std::vector<Codec> codecs_of(const Media& media) {
  std::map<std::uint8_t, RtpMap> maps;
  for (const StaticType& type : kStaticTypes)
    maps[type.payload_type] = {.payload_type = type.payload_type,
                               .encoding = type.encoding,
                               .clock_rate = type.clock_rate};
  for (const Attribute& attribute : find_all(media.lines, "rtpmap"))
    if (const auto map = parse_rtpmap(attribute)) maps[map->payload_type] = *map;
  std::vector<Codec> codecs;
  std::bitset<kMaxPayloadType + 1> seen;
  for (const std::string& format : media.formats) {
    const std::optional<std::uint8_t> type = parse_payload_type(format);
    if (!type || !maps.contains(*type) || seen.test(*type)) continue;
    seen.set(*type);
    const RtpMap& map = maps[*type];
    codecs.push_back({.payload_type = *type,
                      .encoding = std::string(map.encoding),
                      .clock_rate = map.clock_rate,
                      .channels = map.channels});
  }
  std::map<std::uint8_t, Codec*> by_type;
  for (Codec& codec : codecs) by_type[codec.payload_type] = &codec;
  for (const Attribute& attribute : find_all(media.lines, "fmtp")) {
    const auto fmtp = parse_fmtp(attribute);
    const auto type = fmtp ? parse_payload_type(fmtp->format) : std::nullopt;
    if (!type || !by_type.contains(*type)) continue;
    std::string& parameters = by_type[*type]->parameters;
    if (!parameters.empty()) parameters += ';';
    parameters += fmtp->parameters;
  }
  add_feedback(media, by_type);
  return codecs;
}

std::string why_different(const Codec& offered, const Codec& ours) {
  if (!is(offered, ours.encoding)) return "it is not " + ours.encoding;
  if (offered.clock_rate != ours.clock_rate)
    return "the clock rate is not " + decimal(ours.clock_rate);
  if (offered.channels != ours.channels)
    return "the number of channels is not " + decimal(ours.channels);
  for (const Fixed& fixed : kFixed) {
    if (!is(ours, fixed.encoding)) continue;
    const std::string_view theirs = value_or(offered, fixed.name, fixed.otherwise);
    if (equal_ignoring_case(theirs, value_or(ours, fixed.name, fixed.otherwise))) continue;
    return std::string(fixed.name) + '=' + printable(theirs) + " is not ours";
  }
  return is(ours, "H264") ? why_h264_differs(offered, ours) : std::string();
}

Codec merge(const Codec& offered, const Codec& ours) {
  Codec merged = ours;
  merged.payload_type = offered.payload_type;
  merged.encoding = offered.encoding;
  merged.feedback = common_feedback(offered, ours);
  const CodecRole what = role(ours);
  if (is(ours, "H264")) merged.parameters = merged_h264(offered, ours);
  // They name the offer's payload types.
  if (what == CodecRole::kRtx || what == CodecRole::kRed) merged.parameters = offered.parameters;
  return merged;
}

const std::vector<Codec>& default_codecs(MediaKind kind) {
  static const std::vector<Codec> kAudio = make_audio();
  static const std::vector<Codec> kVideo = make_video();
  return kind == MediaKind::kAudio ? kAudio : kVideo;
}

}  // namespace glass::sdp
