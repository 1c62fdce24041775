#include "explain/json.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"

namespace glass::explain {
namespace {

// How many bytes the UTF-8 sequence at the front has; 0: it is none (RFC 3629 §4).
std::size_t utf8_length(Bytes rest) {
  const std::uint8_t first = rest[0];
  std::size_t length = 0;
  if (first < 0x80) length = 1;
  if (first >= 0xc2 && first < 0xe0) length = 2;
  if (first >= 0xe0 && first < 0xf0) length = 3;
  if (first >= 0xf0 && first < 0xf5) length = 4;
  if (length > rest.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((rest[i] & 0xc0) != 0x80) return 0;
  if (first == 0xe0 && rest[1] < 0xa0) return 0;  // could be shorter
  if (first == 0xed && rest[1] > 0x9f) return 0;  // half of a UTF-16 pair
  if (first == 0xf0 && rest[1] < 0x90) return 0;
  if (first == 0xf4 && rest[1] > 0x8f) return 0;  // above U+10FFFF
  return length;
}

void append_ascii(std::string& out, char c) {
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (c == '\n') {
    out += "\\n";
  } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
    out += "\\u00";
    out += hex_number(static_cast<unsigned char>(c), 2).substr(2);
  } else {
    out += c;
  }
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(as_bytes(text));
    if (length == 1) {
      append_ascii(out, text[0]);
    } else if (length == 0) {
      out += "\\ufffd";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out + '"';
}

JsonObject& JsonObject::raw(std::string_view key, std::string_view json) {
  if (out_.size() > 1) out_ += ',';
  out_ += json_string(key);
  out_ += ':';
  out_ += json;
  return *this;
}

JsonObject& JsonObject::text(std::string_view key, std::string_view value) {
  return raw(key, json_string(value));
}

JsonObject& JsonObject::number(std::string_view key, std::uint64_t value) {
  return raw(key, decimal(value));
}

JsonObject& JsonObject::signed_number(std::string_view key, std::int64_t value) {
  return raw(key, std::to_string(value));
}

std::string JsonObject::take() {
  out_ += '}';
  return std::exchange(out_, "{");
}

}  // namespace glass::explain
