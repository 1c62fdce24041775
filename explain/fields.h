// explain/fields.h - bytes with a name on each of them.
//
// The parsers of the layers read the bytes once more while a FieldTap watches; nothing here knows a
// wire format. What a value means is looked up in meaning.h.
// Tested by: fields_test.cc
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "explain/format.h"

namespace glass::explain {

// A tree as a list: a field is followed by its parts, which are one deeper.
struct FieldNode {
  std::string name;
  std::size_t offset = 0;
  std::size_t size = 0;
  std::size_t depth = 0;
  bool has_parts = false;
  Format format = Format::kUnknown;  // of the structure it belongs to
  std::string value;                 // of a field without parts: number, text or hex
  std::string meaning;               // where something is known about the value
};

struct Annotated {
  Format format = Format::kUnknown;
  std::vector<FieldNode> fields;
  std::string problem;  // what the parser complained about; empty: nothing
};

inline constexpr std::string_view kUnnamed = "(not understood)";

// Every byte is part of some field: those that no parser names are called kUnnamed.
Annotated annotate(Bytes bytes, std::optional<Format> as = std::nullopt);

// "17", "0x2112a442", "\"chat\"", or hex digits, cut where it gets long.
std::string value_text(Bytes bytes);

}  // namespace glass::explain
