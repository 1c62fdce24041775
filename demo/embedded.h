// demo/embedded.h - the page and the RFC notes, as bytes inside the program.
#pragma once

#include <iterator>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "explain/notes.h"

namespace glass::demo {

struct EmbeddedFile {
  std::string_view name;  // "page/index.html", "rfc-notes/rfc9260.md"
  Bytes bytes;
};

std::span<const EmbeddedFile> embedded_files();
// nullptr: there is none of that name.
const EmbeddedFile* find_embedded(std::string_view name);
// The notes of all RFCs.
explain::Notes embedded_notes();

}  // namespace glass::demo
