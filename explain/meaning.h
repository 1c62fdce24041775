// explain/meaning.h - what the value of a named field stands for.
#pragma once

#include <span>
#include <string>

#include "base/bytes.h"
#include "explain/fields.h"

namespace glass::explain {

// `fields` ends with the field in question; those before it give the context. `whole` is what the
// offsets count in. Empty: nothing is known beyond the value itself.
std::string meaning_of(std::span<const FieldNode> fields, std::string_view parent, Bytes whole);

}  // namespace glass::explain
