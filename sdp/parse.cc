#include "sdp/parse.h"

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

#include "base/bytes.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/trace.h"
#include "sdp/attributes/check.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

// RFC 8866 §9. A line may follow one that stands at the same place or before it in its list; b, a
// and so on repeat. r= and z= belong to the t= line before them.
constexpr std::string_view kSessionOrder = "vosiuepcbtka";
constexpr std::string_view kMediaOrder = "micbka";
constexpr std::string_view kOnlyOnce = "vosiukm";

// RFC 3264 §5: the numbers of the o= line fit a signed integer of 64 bits.
constexpr std::uint64_t kMaxOriginNumber = INT64_MAX;

using Checked = Result<void, Complaint>;

char place_of(char type) { return type == 'r' || type == 'z' ? 't' : type; }

Checked check_order(std::span<const Line> lines, std::string_view order) {
  std::size_t last = 0;
  char previous = 0;
  for (const Line& line : lines) {
    if (line.type == 0) continue;
    const std::size_t place = order.find(place_of(line.type));
    if (place == std::string_view::npos)
      return std::unexpected(complain(line, 1,
                                      std::string("a media section has no ") + line.type + "= line",
                                      "8829:5.8.2#1"_rule));
    if (place < last)
      return std::unexpected(complain(line, 1,
                                      std::string("the ") + line.type +
                                          "= line stands too late: it comes before the " +
                                          previous + "= line",
                                      "8829:5.8.1#1"_rule));
    if (line.type == previous && kOnlyOnce.find(line.type) != std::string_view::npos)
      return std::unexpected(complain(line, 1, std::string("a second ") + line.type + "= line",
                                      line.type == 's' ? "8866:5.3#1"_rule : "8866:5#2"_rule));
    last = place;
    previous = line.type;
  }
  return {};
}

// RFC 8866 §5.7: one address for the session, where it has any.
Checked check_connections(std::span<const Line> session) {
  const auto is_connection = [](const Line& line) { return line.type == 'c'; };
  const auto first = std::ranges::find_if(session, is_connection);
  if (first == session.end()) return {};
  const auto second = std::find_if(first + 1, session.end(), is_connection);
  if (second == session.end()) return {};
  return std::unexpected(
      complain(*second, 1, "a second c= line in the session", "8866:5.7#11"_rule));
}

// The lines that every description has: v=, o= and s= at its beginning, and a t= line.
Checked check_mandatory(std::span<const Line> session) {
  static constexpr std::string_view kFirst = "vos";
  for (std::size_t i = 0; i < kFirst.size(); ++i) {
    if (i < session.size() && session[i].type == kFirst[i]) continue;
    return std::unexpected(
        Complaint{.line = i + 1,
                  .column = 1,
                  .text = std::string("here the ") + kFirst[i] + "= line is missing",
                  .rule = kFirst[i] == 's' ? "8866:5.3#1"_rule : "8866:5#2"_rule});
  }
  if (!std::ranges::any_of(session, [](const Line& line) { return line.type == 't'; }))
    return std::unexpected(
        Complaint{.line = session.size(), .text = "there is no t= line", .rule = "8866:5#2"_rule});
  return {};
}

Result<std::uint64_t, Complaint> origin_number(const Line& line, const Token& token) {
  if (!is_digits(token.text))
    return std::unexpected(
        complain(line, token.column, "a decimal number is expected", "8829:5.8.1#7"_rule));
  const std::optional<std::uint64_t> value = parse_decimal(token.text, kMaxOriginNumber);
  if (!value)
    return std::unexpected(
        complain(line, token.column, "the number needs more than 63 bits", "3264:5#3"_rule));
  return *value;
}

Result<Origin, Complaint> parse_origin(const Line& line) {
  const std::vector<Token> tokens = split_tokens(line.value);
  if (tokens.size() != 6)
    return std::unexpected(
        complain(line, kValueColumn, "an o= line has six fields", "8866:5.2#1"_rule));
  Origin origin{.username = std::string(tokens[0].text),
                .network_type = std::string(tokens[3].text),
                .address_type = std::string(tokens[4].text),
                .address = std::string(tokens[5].text)};
  origin.session_id = TRY(origin_number(line, tokens[1]));
  origin.session_version = TRY(origin_number(line, tokens[2]));
  return origin;
}

bool is_multicast(std::string_view host, bool is_ip4) {
  if (!is_ip4) return host.size() > 1 && equal_ignoring_case(host.substr(0, 2), "ff");
  const std::optional<std::uint64_t> first = parse_decimal(host.substr(0, host.find('.')), 255);
  return first && *first >= 224 && *first < 240 && host.find('.') != std::string_view::npos;
}

// RFC 8866 §5.7: what may stand behind the slashes of an address.
Checked check_slashes(const Line& line, const Token& address, bool is_ip4) {
  const std::size_t slash = std::min(address.text.find('/'), address.text.size());
  const std::string_view rest = address.text.substr(slash);
  const auto wrong = [&](std::string text, Rule rule) {
    return std::unexpected(complain(line, address.column + slash, std::move(text), rule));
  };
  if (!is_multicast(address.text.substr(0, slash), is_ip4)) {
    if (rest.empty()) return {};
    return wrong("only multicast addresses have a slash", "8866:5.7#12"_rule);
  }
  const std::size_t second = rest.empty() ? std::string_view::npos : rest.find('/', 1);
  if (is_ip4 && rest.empty())
    return wrong("a multicast address of IPv4 has a TTL behind a slash", "8866:5.7#6"_rule);
  if (is_ip4 && !parse_decimal(rest.substr(1, second - 1), 255))
    return wrong("a TTL is a number up to 255", "8866:5.7#7"_rule);
  if (!is_ip4 && second != std::string_view::npos)
    return wrong("a multicast address of IPv6 has no TTL", "8866:5.7#9"_rule);
  return {};
}

Checked check_connection(const Line& line) {
  const std::vector<Token> tokens = split_tokens(line.value);
  if (tokens.size() < 3)
    return std::unexpected(complain(line, kValueColumn,
                                    "a c= line has a network type, an address type and an address",
                                    "8829:5.8.1#4"_rule));
  const bool is_ip4 = tokens[1].text == "IP4";
  if (is_ip4 || tokens[1].text == "IP6") return check_slashes(line, tokens[2], is_ip4);
  return {};
}

Checked check_time(const Line& line) {
  const std::vector<Token> tokens = split_tokens(line.value);
  if (tokens.size() != 2 || !is_digits(tokens[0].text) || !is_digits(tokens[1].text))
    return std::unexpected(
        complain(line, kValueColumn, "a t= line has two decimal numbers", "8829:5.8.1#5"_rule));
  return {};
}

Checked check_bandwidth(const Line& line, const Trace& trace) {
  static constexpr std::array<std::string_view, 5> kKnown{"AS", "CT", "RR", "RS", "TIAS"};
  const std::string_view text = line.value;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !is_token(text.substr(0, colon)))
    return std::unexpected(complain(
        line, kValueColumn, "a b= line has a name, a colon and a number", "8829:5.8.1#8"_rule));
  if (!is_digits(text.substr(colon + 1)))
    return std::unexpected(complain(line, kValueColumn + colon + 1,
                                    "a bandwidth is a decimal number", "8829:5.8.1#8"_rule));
  if (std::ranges::find(kKnown, text.substr(0, colon)) == kKnown.end())
    trace.rule("8866:5.8#7"_rule, Fact{"line", line.number});
  return {};
}

// s= and i= are read by people: UTF-8, unless the description names another character set.
Checked check_text(const Line& line, bool has_charset) {
  if (line.value.empty())
    return std::unexpected(
        complain(line, kValueColumn, "the session name is empty", "8866:5.3#2"_rule));
  if (!has_charset && !is_utf8(line.value))
    return std::unexpected(complain(line, kValueColumn, "the text is not UTF-8",
                                    line.type == 's' ? "8866:5.3#4"_rule : "8866:5.4#1"_rule));
  return {};
}

Checked check_attribute_name(const Line& line) {
  const std::string_view text = line.value;
  const std::string_view name = text.substr(0, text.find(':'));
  if (!is_token(name))
    return std::unexpected(complain(line, kValueColumn,
                                    "an attribute name has letters, digits and a few marks",
                                    "8866:5.13#1"_rule));
  return {};
}

Checked check_lines(std::span<const Line> lines, bool has_charset, const Trace& trace) {
  for (const Line& line : lines) {
    switch (line.type) {
      case 'v':
        if (line.value != "0")
          return std::unexpected(
              complain(line, kValueColumn, "the version is not 0", "8829:5.8.1#6"_rule));
        break;
      case 's':
      case 'i': TRY(check_text(line, has_charset)); break;
      case 'c': TRY(check_connection(line)); break;
      case 't': TRY(check_time(line)); break;
      case 'b': TRY(check_bandwidth(line, trace)); break;
      case 'k': trace.drop("8866:5.12#2"_rule, "a key in a k= line", as_bytes(line.value)); break;
      case 'a': TRY(check_attribute_name(line)); break;
      default: break;
    }
  }
  return {};
}

Result<std::uint16_t, Complaint> parse_port(const Line& line, const Token& token) {
  const std::string_view digits = token.text.substr(0, token.text.find('/'));
  if (!is_digits(digits))
    return std::unexpected(
        complain(line, token.column, "the port is not a number", "8829:5.8.2#2"_rule));
  const std::optional<std::uint64_t> port = parse_decimal(digits, UINT16_MAX);
  if (!port)
    return std::unexpected(
        complain(line, token.column, "the port is larger than 65535", "8829:5.8.2#2"_rule));
  if (digits.size() != token.text.size() && !is_digits(token.text.substr(digits.size() + 1)))
    return std::unexpected(complain(line, token.column + digits.size() + 1,
                                    "the number of ports is not a number", "8829:5.8.2#2"_rule));
  return static_cast<std::uint16_t>(*port);
}

bool is_protocol(std::string_view text) {
  while (!text.empty()) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    if (!is_token(text.substr(0, slash))) return false;
    if (slash == text.size()) return true;
    text.remove_prefix(slash + 1);
  }
  return false;
}

Result<Media, Complaint> parse_media(Line line) {
  const std::vector<Token> tokens = split_tokens(line.value);
  if (tokens.size() < 4)
    return std::unexpected(complain(line, kValueColumn,
                                    "an m= line has a kind, a port, a protocol and formats",
                                    "8829:5.8.2#2"_rule));
  if (!is_token(tokens[0].text))
    return std::unexpected(
        complain(line, tokens[0].column, "the kind of media is not a token", "8829:5.8.2#2"_rule));
  if (!is_protocol(tokens[2].text))
    return std::unexpected(complain(line, tokens[2].column,
                                    "the protocol is not made of tokens and slashes",
                                    "8829:5.8.2#2"_rule));
  Media media{.kind = std::string(tokens[0].text), .protocol = std::string(tokens[2].text)};
  media.port = TRY(parse_port(line, tokens[1]));
  for (const Token& format : std::span(tokens).subspan(3)) {
    if (!is_token(format.text))
      return std::unexpected(
          complain(line, format.column, "a format is not a token", "8829:5.8.2#2"_rule));
    media.formats.emplace_back(format.text);
  }
  media.lines.push_back(std::move(line));
  return media;
}

bool has_connection(std::span<const Line> lines) {
  return std::ranges::any_of(lines, [](const Line& line) { return line.type == 'c'; });
}

Checked check_sections(const Description& description, const Trace& trace) {
  const bool has_charset = has(description.session, "charset");
  TRY(check_mandatory(description.session));
  TRY(check_order(description.session, kSessionOrder));
  TRY(check_connections(description.session));
  TRY(check_lines(description.session, has_charset, trace));
  for (const Media& media : description.media) {
    TRY(check_order(media.lines, kMediaOrder));
    TRY(check_lines(media.lines, has_charset, trace));
    if (!has_connection(media.lines) && !has_connection(description.session))
      return std::unexpected(complain(media.lines.front(), 0,
                                      "neither the section nor the session has a c= line",
                                      "8866:5.7#1"_rule));
  }
  return {};
}

Result<Description, Complaint> build(std::string_view text, const Trace& trace) {
  std::vector<Line> lines = TRY(split_lines(text, trace));
  Description description;
  for (Line& line : lines) {
    if (line.type == 'm') {
      if (description.media.size() == kMaxMedia)
        return std::unexpected(
            complain(line, 1, "more than " + decimal(kMaxMedia) + " media sections", {}));
      description.media.push_back(TRY(parse_media(std::move(line))));
    } else if (description.media.empty()) {
      description.session.push_back(std::move(line));
    } else {
      description.media.back().lines.push_back(std::move(line));
    }
  }
  TRY(check_sections(description, trace));
  description.origin = TRY(parse_origin(description.session[1]));
  TRY(check_attributes(description, trace));
  return description;
}

}  // namespace

Result<Description, Complaint> parse(std::string_view text, const Trace& trace) {
  Result<Description, Complaint> description = build(text, trace);
  if (!description) trace.drop(description.error().rule, description.error().text, as_bytes(text));
  return description;
}

}  // namespace glass::sdp
