#include "sdp/attributes/rid.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <expected>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/rule.h"
#include "base/text.h"
#include "sdp/attributes/rtp.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

constexpr Rule kRidRule = "8829:5.8.2#25"_rule;
constexpr Rule kSimulcastRule = "8829:5.8.2#26"_rule;
constexpr Rule kImageRule = "8829:5.8.2#24"_rule;

std::unexpected<Complaint> wrong_at(const Attribute& attribute, std::size_t column,
                                    std::string text, Rule rule) {
  return std::unexpected(complain(*attribute.line, column, std::move(text), rule));
}

// The pieces between separators, with the column at which each begins.
std::vector<Token> split_at(const Token& token, char separator) {
  std::vector<Token> pieces;
  for (std::size_t at = 0;;) {
    const std::size_t end = std::min(token.text.find(separator, at), token.text.size());
    pieces.push_back({.text = token.text.substr(at, end - at), .column = token.column + at});
    if (end == token.text.size()) return pieces;
    at = end + 1;
  }
}

std::optional<RidDirection> as_rid_direction(std::string_view text) {
  if (text == "send") return RidDirection::kSend;
  if (text == "recv") return RidDirection::kRecv;
  return std::nullopt;
}

bool is_number_with_fraction(std::string_view text) {
  const std::size_t point = text.find('.');
  return point != std::string_view::npos && is_digits(text.substr(0, point)) &&
         is_digits(text.substr(point + 1));
}

// RFC 8851 §10: the restrictions whose form is known. Others may hold what they like.
bool is_restriction(std::string_view name, std::string_view value) {
  static constexpr std::array<std::string_view, 6> kIntegers{"max-width", "max-height", "max-fps",
                                                             "max-fs",    "max-br",     "max-pps"};
  if (std::ranges::find(kIntegers, name) != kIntegers.end())
    return value.empty() || is_digits(value);
  if (name == "max-bpp") return value.empty() || is_number_with_fraction(value);
  if (name == "depend") {
    for (const Token& id : split_at({.text = value}, ','))
      if (!is_rid_id(id.text)) return false;
    return true;
  }
  return is_token(name);
}

Result<void, Complaint> read_restriction(const Attribute& attribute, const Token& token, Rid& rid) {
  const std::size_t equals = token.text.find('=');
  const std::string_view name = token.text.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : token.text.substr(equals + 1);
  if (name == "pt") {
    if (!rid.formats.empty() || !rid.restrictions.empty())
      return wrong_at(attribute, token.column, "pt= stands first and once", kRidRule);
    for (const Token& format : split_at({.text = value, .column = token.column + 3}, ',')) {
      if (!is_token(format.text))
        return wrong_at(attribute, format.column, "a format is a token", kRidRule);
      rid.formats.push_back(format.text);
    }
    return {};
  }
  if (!is_restriction(name, value))
    return wrong_at(attribute, token.column, "a restriction has a name and a fitting value",
                    kRidRule);
  rid.restrictions.emplace_back(name, value);
  return {};
}

Result<SimulcastStream, Complaint> read_stream(const Attribute& attribute, const Token& token,
                                               std::set<std::string_view>& seen) {
  SimulcastStream stream;
  for (const Token& piece : split_at(token, ',')) {
    SimulcastFormat format{.rid = piece.text, .column = piece.column};
    if (format.rid.starts_with('~')) {
      format.paused = true;
      format.rid.remove_prefix(1);
    }
    if (!is_rid_id(format.rid))
      return wrong_at(attribute, piece.column, "the name of an encoding is expected",
                      "8853:5.1#1"_rule);
    if (!seen.insert(format.rid).second)
      return wrong_at(attribute, piece.column, "an encoding stands twice in the simulcast",
                      "8853:5.2#17"_rule);
    if (seen.size() > kMaxRids)
      return wrong_at(attribute, piece.column, "more encodings than we look at", {});
    stream.push_back(format);
  }
  return stream;
}

// The end of "[...]" sets that begin at the start of `text`; npos: they are not closed.
std::size_t end_of_sets(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && text[at] == '[') {
    const std::size_t close = text.find(']', at);
    if (close == std::string_view::npos ||
        text.substr(at, close - at).find('=') == std::string_view::npos)
      return std::string_view::npos;
    at = close + 1;
    if (at + 1 < text.size() && text[at] == ' ' && text[at + 1] == '[') ++at;
  }
  return at;
}

}  // namespace

std::string_view to_text(RidDirection direction) {
  return direction == RidDirection::kSend ? "send" : "recv";
}

bool is_rid_id(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
  });
}

Result<Rid, Complaint> parse_rid(const Attribute& attribute) {
  const std::vector<Token> tokens = split_tokens(attribute.value, attribute.value_column);
  if (tokens.empty() || !is_rid_id(tokens[0].text))
    return wrong_at(attribute, attribute.value_column,
                    "the name of an encoding has letters, digits, - and _", kRidRule);
  if (tokens.size() < 2 || !as_rid_direction(tokens[1].text))
    return wrong_at(attribute, attribute.value_column + tokens[0].text.size() + 1,
                    "send or recv is expected", kRidRule);
  Rid rid{.id = tokens[0].text, .direction = *as_rid_direction(tokens[1].text)};
  if (tokens.size() > 3)
    return wrong_at(attribute, tokens[3].column, "restrictions have no blanks between them",
                    kRidRule);
  if (tokens.size() == 3)
    for (const Token& token : split_at(tokens[2], ';'))
      TRY(read_restriction(attribute, token, rid));
  return rid;
}

Result<Simulcast, Complaint> parse_simulcast(const Attribute& attribute) {
  const std::vector<Token> tokens = split_tokens(attribute.value, attribute.value_column);
  if (tokens.size() != 2 && tokens.size() != 4)
    return wrong_at(attribute, attribute.value_column,
                    "send or recv and a list, once or for both, is expected", kSimulcastRule);
  Simulcast simulcast;
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < tokens.size(); i += 2) {
    const std::optional<RidDirection> direction = as_rid_direction(tokens[i].text);
    if (!direction)
      return wrong_at(attribute, tokens[i].column, "send or recv is expected", kSimulcastRule);
    if (i == 2 && tokens[0].text == tokens[2].text)
      return wrong_at(attribute, tokens[i].column, "the same direction stands twice",
                      "8853:5.2#3"_rule);
    auto& streams = *direction == RidDirection::kSend ? simulcast.send : simulcast.recv;
    for (const Token& stream : split_at(tokens[i + 1], ';'))
      streams.push_back(TRY(read_stream(attribute, stream, seen)));
  }
  return simulcast;
}

Result<void, Complaint> check_imageattr(const Attribute& attribute) {
  const std::string_view value = attribute.value;
  const std::size_t blank = std::min(value.find(' '), value.size());
  const std::string_view format = value.substr(0, blank);
  if (format != "*" && !parse_payload_type(format))
    return wrong_at(attribute, attribute.value_column, "a payload type or * is expected",
                    kImageRule);
  std::array<bool, 2> seen{};
  for (std::size_t at = blank + 1;;) {
    const std::string_view rest = value.substr(std::min(at, value.size()));
    const std::optional<RidDirection> direction = as_rid_direction(rest.substr(0, 4));
    const std::size_t column = attribute.value_column + at;
    if (!direction || rest.size() < 6 || rest[4] != ' ')
      return wrong_at(attribute, column, "send or recv and what it allows is expected", kImageRule);
    if (std::exchange(seen[static_cast<std::size_t>(*direction)], true))
      return wrong_at(
          attribute, column, "the same direction stands twice",
          *direction == RidDirection::kSend ? "6236:3.1.1#2"_rule : "6236:3.1.1#3"_rule);
    const std::string_view sets = rest.substr(5);
    const std::size_t end = sets[0] == '*' ? 1 : end_of_sets(sets);
    if (end == 0 || end == std::string_view::npos || (end < sets.size() && sets[end] != ' '))
      return wrong_at(attribute, column + 5, "* or sets in brackets are expected", kImageRule);
    if (end >= sets.size()) return {};
    at += 5 + end + 1;
  }
}

Result<Msid, Complaint> parse_msid(const Attribute& attribute) {
  const std::vector<Token> tokens = split_tokens(attribute.value, attribute.value_column);
  const auto is_id = [](const Token& token) {
    return is_token(token.text) && token.text.size() <= 64;
  };
  if (tokens.empty() || tokens.size() > 2 || !std::ranges::all_of(tokens, is_id))
    return wrong_at(attribute, attribute.value_column,
                    "a stream and perhaps a track are expected, of at most 64 characters",
                    "8830:3#1"_rule);
  return Msid{.stream = tokens[0].text,
              .track = tokens.size() == 2 ? tokens[1].text : std::string_view()};
}

}  // namespace glass::sdp
