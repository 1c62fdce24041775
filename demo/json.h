// demo/json.h - reading JSON from strangers: an object or nothing, a field of the right type or
// none.
//
// For .cc files only: nlohmann/json is slow to compile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace glass::demo {

using Json = nlohmann::json;

// nullopt: not JSON, or JSON but no object.
inline std::optional<Json> parse_object(std::string_view text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

// nullopt: no such field, not a text, or longer than `max` bytes.
inline std::optional<std::string> text_of(const Json& json, std::string_view key, std::size_t max) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return std::nullopt;
  const auto& text = found->get_ref<const std::string&>();
  if (text.size() > max) return std::nullopt;
  return text;
}

// nullopt: no such field, no whole number, negative, or above `max`.
inline std::optional<std::uint64_t> number_of(const Json& json, std::string_view key,
                                              std::uint64_t max) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number_integer()) return std::nullopt;
  if (!found->is_number_unsigned() && found->get<std::int64_t>() < 0) return std::nullopt;
  const auto value = found->get<std::uint64_t>();
  if (value > max) return std::nullopt;
  return value;
}

// One line. Bytes that are no UTF-8 are replaced, not thrown at anybody.
inline std::string write_json(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace glass::demo
