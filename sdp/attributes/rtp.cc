#include "sdp/attributes/rtp.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/rule.h"
#include "base/text.h"
#include "sdp/attributes/media.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

// A complaint `offset` bytes into the value.
std::unexpected<Complaint> wrong(const Attribute& attribute, std::size_t offset, std::string text,
                                 Rule rule) {
  return std::unexpected(
      complain(*attribute.line, attribute.value_column + offset, std::move(text), rule));
}

// The value up to the first blank, and what follows that.
std::pair<std::string_view, std::string_view> split_first(std::string_view value) {
  const std::size_t blank = value.find(' ');
  if (blank == std::string_view::npos) return {value, {}};
  return {value.substr(0, blank), value.substr(blank + 1)};
}

Result<std::uint32_t, Complaint> parse_ssrc(const Attribute& attribute, const Token& token) {
  const std::optional<std::uint64_t> ssrc =
      is_digits(token.text) ? parse_decimal(token.text, UINT32_MAX) : std::nullopt;
  if (ssrc) return static_cast<std::uint32_t>(*ssrc);
  return std::unexpected(complain(*attribute.line, token.column,
                                  "an SSRC is a number of at most 32 bits", "8829:5.8.2#16"_rule));
}

}  // namespace

bool is_rtp(const Media& media) { return media.protocol.find("RTP/") != std::string::npos; }

bool is_dtls_srtp_profile(std::string_view protocol) {
  static constexpr std::array<std::string_view, 8> kProfiles{
      "RTP/AVP",           "RTP/AVPF",           "RTP/SAVP",         "RTP/SAVPF",
      "TCP/DTLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"};
  return std::ranges::find(kProfiles, protocol) != kProfiles.end();
}

std::optional<std::uint8_t> parse_payload_type(std::string_view text) {
  if (!is_digits(text)) return std::nullopt;
  const std::optional<std::uint64_t> value = parse_decimal(text, kMaxPayloadType);
  if (!value) return std::nullopt;
  return static_cast<std::uint8_t>(*value);
}

Result<RtpMap, Complaint> parse_rtpmap(const Attribute& attribute) {
  constexpr Rule kRule = "8829:5.8.2#12"_rule;
  const auto [format, rest] = split_first(attribute.value);
  const std::optional<std::uint8_t> payload_type = parse_payload_type(format);
  if (!payload_type) return wrong(attribute, 0, "a payload type is a number up to 127", kRule);
  const std::size_t name_at = format.size() + 1;
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos || !is_token(rest.substr(0, slash)))
    return wrong(attribute, name_at, "an encoding name, a slash and a clock rate are expected",
                 kRule);
  const std::string_view numbers = rest.substr(slash + 1);
  const std::size_t second = numbers.find('/');
  const std::string_view rate = numbers.substr(0, second);
  const std::optional<std::uint64_t> clock_rate =
      is_digits(rate) ? parse_decimal(rate, UINT32_MAX) : std::nullopt;
  if (!clock_rate || *clock_rate == 0)
    return wrong(attribute, name_at + slash + 1, "a clock rate is a number above 0", kRule);
  RtpMap map{.payload_type = *payload_type,
             .encoding = rest.substr(0, slash),
             .clock_rate = static_cast<std::uint32_t>(*clock_rate)};
  if (second == std::string_view::npos) return map;
  const std::string_view text = numbers.substr(second + 1);
  const std::optional<std::uint64_t> channels =
      is_digits(text) ? parse_decimal(text, UINT8_MAX) : std::nullopt;
  if (!channels || *channels == 0)
    return wrong(attribute, name_at + slash + second + 2, "the number of channels is 1 to 255",
                 kRule);
  map.channels = static_cast<std::uint8_t>(*channels);
  return map;
}

Result<Fmtp, Complaint> parse_fmtp(const Attribute& attribute) {
  const auto [format, rest] = split_first(attribute.value);
  if (!is_token(format))
    return wrong(attribute, 0, "a=fmtp begins with a format", "8829:5.8.2#12"_rule);
  if (rest.empty())
    return wrong(attribute, format.size(), "a=fmtp says nothing about its format",
                 "8829:5.8.2#12"_rule);
  return Fmtp{.format = format, .parameters = rest};
}

Result<Feedback, Complaint> parse_feedback(const Attribute& attribute) {
  const auto [format, rest] = split_first(attribute.value);
  if (format != "*" && !parse_payload_type(format))
    return wrong(attribute, 0, "feedback is for a payload type or for all of them, *",
                 "8829:5.8.2#18"_rule);
  const std::string_view type = split_first(rest).first;
  if (!is_token(type))
    return wrong(attribute, format.size() + 1, "the kind of feedback is a token",
                 "8829:5.8.2#18"_rule);
  return Feedback{.format = format, .text = rest};
}

Result<Extmap, Complaint> parse_extmap(const Attribute& attribute) {
  const auto [entry, rest] = split_first(attribute.value);
  const std::size_t slash = entry.find('/');
  const std::string_view digits = entry.substr(0, slash);
  const std::optional<std::uint64_t> id =
      is_digits(digits) ? parse_decimal(digits, kMaxExtensionAlternative) : std::nullopt;
  if (!id)
    return wrong(attribute, 0, "the identifier of an extension is a number up to 4351",
                 "8829:5.8.2#17"_rule);
  if (*id == 0)
    return wrong(attribute, 0, "the identifier 0 stands for padding", "8285:4.1.2#3"_rule);
  if (*id > kMaxExtensionId && *id < kMinExtensionAlternative)
    return wrong(attribute, 0, "an identifier is 1 to 255, or 4096 to 4351", "8285:5#2"_rule);
  Extmap map{.id = static_cast<std::uint16_t>(*id)};
  if (slash != std::string_view::npos) {
    map.direction = as_direction(entry.substr(slash + 1));
    if (!map.direction)
      return wrong(attribute, slash + 1, "sendrecv, sendonly, recvonly or inactive is expected",
                   "8285:7#3"_rule);
  }
  const auto [uri, attributes] = split_first(rest);
  if (uri.find(':') == std::string_view::npos)
    return wrong(attribute, entry.size() + 1, "an extension is named by an absolute URI",
                 "8285:5#4"_rule);
  map.uri = uri;
  map.attributes = attributes;
  return map;
}

Result<SourceNote, Complaint> parse_source(const Attribute& attribute) {
  const auto [first, rest] = split_first(attribute.value);
  SourceNote note;
  note.ssrc = TRY(parse_ssrc(attribute, {.text = first, .column = attribute.value_column}));
  const std::size_t colon = rest.find(':');
  note.name = rest.substr(0, colon);
  if (!is_token(note.name))
    return wrong(attribute, first.size() + 1, "an attribute of the source is expected",
                 "8829:5.8.2#16"_rule);
  if (colon != std::string_view::npos) note.value = rest.substr(colon + 1);
  return note;
}

Result<SourceGroup, Complaint> parse_source_group(const Attribute& attribute) {
  const std::vector<Token> tokens = split_tokens(attribute.value, attribute.value_column);
  if (tokens.empty() || !is_token(tokens.front().text))
    return wrong(attribute, 0, "a group of sources begins with its semantics", "5576:4.2#0"_rule);
  if (tokens.size() < 2)
    return wrong(attribute, tokens.front().text.size(), "the group lists no source",
                 "5576:4.2#2"_rule);
  SourceGroup group{.semantics = tokens.front().text};
  for (const Token& token : std::span(tokens).subspan(1))
    group.sources.push_back(TRY(parse_ssrc(attribute, token)));
  return group;
}

Result<std::uint32_t, Complaint> parse_packet_time(const Attribute& attribute) {
  const Rule rule = attribute.name == "ptime" ? "8829:5.8.2#13"_rule : "8829:5.8.2#14"_rule;
  const std::size_t point = attribute.value.find('.');
  const std::string_view whole = attribute.value.substr(0, point);
  const bool good_fraction =
      point == std::string_view::npos || is_digits(attribute.value.substr(point + 1));
  const std::optional<std::uint64_t> value =
      is_digits(whole) ? parse_decimal(whole, UINT32_MAX) : std::nullopt;
  if (value && good_fraction && (*value != 0 || point != std::string_view::npos))
    return static_cast<std::uint32_t>(*value);
  return wrong(attribute, 0, "milliseconds are a number above 0", rule);
}

Result<std::uint16_t, Complaint> parse_rtcp_port(const Attribute& attribute) {
  const std::vector<Token> tokens = split_tokens(attribute.value, attribute.value_column);
  const std::optional<std::uint64_t> port = !tokens.empty() && is_digits(tokens.front().text)
                                                ? parse_decimal(tokens.front().text, UINT16_MAX)
                                                : std::nullopt;
  if (!port) return wrong(attribute, 0, "a port up to 65535 is expected", "8829:5.8.2#22"_rule);
  if (tokens.size() != 1 && tokens.size() != 4)
    return wrong(attribute, 0,
                 "behind the port stand a network type, an address type and an address",
                 "8829:5.8.2#22"_rule);
  return static_cast<std::uint16_t>(*port);
}

std::optional<std::uint64_t> bandwidth(const std::vector<Line>& lines, std::string_view type) {
  for (const Line& line : lines) {
    if (line.type != 'b') continue;
    const std::string_view text = line.value;
    const std::size_t colon = text.find(':');
    if (text.substr(0, colon) == type) return parse_decimal(text.substr(colon + 1));
  }
  return std::nullopt;
}

}  // namespace glass::sdp
