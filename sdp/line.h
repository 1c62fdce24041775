// sdp/line.h - lines and tokens, and where in the text they stand.
//
// The lowest layer of a description: type letter, value, line ending. It knows which bytes a line
// may hold and how long it may be, and nothing of what lines mean or in which order they come.
// RFC 8866 §5 (lines), §9 (grammar).  Tested by: line_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/rule.h"
#include "base/trace.h"

namespace glass::sdp {

// The largest descriptions of today's browsers have 35 KB and 1,000 lines.
constexpr std::size_t kMaxDescriptionSize = 256UL * 1024;
constexpr std::size_t kMaxLines = 8192;
constexpr std::size_t kMaxLineLength = 16UL * 1024;

// Why a description cannot be used: the place, a sentence for people, and what it offends against.
struct Complaint {
  std::size_t line = 0;    // from 1; 0: the description as a whole
  std::size_t column = 0;  // from 1, in bytes; 0: the line as a whole
  std::string text{};
  Rule rule{};  // none where one of our own limits is the reason
};
// "line 7, column 3: the port is larger than 65535"
std::string to_text(const Complaint& complaint);

enum class Ending : std::uint8_t { kCrLf, kLf, kNone };

// The value begins behind "x=".
constexpr std::size_t kValueColumn = 3;

struct Line {
  std::size_t number = 0;  // from 1
  char type = 0;           // 0: an empty line, which only the end of a description may have
  std::string value{};
  Ending ending = Ending::kCrLf;
};
// A complaint about a line; `column` 0 means all of it.
[[nodiscard]] Complaint complain(const Line& line, std::size_t column, std::string text, Rule rule);

// Cuts a text into lines. A last line without an ending is accepted, and so are bare LFs.
[[nodiscard]] Result<std::vector<Line>, Complaint> split_lines(std::string_view text,
                                                               const Trace& trace);

// A word of a line and the column at which it begins.
struct Token {
  std::string_view text;
  std::size_t column = 0;
};
// The words of `value`, whose first byte stands at `column`. Runs of spaces separate like one.
[[nodiscard]] std::vector<Token> split_tokens(std::string_view value,
                                              std::size_t column = kValueColumn);

// RFC 8866 §9: what a `token` may consist of; false for the empty text.
[[nodiscard]] bool is_token(std::string_view text);
[[nodiscard]] bool is_digits(std::string_view text);
// Well-formed UTF-8, without surrogates and overlong forms.
[[nodiscard]] bool is_utf8(std::string_view text);
// Equal, upper and lower case of ASCII letters being the same.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace glass::sdp
