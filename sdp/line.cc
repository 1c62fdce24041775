#include "sdp/line.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/trace.h"

namespace glass::sdp {
namespace {

constexpr char kNul = '\0';

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// One line of the text, without its ending.
struct RawLine {
  std::string_view text;
  Ending ending = Ending::kNone;
};

// Takes the first line off `rest`, which must not be empty.
RawLine take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return {.text = std::exchange(rest, {})};
  RawLine line{.text = rest.substr(0, end), .ending = Ending::kLf};
  rest.remove_prefix(end + 1);
  if (line.text.ends_with('\r')) {
    line.text.remove_suffix(1);
    line.ending = Ending::kCrLf;
  }
  return line;
}

// What is wrong with a line that stands alone.
Result<void, Complaint> check_line(std::size_t number, std::string_view text) {
  const auto complaint = [number](std::size_t column, std::string words, Rule rule) {
    return std::unexpected(
        Complaint{.line = number, .column = column, .text = std::move(words), .rule = rule});
  };
  if (text.size() > kMaxLineLength)
    return complaint(0, "the line is longer than " + decimal(kMaxLineLength) + " bytes", {});
  if (const std::size_t at = text.find_first_of(std::string_view("\0\r", 2));
      at != std::string_view::npos) {
    const bool nul = text[at] == kNul;
    return complaint(at + 1, nul ? "a NUL byte is not allowed" : "a CR stands inside a line",
                     "8866:5.13#2"_rule);
  }
  if (text.size() < 2 || text[1] != '=')
    return complaint(std::min<std::size_t>(text.size() + 1, 2),
                     "a line begins with one letter and an equals sign", "8866:5#2"_rule);
  if (std::string_view("vosiuepcbtrzkam").find(text[0]) == std::string_view::npos)
    return complaint(1, "no line has the type letter '" + printable(text.substr(0, 1)) + "'",
                     "8866:5#3"_rule);
  if (text.size() == 2 && text[0] != 's')
    return complaint(kValueColumn, "the line has no value", "8866:5#2"_rule);
  return {};
}

// How many bytes a UTF-8 sequence with this first byte has; 0: none begins like that.
std::size_t utf8_length(std::uint8_t first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 0;
}

// The second byte's range is narrower after some first bytes: no overlong forms, no surrogates.
bool is_utf8_second(std::uint8_t first, std::uint8_t second) {
  const std::uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const std::uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  return second >= low && second <= high;
}

}  // namespace

std::string to_text(const Complaint& complaint) {
  std::string out;
  if (complaint.line != 0) {
    out += "line " + decimal(complaint.line);
    if (complaint.column != 0) out += ", column " + decimal(complaint.column);
    out += ": ";
  }
  return out + complaint.text;
}

Complaint complain(const Line& line, std::size_t column, std::string text, Rule rule) {
  return {.line = line.number, .column = column, .text = std::move(text), .rule = rule};
}

Result<std::vector<Line>, Complaint> split_lines(std::string_view text, const Trace& trace) {
  if (text.size() > kMaxDescriptionSize)
    return std::unexpected(Complaint{.text = "the description is larger than " +
                                             decimal(kMaxDescriptionSize) + " bytes"});
  std::vector<Line> lines;
  bool bare_lf = false;
  std::size_t empty_line = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const RawLine raw = take_line(rest);
    const std::size_t number = lines.size() + 1;
    if (number > kMaxLines)
      return std::unexpected(
          Complaint{.line = number, .text = "more than " + decimal(kMaxLines) + " lines"});
    if (raw.ending == Ending::kLf) bare_lf = true;
    if (raw.text.empty()) {
      if (empty_line == 0) empty_line = number;
      lines.push_back({.number = number, .ending = raw.ending});
      continue;
    }
    if (empty_line != 0)
      return std::unexpected(Complaint{.line = empty_line,
                                       .text = "an empty line stands inside the description",
                                       .rule = "8866:5#2"_rule});
    TRY(check_line(number, raw.text));
    lines.push_back({.number = number,
                     .type = raw.text[0],
                     .value = std::string(raw.text.substr(2)),
                     .ending = raw.ending});
  }
  if (bare_lf) trace.rule("8866:5#5"_rule);
  return lines;
}

std::vector<Token> split_tokens(std::string_view value, std::size_t column) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  while (at < value.size()) {
    if (value[at] == ' ') {
      ++at;
      continue;
    }
    const std::size_t end = std::min(value.find(' ', at), value.size());
    tokens.push_back({.text = value.substr(at, end - at), .column = column + at});
    at = end;
  }
  return tokens;
}

bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`{|}~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_digit(c) || is_letter(c) || kMarks.find(c) != std::string_view::npos;
  });
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

bool is_utf8(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(byte(at));
    if (length == 0 || length > text.size() - at) return false;
    if (length > 1 && !is_utf8_second(byte(at), byte(at + 1))) return false;
    for (std::size_t i = 2; i < length; ++i)
      if ((byte(at + i) & 0xc0) != 0x80) return false;
    at += length;
  }
  return true;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace glass::sdp
