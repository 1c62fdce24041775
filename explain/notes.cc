#include "explain/notes.h"

#include <cstddef>
#include <string>
#include <string_view>

#include "base/rule.h"
#include "base/text.h"

namespace glass::explain {
namespace {

// The text up to `end`, which is passed over; all of it where `end` does not come.
std::string_view cut(std::string_view& text, std::string_view end) {
  const std::size_t at = text.find(end);
  const std::string_view piece = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + end.size());
  return piece;
}

}  // namespace

void Notes::add(std::string_view markdown) {
  std::string rfc;
  Note* open = nullptr;
  while (!markdown.empty()) {
    std::string_view line = cut(markdown, "\n");
    if (line.starts_with("# RFC ")) {
      line.remove_prefix(6);
      rfc = cut(line, ":");
    } else if (line.starts_with("#### ")) {
      line.remove_prefix(5);
      const std::string_view id = cut(line, " ");
      const std::string_view level = cut(line, " - ");
      open = &notes_[rfc + ':' + std::string(id)];
      *open = {std::string(level), std::string(line), {}};
    } else if (line.starts_with('#')) {
      open = nullptr;
    } else if (open != nullptr && !line.empty()) {
      if (!open->text.empty()) open->text += ' ';
      open->text += line;
    }
  }
}

const Note* Notes::find(const Rule& rule) const {
  const auto found = notes_.find(to_text(rule));
  return found == notes_.end() ? nullptr : &found->second;
}

std::string_view Notes::title(const Rule& rule) const {
  const Note* note = find(rule);
  return note == nullptr ? std::string_view{} : std::string_view(note->title);
}

}  // namespace glass::explain
