#include "sdp/jsep/select.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/rule.h"
#include "base/text.h"
#include "base/trace.h"
#include "sdp/attributes/media.h"
#include "sdp/attributes/rtp.h"
#include "sdp/description.h"
#include "sdp/jsep/codec.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

// The line that says what a payload type is; the m= line where nothing else does.
std::size_t line_of(const Media& media, std::uint8_t payload_type) {
  for (const Attribute& attribute : find_all(media.lines, "rtpmap"))
    if (const auto map = parse_rtpmap(attribute); map && map->payload_type == payload_type)
      return attribute.line->number;
  return media.lines.front().number;
}

std::string label(const Codec& codec) {
  return "codec " + decimal(codec.payload_type) + ' ' + name_of(codec);
}

// What we have for one offered codec.
struct Match {
  const Codec* ours = nullptr;
  std::string why_not{};
};

Match find_match(const Codec& offered, const std::vector<Codec>& ours) {
  Match match{.why_not = "we have no such codec"};
  for (const Codec& own : ours) {
    if (!equal_ignoring_case(own.encoding, offered.encoding)) continue;
    std::string why = why_different(offered, own);
    if (why.empty()) return {.ours = &own};
    match.why_not = std::move(why);
  }
  return match;
}

// One pass over the offered codecs of some roles.
class CodecSelection {
 public:
  CodecSelection(const Media& offered, const std::vector<Codec>& ours, const Desk& desk)
      : media_(offered), offered_(codecs_of(offered)), ours_(ours), desk_(desk) {
    accepted_.resize(offered_.size());
  }

  void pass(std::initializer_list<CodecRole> roles) {
    for (std::size_t i = 0; i < offered_.size(); ++i) {
      if (std::ranges::find(roles, role(offered_[i])) == roles.end()) continue;
      consider(i);
    }
  }
  // The accepted ones, in the offer's order.
  [[nodiscard]] std::vector<Codec> take() {
    std::vector<Codec> codecs;
    for (std::optional<Codec>& codec : accepted_)
      if (codec) codecs.push_back(*std::move(codec));
    return codecs;
  }
  [[nodiscard]] bool has_media() const {
    return std::ranges::any_of(accepted_, [](const std::optional<Codec>& codec) {
      return codec && role(*codec) == CodecRole::kMedia;
    });
  }

 private:
  void consider(std::size_t i) {
    const Codec& offered = offered_[i];
    const std::size_t line = line_of(media_, offered.payload_type);
    const Match match = find_match(offered, ours_);
    if (match.ours == nullptr)
      return desk_.decide(line, label(offered), false, match.why_not, "8829:5.10#6"_rule);
    const std::string missing = missing_base(offered);
    if (!missing.empty())
      return desk_.decide(
          line, label(offered), false, missing,
          role(offered) == CodecRole::kRtx ? "8829:5.10#8"_rule : "8829:5.10#6"_rule);
    accepted_[i] = merge(offered, *match.ours);
    desk_.decide(
        line, label(offered), true,
        "we have it, under the offered payload type" +
            (accepted_[i]->parameters == offered.parameters || accepted_[i]->parameters.empty()
                 ? std::string()
                 : ", and say " + accepted_[i]->parameters),
        "3264:6.1#13"_rule);
  }

  [[nodiscard]] bool is_accepted(std::uint8_t payload_type) const {
    return std::ranges::any_of(accepted_, [payload_type](const std::optional<Codec>& codec) {
      return codec && codec->payload_type == payload_type;
    });
  }

  // Why a codec that serves another one cannot stay; empty: it can.
  [[nodiscard]] std::string missing_base(const Codec& offered) const {
    const CodecRole what = role(offered);
    if (what == CodecRole::kMedia) return {};
    const std::vector<std::uint8_t> carried = carried_types(offered);
    for (const std::uint8_t type : carried)
      if (!is_accepted(type)) return "the payload type " + decimal(type) + " it carries is refused";
    if (!carried.empty()) return {};
    if (what == CodecRole::kRtx) return "it does not say what it retransmits";
    const bool has_base = std::ranges::any_of(accepted_, [&](const std::optional<Codec>& codec) {
      return codec && role(*codec) == CodecRole::kMedia && codec->clock_rate == offered.clock_rate;
    });
    return has_base ? std::string() : "no codec with its clock rate is left";
  }

  const Media& media_;
  std::vector<Codec> offered_;
  const std::vector<Codec>& ours_;
  const Desk& desk_;
  std::vector<std::optional<Codec>> accepted_;
};

std::optional<Extension> find_extension(const std::vector<Extension>& ours, std::string_view uri) {
  const auto found = std::ranges::find(ours, uri, &Extension::uri);
  if (found == ours.end()) return std::nullopt;
  return *found;
}

// An identifier that nobody has; 0: all are taken.
std::uint16_t free_id(const ExtensionIds& taken) {
  for (std::uint16_t id = 1; id <= kMaxOneByteExtensionId; ++id)
    if (!taken.contains(id)) return id;
  return 0;
}

// The identifier for the answer; 0: none is left.
std::uint16_t place_extension(const Extmap& offered, ExtensionIds& taken) {
  std::uint16_t id = offered.id;
  if (id >= kMinExtensionAlternative) {
    const auto known = std::ranges::find_if(
        taken, [&offered](const auto& entry) { return entry.second == offered.uri; });
    id = known != taken.end() ? known->first : free_id(taken);
    if (id == 0) return 0;
  }
  const auto [entry, is_new] = taken.try_emplace(id, offered.uri);
  return is_new || entry->second == offered.uri ? id : 0;
}

Rule extension_rule(const Extmap& offered) {
  if (offered.id >= kMinExtensionAlternative) return "8285:7#18"_rule;
  if (offered.direction == MediaDirection::kSendOnly) return "8285:7#7"_rule;
  if (offered.direction == MediaDirection::kRecvOnly) return "8285:7#10"_rule;
  return "8285:7#13"_rule;
}

}  // namespace

void Desk::decide(std::size_t line, std::string what, bool accepted, std::string why,
                  Rule rule) const {
  trace.rule(rule, Fact{"line", line}, Fact{"what", what});
  decisions.push_back({.line = line,
                       .mid = mid,
                       .what = std::move(what),
                       .accepted = accepted,
                       .why = std::move(why),
                       .rule = rule});
}

std::vector<Codec> prefer(const std::vector<Codec>& codecs,
                          const std::vector<std::string>& preferences) {
  if (preferences.empty()) return codecs;
  std::vector<Codec> out;
  for (const std::string& name : preferences)
    for (const Codec& codec : codecs)
      if (equal_ignoring_case(codec.encoding, name) && std::ranges::find(out, codec) == out.end())
        out.push_back(codec);
  return out;
}

std::vector<Codec> select_codecs(const Media& offered, const std::vector<Codec>& ours,
                                 const std::vector<std::string>& preferences, const Desk& desk) {
  const std::vector<Codec> allowed = prefer(ours, preferences);
  CodecSelection selection(offered, allowed, desk);
  selection.pass({CodecRole::kMedia});
  selection.pass({CodecRole::kComfortNoise, CodecRole::kTones, CodecRole::kRed, CodecRole::kFec});
  selection.pass({CodecRole::kRtx});
  if (!selection.has_media()) return {};
  if (preferences.empty()) {
    desk.trace.rule("8829:5.3.1#11"_rule);
    return selection.take();
  }
  desk.trace.rule("8829:5.3.1#10"_rule);
  return prefer(selection.take(), preferences);
}

const std::vector<Extension>& default_extensions(MediaKind kind) {
  static const std::vector<Extension> kAudio{
      {.id = 1, .uri = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"                              },
      {.id = 2, .uri = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"               },
      {.id = 3, .uri = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"},
      {.id = 4, .uri = "urn:ietf:params:rtp-hdrext:sdes:mid"                                      },
  };
  static const std::vector<Extension> kVideo{
      {.id = 2,  .uri = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"               },
      {.id = 3,  .uri = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"},
      {.id = 4,  .uri = "urn:ietf:params:rtp-hdrext:sdes:mid"                                      },
      {.id = 5,  .uri = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"               },
      {.id = 10, .uri = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"                            },
      {.id = 11, .uri = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"                   },
      {.id = 13,
       .uri = "https://aomediacodec.github.io/av1-rtp-spec/"
              "#dependency-descriptor-rtp-header-extension"                                        },
  };
  return kind == MediaKind::kAudio ? kAudio : kVideo;
}

std::vector<Extension> extensions_of(const Description& description, const Media& media) {
  std::vector<Extension> out;
  for (const Attribute& attribute : find_all(description, media, "extmap")) {
    const auto map = parse_extmap(attribute);
    if (map)
      out.push_back({.id = map->id,
                     .uri = std::string(map->uri),
                     .direction = map->direction.value_or(direction(description, media))});
  }
  return out;
}

std::vector<Extension> select_extensions(const Description& offer, const Media& offered,
                                         const std::vector<Extension>& ours, ExtensionIds& taken,
                                         const Desk& desk) {
  std::vector<Extension> out;
  for (const Attribute& attribute : find_all(offer, offered, "extmap")) {
    const auto map = parse_extmap(attribute);
    if (!map) continue;
    const std::size_t line = attribute.line->number;
    const std::string what = "extension " + decimal(map->id) + ' ' + std::string(map->uri);
    const std::optional<Extension> own = find_extension(ours, map->uri);
    const MediaDirection wanted =
        intersection(reversed(map->direction.value_or(MediaDirection::kSendRecv)),
                     own ? own->direction : MediaDirection::kInactive);
    if (!own || find_extension(out, map->uri) || wanted == MediaDirection::kInactive) {
      desk.decide(line, what, false, own ? "it is in use already" : "we do not know it",
                  "8829:5.10#9"_rule);
      continue;
    }
    const std::uint16_t id = place_extension(*map, taken);
    if (id == 0) {
      desk.decide(line, what, false, "its identifier stands for another extension in this session",
                  "9143:12#1"_rule);
      continue;
    }
    desk.decide(line, what, true, "we have it, as " + decimal(id), extension_rule(*map));
    out.push_back({.id = id, .uri = std::string(map->uri), .direction = wanted});
  }
  return out;
}

}  // namespace glass::sdp
