#include "sdp/description.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sdp/line.h"

namespace glass::sdp {

std::optional<Attribute> as_attribute(const Line& line) {
  if (line.type != 'a') return std::nullopt;
  const std::string_view text = line.value;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos)
    return Attribute{.line = &line, .name = text, .value_column = kValueColumn + text.size()};
  return Attribute{.line = &line,
                   .name = text.substr(0, colon),
                   .value = text.substr(colon + 1),
                   .value_column = kValueColumn + colon + 1};
}

std::vector<Attribute> find_all(std::span<const Line> lines, std::string_view name) {
  std::vector<Attribute> found;
  for (const Line& line : lines) {
    const std::optional<Attribute> attribute = as_attribute(line);
    if (attribute && attribute->name == name) found.push_back(*attribute);
  }
  return found;
}

std::optional<Attribute> find(std::span<const Line> lines, std::string_view name) {
  for (const Line& line : lines) {
    const std::optional<Attribute> attribute = as_attribute(line);
    if (attribute && attribute->name == name) return attribute;
  }
  return std::nullopt;
}

bool has(std::span<const Line> lines, std::string_view name) {
  return find(lines, name).has_value();
}

std::optional<Attribute> find(const Description& description, const Media& media,
                              std::string_view name) {
  const std::optional<Attribute> own = find(media.lines, name);
  return own ? own : find(description.session, name);
}

std::vector<Attribute> find_all(const Description& description, const Media& media,
                                std::string_view name) {
  std::vector<Attribute> own = find_all(media.lines, name);
  return own.empty() ? find_all(description.session, name) : own;
}

std::string_view mid(const Media& media) {
  const std::optional<Attribute> found = find(media.lines, "mid");
  return found ? found->value : std::string_view();
}

const Media* find_mid(const Description& description, std::string_view wanted) {
  const auto found = std::ranges::find_if(
      description.media, [wanted](const Media& media) { return mid(media) == wanted; });
  return found == description.media.end() ? nullptr : &*found;
}

}  // namespace glass::sdp
