#include "demo/embedded.h"

#include <algorithm>

namespace glass::demo {

const EmbeddedFile* find_embedded(std::string_view name) {
  const auto files = embedded_files();
  const auto found = std::ranges::find(files, name, &EmbeddedFile::name);
  return found == files.end() ? nullptr : &*found;
}

explain::Notes embedded_notes() {
  explain::Notes notes;
  for (const EmbeddedFile& file : embedded_files())
    if (file.name.starts_with("rfc-notes/")) notes.add(as_text(file.bytes));
  return notes;
}

}  // namespace glass::demo
