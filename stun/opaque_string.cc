#include "stun/opaque_string.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glass::stun {
namespace {

constexpr std::size_t kCharactersMax = 127;  // RFC 8489 §14.9, §14.10, §14.14

struct Range {
  char32_t first;
  char32_t last;
};

// Visible characters that no normalisation form C touches unless a combining mark follows, and
// combining marks are not in the list. Gaps hold what decomposes, combines, or cannot be seen.
constexpr std::array<Range, 32> kStable{
    {
     {0x0021, 0x007E}, {0x00A1, 0x00AC}, {0x00AE, 0x02FF}, {0x0370, 0x0373}, {0x0375, 0x037D},
     {0x037F, 0x0386}, {0x0388, 0x0482}, {0x048A, 0x052F}, {0x0531, 0x058A}, {0x05D0, 0x05EA},
     {0x0620, 0x064A}, {0x0660, 0x066F}, {0x0671, 0x06D3}, {0x0904, 0x0939}, {0x0966, 0x0970},
     {0x0E01, 0x0E30}, {0x10A0, 0x10FF}, {0x1E00, 0x1EFF}, {0x2010, 0x2027}, {0x2030, 0x205E},
     {0x2070, 0x208E}, {0x20A0, 0x20C0}, {0x2100, 0x2125}, {0x2140, 0x218B}, {0x2190, 0x2328},
     {0x232B, 0x23FF}, {0x2500, 0x2ADB}, {0x3001, 0x3029}, {0x3041, 0x3096}, {0x30A1, 0x312F},
     {0x4E00, 0xA48C}, {0xAC00, 0xD7A3},
     }
};
constexpr std::array<Range, 2> kStableBeyond{
    {{0xFF01, 0xFF9D}, {0x1F300, 0x1FAFF}}
};

bool is_stable(char32_t c) {
  const auto holds = [c](const Range& range) { return c >= range.first && c <= range.last; };
  return std::ranges::any_of(kStable, holds) || std::ranges::any_of(kStableBeyond, holds);
}

// RFC 8265 §4.2.1: blanks other than U+0020 (Unicode's category Zs).
bool is_blank(char32_t c) {
  return c == 0x0020 || c == 0x00A0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

// What the FreeformClass of RFC 8264 §4.3 leaves out because nobody can see it.
bool is_hidden(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x00AD || c == 0x034F || c == 0x061C ||
         (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF ||
         (c >= 0xFFF0 && c <= 0xFFFF) || (c >= 0xE0000 && c <= 0xE0FFF);
}

// Takes one character off the front; nullopt: not UTF-8 (RFC 3629 §4: no longer forms than needed,
// no surrogates, nothing above U+10FFFF).
std::optional<char32_t> next_character(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || text.size() < size) return std::nullopt;
  constexpr std::array<char32_t, 4> kLeadMask{0x7F, 0x1F, 0x0F, 0x07};
  constexpr std::array<char32_t, 4> kLeast{0, 0x80, 0x800, 0x10000};
  char32_t c = lead & kLeadMask[size - 1];
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return std::nullopt;
    c = c << 6 | (byte(i) & 0x3FU);
  }
  if (c < kLeast[size - 1] || (c >= 0xD800 && c <= 0xDFFF) || c > 0x10FFFF) return std::nullopt;
  text.remove_prefix(size);
  return c;
}

}  // namespace

std::string_view to_text(OpaqueStringError error) {
  switch (error) {
    case OpaqueStringError::kEmpty: return "empty";
    case OpaqueStringError::kNotUtf8: return "not UTF-8";
    case OpaqueStringError::kControl: return "holds a character that cannot be seen";
    case OpaqueStringError::kUnsupported: return "holds a character whose normal form is not known";
  }
  return "malformed";
}

Result<std::string, OpaqueStringError> opaque_string(std::string_view text) {
  if (text.empty()) return std::unexpected(OpaqueStringError::kEmpty);
  std::string out;
  while (!text.empty()) {
    const std::string_view before = text;
    const auto c = next_character(text);
    if (!c) return std::unexpected(OpaqueStringError::kNotUtf8);
    if (is_hidden(*c)) return std::unexpected(OpaqueStringError::kControl);
    if (is_blank(*c)) {
      out += ' ';
      continue;
    }
    if (!is_stable(*c)) return std::unexpected(OpaqueStringError::kUnsupported);
    out.append(before.substr(0, before.size() - text.size()));
  }
  return out;
}

std::string_view fitting(std::string_view text) {
  std::string_view left = text;
  for (std::size_t count = 0; count < kCharactersMax && !left.empty(); ++count)
    if (!next_character(left)) break;
  return text.substr(0, text.size() - left.size());
}

}  // namespace glass::stun
