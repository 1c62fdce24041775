// explain/json.h - as much JSON as writing a trace takes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace glass::explain {

// With its quotes. Bytes that are not UTF-8 become U+FFFD, one for each byte: the result is valid
// JSON whatever a stranger sent.
std::string json_string(std::string_view text);

// One object on one line, keys in the order of adding.
class JsonObject {
 public:
  JsonObject& text(std::string_view key, std::string_view value);
  JsonObject& number(std::string_view key, std::uint64_t value);
  JsonObject& signed_number(std::string_view key, std::int64_t value);
  // `json` is a value that is JSON already.
  JsonObject& raw(std::string_view key, std::string_view json);
  [[nodiscard]] std::string take();

 private:
  std::string out_ = "{";
};

}  // namespace glass::explain
