// The encodings of a track in offers and answers; see select.h.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
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
#include "sdp/attributes/rid.h"
#include "sdp/attributes/rtp.h"
#include "sdp/description.h"
#include "sdp/jsep/codec.h"
#include "sdp/jsep/select.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

// RFC 8851 §5: the restrictions that there are.
bool is_known_restriction(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kKnown{
      "max-width", "max-height", "max-fps", "max-fs", "max-br", "max-pps", "max-bpp", "depend"};
  return std::ranges::find(kKnown, name) != kKnown.end();
}

struct RidLine {
  std::size_t line = 0;
  Rid rid{};
};

std::vector<RidLine> rids_of(const Media& media) {
  std::vector<RidLine> rids;
  for (const Attribute& attribute : find_all(media.lines, "rid"))
    if (auto rid = parse_rid(attribute))
      rids.push_back({.line = attribute.line->number, .rid = *std::move(rid)});
  return rids;
}

// RFC 8851 §6.2.2 and §6.3: why a rid cannot stay, with the rule; nullopt: it can.
std::optional<std::pair<std::string, Rule>> why_discarded(
    const Rid& rid, const std::vector<RidLine>& all, MediaDirection answer,
    const std::vector<std::string_view>& formats) {
  if (std::ranges::count(all, rid.id, [](const RidLine& other) { return other.rid.id; }) > 1)
    return {
        {"its name stands twice", "8851:6.2.2#1"_rule}
    };
  const bool fits = rid.direction == RidDirection::kSend ? receives(answer) : sends(answer);
  if (!fits)
    return {
        {"no media flows in its direction", "8851:6.3#0"_rule}
    };
  if (!rid.formats.empty() && formats.empty())
    return {
        {"all its formats are refused", "8851:6.3#5"_rule}
    };
  for (const auto& [name, value] : rid.restrictions) {
    if (!is_known_restriction(name))
      return {
          {"nobody knows the restriction " + printable(name), "8851:6.2.2#0"_rule}
      };
    if (name != "depend") continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      const std::string_view id = rest.substr(0, end);
      if (std::ranges::count(all, id, [](const RidLine& other) { return other.rid.id; }) != 1)
        return {
            {"it depends on a name that is not there", "8851:6.2.2#2"_rule}
        };
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return std::nullopt;
}

// The formats of a rid that the answer accepts.
std::vector<std::string_view> kept_formats(const Rid& rid, const std::vector<Codec>& codecs) {
  std::vector<std::string_view> kept;
  for (const std::string_view format : rid.formats) {
    const auto type = parse_payload_type(format);
    const auto is_it = [&type](const Codec& codec) { return type == codec.payload_type; };
    if (std::ranges::any_of(codecs, is_it)) kept.push_back(format);
  }
  return kept;
}

std::string rid_text(const Rid& rid, RidDirection direction,
                     const std::vector<std::string_view>& formats) {
  std::string text = std::string(rid.id) + ' ' + std::string(to_text(direction));
  char separator = ' ';
  for (std::size_t i = 0; i < formats.size(); ++i) {
    text += i == 0 ? " pt=" : ",";
    text += formats[i];
    separator = ';';
  }
  for (const auto& [name, value] : rid.restrictions) {
    text += std::exchange(separator, ';');
    text += name;
    if (!value.empty()) text += '=' + std::string(value);
  }
  return text;
}

// One direction of a simulcast with only those encodings that stay.
std::string keep_streams(const std::vector<SimulcastStream>& streams,
                         const std::set<std::string_view>& ids) {
  std::string text;
  for (const SimulcastStream& stream : streams) {
    std::string alternatives;
    for (const SimulcastFormat& format : stream) {
      if (!ids.contains(format.rid)) continue;
      if (!alternatives.empty()) alternatives += ',';
      alternatives += format.rid;
    }
    if (alternatives.empty()) continue;
    if (!text.empty()) text += ';';
    text += alternatives;
  }
  return text;
}

bool has_paused(const std::vector<SimulcastStream>& streams) {
  return std::ranges::any_of(streams, [](const SimulcastStream& stream) {
    return std::ranges::any_of(stream, &SimulcastFormat::paused);
  });
}

void answer_simulcast(const Media& offered, const std::set<std::string_view>& send,
                      const std::set<std::string_view>& recv, const Desk& desk, Encodings& out) {
  const std::vector<Attribute> lines = find_all(offered.lines, "simulcast");
  if (lines.empty()) return;
  const std::size_t line = lines.front().line->number;
  if (lines.size() > 1)
    return desk.decide(line, "simulcast", false, "it stands twice", "8853:5.3.2#2"_rule);
  const auto simulcast = parse_simulcast(lines.front());
  if (!simulcast) return;
  const std::string ours = keep_streams(simulcast->recv, send);
  const std::string theirs = keep_streams(simulcast->send, recv);
  if (!ours.empty()) out.simulcast = "send " + ours;
  if (!theirs.empty()) out.simulcast += (ours.empty() ? "recv " : " recv ") + theirs;
  if (out.simulcast.empty())
    return desk.decide(line, "simulcast", false, "no encoding of it is left", "8853:5.3.2#7"_rule);
  desk.decide(line, "simulcast", true, "reversed: " + out.simulcast, "8853:5.3.2#3"_rule);
  if (has_paused(simulcast->send) || has_paused(simulcast->recv))
    desk.decide(line, "simulcast pauses", false, "we do not have pause and resume",
                "8853:5.3.2#8"_rule);
}

}  // namespace

Encodings select_encodings(const Media& offered, MediaDirection answer,
                           const std::vector<Codec>& codecs, const Desk& desk) {
  Encodings out;
  const std::vector<RidLine> all = rids_of(offered);
  std::set<std::string_view> send;
  std::set<std::string_view> recv;
  for (const RidLine& line : all) {
    const Rid& rid = line.rid;
    const std::vector<std::string_view> formats = kept_formats(rid, codecs);
    const std::string what = "encoding " + std::string(rid.id);
    if (const auto why = why_discarded(rid, all, answer, formats)) {
      desk.decide(line.line, what, false, why->first, why->second);
      continue;
    }
    const bool we_send = rid.direction == RidDirection::kRecv;
    const RidDirection direction = we_send ? RidDirection::kSend : RidDirection::kRecv;
    out.rids.push_back(rid_text(rid, direction, formats));
    (we_send ? send : recv).insert(rid.id);
    (we_send ? out.send_ids : out.recv_ids).emplace_back(rid.id);
    desk.decide(line.line, what, true, "reversed: " + std::string(to_text(direction)),
                "8851:6.3#4"_rule);
  }
  answer_simulcast(offered, send, recv, desk, out);
  return out;
}

}  // namespace glass::sdp
