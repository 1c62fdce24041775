// explain/notes.h - the notes of rfc-notes/ as captions: what the rule that fired asks for.
//
// Whoever has the files (a program embeds them) gives their text; nothing here opens a file.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/rule.h"

namespace glass::explain {

struct Note {
  std::string level;  // MUST, SHOULD, MAY, INFO
  std::string title;
  std::string text;  // the sentences below the heading
};

class Notes {
 public:
  // The text of one file: "# RFC 9260: ..." and headings "#### 6.7#3 SHOULD - A title".
  void add(std::string_view markdown);
  // Null: there is none.
  [[nodiscard]] const Note* find(const Rule& rule) const;
  // The title, or an empty text.
  [[nodiscard]] std::string_view title(const Rule& rule) const;
  [[nodiscard]] std::size_t size() const { return notes_.size(); }

 private:
  std::map<std::string, Note, std::less<>> notes_;  // by the text of the rule
};

}  // namespace glass::explain
