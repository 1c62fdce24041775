#include "explain/hexview.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/text.h"
#include "explain/fields.h"

namespace glass::explain {
namespace {

constexpr std::size_t kDumpRow = 16;
constexpr std::size_t kFieldRow = 8;

std::string offset_text(std::size_t offset) { return hex_number(offset, 4).substr(2); }

// "00 01 02", filled up with blanks to `width` bytes.
std::string spaced_hex(Bytes bytes, std::size_t width) {
  std::string out;
  for (const std::uint8_t byte : bytes) out += hex_number(byte, 2).substr(2) + ' ';
  out.resize(width * 3, ' ');
  return out;
}

void append_leaf(std::string& out, Bytes bytes, const FieldNode& field, std::size_t max_rows) {
  const std::size_t rows = (field.size + kFieldRow - 1) / kFieldRow;
  for (std::size_t row = 0; row < std::min(rows, max_rows); ++row) {
    const std::size_t at = field.offset + row * kFieldRow;
    const std::size_t count = std::min(kFieldRow, field.offset + field.size - at);
    out += offset_text(at) + "  " + spaced_hex(bytes.subspan(at, count), kFieldRow);
    if (row == 0) {
      out += ' ' + std::string(2 * field.depth, ' ') + field.name + ": " + printable(field.value);
      if (!field.meaning.empty()) out += " - " + field.meaning;
    }
    while (out.ends_with(' ')) out.pop_back();
    out += '\n';
  }
  if (rows > max_rows)
    out += "      ... " + decimal(field.size - max_rows * kFieldRow) + " more bytes\n";
}

}  // namespace

std::string hexdump(Bytes bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += kDumpRow) {
    const Bytes row = bytes.subspan(at, std::min(kDumpRow, bytes.size() - at));
    out += offset_text(at) + "  " + spaced_hex(row, kDumpRow) + ' ';
    for (const std::uint8_t byte : row)
      out += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
    out += '\n';
  }
  return out;
}

std::string hexview(Bytes bytes, const Annotated& annotated, std::size_t max_rows) {
  std::string out;
  for (const FieldNode& field : annotated.fields) {
    if (field.has_parts) {
      out += offset_text(field.offset) + std::string(2 + kFieldRow * 3 + 1 + 2 * field.depth, ' ') +
             '[' + field.name + ", " + decimal(field.size) + " bytes]\n";
    } else {
      append_leaf(out, bytes, field, max_rows);
    }
  }
  if (!annotated.problem.empty()) out += "!     " + annotated.problem + '\n';
  return out;
}

}  // namespace glass::explain
