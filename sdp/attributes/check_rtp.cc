// What binds the attributes of one RTP section together; see check.h.
#include <algorithm>
#include <bitset>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/rule.h"
#include "base/text.h"
#include "sdp/attributes/check.h"
#include "sdp/attributes/media.h"
#include "sdp/attributes/rid.h"
#include "sdp/attributes/rtp.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

using Checked = Result<void, Complaint>;
using PayloadTypes = std::bitset<kMaxPayloadType + 1>;

Result<PayloadTypes, Complaint> read_formats(const Media& media) {
  PayloadTypes formats;
  for (std::size_t i = 0; i < media.formats.size(); ++i) {
    const std::optional<std::uint8_t> payload_type = parse_payload_type(media.formats[i]);
    if (!payload_type)
      return std::unexpected(
          complain(media.lines.front(), split_tokens(media.lines.front().value)[i + 3].column,
                   "a format of RTP is a payload type up to 127", "8829:5.8.2#11"_rule));
    formats.set(*payload_type);
  }
  return formats;
}

// The apt parameter, if `parameters` has one.
std::optional<std::uint8_t> associated_type(std::string_view parameters) {
  const std::size_t at = parameters.find("apt=");
  if (at == std::string_view::npos ||
      (at != 0 && parameters[at - 1] != ';' && parameters[at - 1] != ' '))
    return std::nullopt;
  const std::string_view rest = parameters.substr(at + 4);
  return parse_payload_type(rest.substr(0, rest.find_first_of("; ")));
}

// A payload type stands for one codec, and retransmissions for a codec that is there.
Checked check_codecs(const Media& media, const PayloadTypes& formats) {
  std::map<std::uint8_t, RtpMap> maps;
  for (const Attribute& attribute : find_all(media.lines, "rtpmap")) {
    const RtpMap map = TRY(parse_rtpmap(attribute));
    const auto [known, is_new] = maps.try_emplace(map.payload_type, map);
    if (is_new || (equal_ignoring_case(known->second.encoding, map.encoding) &&
                   known->second.clock_rate == map.clock_rate))
      continue;
    return std::unexpected(complain(*attribute.line, attribute.value_column,
                                    "the payload type stands for another codec already",
                                    "8829:5.8#1"_rule));
  }
  for (const Attribute& attribute : find_all(media.lines, "fmtp")) {
    const Fmtp fmtp = TRY(parse_fmtp(attribute));
    const std::optional<std::uint8_t> payload_type = parse_payload_type(fmtp.format);
    if (!payload_type || !formats.test(*payload_type)) continue;
    const auto map = maps.find(*payload_type);
    if (map == maps.end() || !equal_ignoring_case(map->second.encoding, "rtx")) continue;
    const std::optional<std::uint8_t> primary = associated_type(fmtp.parameters);
    if (primary && formats.test(*primary)) continue;
    return std::unexpected(complain(*attribute.line, attribute.value_column,
                                    "the codec that is retransmitted is not on the m= line",
                                    "8829:5.10#7"_rule));
  }
  return {};
}

Checked check_extensions(const Description& description, const Media& media) {
  const std::vector<Attribute> own = find_all(media.lines, "extmap");
  if (!own.empty() && has(description.session, "extmap"))
    return std::unexpected(complain(
        *own.front().line, kValueColumn,
        "extensions stand in the session or in the sections, not in both", "8285:5#11"_rule));
  std::set<std::uint16_t> ids;
  for (const Attribute& attribute : find_all(description, media, "extmap")) {
    const Extmap map = TRY(parse_extmap(attribute));
    if (map.id >= kMinExtensionAlternative || ids.insert(map.id).second) continue;
    return std::unexpected(complain(*attribute.line, attribute.value_column,
                                    "two extensions have the identifier " + decimal(map.id),
                                    "8285:5#2"_rule));
  }
  return {};
}

Checked check_sources(const Media& media) {
  std::set<std::uint32_t> sources;
  for (const Attribute& attribute : find_all(media.lines, "ssrc"))
    sources.insert(TRY(parse_source(attribute)).ssrc);
  for (const Attribute& attribute : find_all(media.lines, "ssrc-group")) {
    for (const std::uint32_t ssrc : TRY(parse_source_group(attribute)).sources) {
      if (sources.contains(ssrc)) continue;
      return std::unexpected(complain(*attribute.line, attribute.value_column,
                                      "no a=ssrc line tells of the source " + decimal(ssrc),
                                      "5576:4.2#3"_rule));
    }
  }
  return {};
}

Checked check_streams(const Attribute& attribute, std::span<const SimulcastStream> streams,
                      RidDirection direction,
                      const std::map<std::string_view, RidDirection>& rids) {
  for (const SimulcastStream& stream : streams) {
    for (const SimulcastFormat& format : stream) {
      const auto rid = rids.find(format.rid);
      if (rid == rids.end())
        return std::unexpected(complain(*attribute.line, format.column,
                                        "no a=rid line tells of \"" + printable(format.rid) + '"',
                                        "8829:5.8.3#8"_rule));
      if (rid->second != direction)
        return std::unexpected(complain(*attribute.line, format.column,
                                        "the a=rid line says " + std::string(to_text(rid->second)),
                                        "8853:5.2#5"_rule));
    }
  }
  return {};
}

Checked check_simulcast(const Media& media) {
  std::map<std::string_view, RidDirection> rids;
  for (const Attribute& attribute : find_all(media.lines, "rid")) {
    const Rid rid = TRY(parse_rid(attribute));
    rids.emplace(rid.id, rid.direction);
    if (rids.size() > kMaxRids)
      return std::unexpected(complain(*attribute.line, 0, "more encodings than we look at", {}));
  }
  for (const Attribute& attribute : find_all(media.lines, "simulcast")) {
    const Simulcast simulcast = TRY(parse_simulcast(attribute));
    TRY(check_streams(attribute, simulcast.send, RidDirection::kSend, rids));
    TRY(check_streams(attribute, simulcast.recv, RidDirection::kRecv, rids));
  }
  return {};
}

Checked check_mux(const Media& media) {
  const std::optional<Attribute> only = find(media.lines, "rtcp-mux-only");
  if (!only || media.port == 0 || has_rtcp_mux(media)) return {};
  return std::unexpected(complain(*only->line, kValueColumn,
                                  "rtcp-mux-only needs rtcp-mux beside it", "8829:5.8.3#10"_rule));
}

}  // namespace

Checked check_rtp_section(const Description& description, const Media& media) {
  const PayloadTypes formats = TRY(read_formats(media));
  TRY(check_codecs(media, formats));
  TRY(check_extensions(description, media));
  TRY(check_sources(media));
  TRY(check_simulcast(media));
  return check_mux(media);
}

}  // namespace glass::sdp
