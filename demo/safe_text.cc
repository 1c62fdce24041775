#include "demo/safe_text.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>

namespace glass::demo {
namespace {

constexpr std::size_t kMaxExtension = 20;

// Takes one character off the front of `text`; nullopt: one byte that begins none.
std::optional<char32_t> take_character(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t size = lead < 0x80             ? 1
                           : (lead & 0xe0) == 0xc0 ? 2
                           : (lead & 0xf0) == 0xe0 ? 3
                           : (lead & 0xf8) == 0xf0 ? 4
                                                   : 0;
  char32_t value = size == 1 ? lead : lead & (0x7fU >> size);
  bool valid = size > 0 && size <= text.size();
  for (std::size_t i = 1; valid && i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    valid = (next & 0xc0) == 0x80;
    value = value << 6 | (next & 0x3f);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  valid =
      valid && value >= kSmallest[size] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
  text.remove_prefix(valid ? size : 1);
  return valid ? std::optional(value) : std::nullopt;
}

// Control characters, and what turns the direction of writing, joins, or cannot be seen.
bool is_hidden(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x61c || c == 0x180e ||
         (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
         (c >= 0xe0000 && c <= 0xe0fff);
}

std::size_t cut_between_characters(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text.size();
  while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xc0) == 0x80) --max;
  return max;
}

bool is_device(std::string_view name) {
  std::string stem(name.substr(0, name.find('.')));
  while (stem.ends_with(' ')) stem.pop_back();
  std::ranges::transform(stem, stem.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  constexpr std::array<std::string_view, 6> kDevices{"CON", "PRN",    "AUX",
                                                     "NUL", "CONIN$", "CONOUT$"};
  if (std::ranges::find(kDevices, stem) != kDevices.end()) return true;
  return stem.size() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")) &&
         stem[3] >= '0' && stem[3] <= '9';
}

// Where the extension begins, its dot included; the size of the name if it has none worth keeping.
std::size_t extension_at(std::string_view name) {
  std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || name.size() - dot > kMaxExtension)
    return name.size();
  if (dot > 4 && name.substr(dot - 4, 4) == ".tar") dot -= 4;
  return dot;
}

}  // namespace

std::string safe_text(std::string_view text, std::size_t max) {
  std::string out;
  while (!text.empty() && out.size() <= max) {
    const std::string_view before = text;
    const auto character = take_character(text);
    if (!character) {
      out += '?';
    } else if (!is_hidden(*character)) {
      out += before.substr(0, before.size() - text.size());
    }
  }
  out.resize(cut_between_characters(out, max));
  return out;
}

std::string safe_file_name(std::string_view name) {
  if (const std::size_t slash = name.find_last_of("/\\"); slash != std::string_view::npos)
    name.remove_prefix(slash + 1);
  std::string out = safe_text(name, 4 * kMaxFileName);
  for (char& c : out)
    if (std::string_view("<>:\"|?*").find(c) != std::string_view::npos) c = '_';
  out.erase(0, std::min(out.find_first_not_of(". "), out.size()));
  while (out.ends_with('.') || out.ends_with(' ')) out.pop_back();

  if (out.size() > kMaxFileName) {
    const std::string extension = out.substr(extension_at(out));
    out.resize(cut_between_characters(out, kMaxFileName - extension.size()));
    while (out.ends_with('.') || out.ends_with(' ')) out.pop_back();
    out += extension;
  }
  if (out.empty()) return "file";
  if (out.starts_with('-') || out.starts_with('~') || is_device(out)) out.insert(0, 1, '_');
  return out;
}

std::string numbered_name(std::string_view name, unsigned number) {
  if (number == 0) return std::string(name);
  const std::size_t dot = extension_at(name);
  return fmt::format("{} ({}){}", name.substr(0, dot), number, name.substr(dot));
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  constexpr std::array<std::string_view, 5> kUnits{"kB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  for (; value >= 999.95 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace glass::demo
