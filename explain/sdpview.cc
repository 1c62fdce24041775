#include "explain/sdpview.h"

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sdp/explain.h"
#include "sdp/line.h"
#include "sdp/parse.h"

namespace glass::explain {
namespace {

constexpr std::size_t kNumberWidth = 4;
constexpr std::size_t kWidth = 96;
constexpr std::string_view kIndent = "        ";

// Control characters would speak to the terminal, not to the reader.
std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '.';
  return text;
}

// Appends `words` broken at spaces, each row indented.
void append_wrapped(std::string& out, std::string_view words) {
  while (!words.empty()) {
    std::size_t take = words.size();
    if (take > kWidth - kIndent.size()) {
      take = words.rfind(' ', kWidth - kIndent.size());
      if (take == std::string_view::npos || take == 0) take = words.size();
    }
    out.append(kIndent).append(words.substr(0, take)).append("\n");
    words.remove_prefix(take);
    if (words.starts_with(' ')) words.remove_prefix(1);
  }
}

}  // namespace

Result<std::string, sdp::Complaint> sdpview(std::string_view text) {
  const auto description = sdp::parse(text);
  if (!description) return std::unexpected(description.error());
  std::string out;
  for (const sdp::LineNote& note : sdp::explain(*description)) {
    const std::string number = std::to_string(note.line);
    if (number.size() < kNumberWidth) out.append(kNumberWidth - number.size(), ' ');
    out.append(number).append("  ").append(printable(note.text)).append("\n");
    std::string meaning = note.meaning;
    if (!note.detail.empty()) meaning.append(" ").append(note.detail);
    if (!note.section.empty()) meaning.append(" (").append(note.section).append(")");
    append_wrapped(out, printable(meaning));
  }
  return out;
}

}  // namespace glass::explain
