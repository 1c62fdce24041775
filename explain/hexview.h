// explain/hexview.h - bytes as people read them.
#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.h"
#include "explain/fields.h"

namespace glass::explain {

// Sixteen a row: offset, hex, ASCII.
std::string hexdump(Bytes bytes);

// One line a field: offset, bytes, name, value, meaning; what has parts is a heading over them.
// Long fields are cut after `max_rows` rows of eight bytes.
std::string hexview(Bytes bytes, const Annotated& annotated, std::size_t max_rows = 4);

}  // namespace glass::explain
