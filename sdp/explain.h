// sdp/explain.h - each line of a description, said in plain words, with the place in the RFCs.
//
// One sentence per type letter and per attribute name; candidate, setup and m= lines also say what
// their own values mean. Changes nothing and judges nothing.  Tested by: explain_test.cc
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sdp/description.h"

namespace glass::sdp {

struct LineNote {
  std::size_t line = 0;        // from 1
  std::string text{};          // the line as it stands, without its ending
  std::string kind{};          // "origin", "media", "attribute candidate"
  std::string meaning{};       // a sentence
  std::string detail{};        // what this line's value says; may be empty
  std::string_view section{};  // "RFC 8839 §5.1"; empty: no RFC has it
};

// A note for every line, in order; lines that nobody knows say so.
[[nodiscard]] std::vector<LineNote> explain(const Description& description);

// Is there a sentence for attributes with this name?
[[nodiscard]] bool is_explained(std::string_view attribute_name);

}  // namespace glass::sdp
