// base/rule.h - a requirement of a standard, as a value.
//
// "9260:6.7#3"_rule is the third sentence with a requirement keyword in section 6.7 of RFC 9260;
// item 0 is the section as a whole. The compiler checks the form of the literal, tests/tidy that
// the requirement exists, has a note in rfc-notes/rfc9260.md and is expected by a test.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace glass {

struct Rule {
  std::uint16_t rfc = 0;     // zero: no rule, for what happens in the network between two peers
  std::string_view section;  // "6.7", "A.1"
  std::uint16_t item = 0;
  friend constexpr auto operator<=>(const Rule&, const Rule&) = default;
};

// Never defined: a literal that reaches one of them does not compile, and its name is the message.
void write_a_rule_as_rfc_colon_section_hash_item();
void a_rule_has_a_number_here();

consteval Rule operator""_rule(const char* text, std::size_t size) {
  const std::string_view id(text, size);
  const std::size_t colon = id.find(':');
  const std::size_t hash = id.find('#');
  if (colon == std::string_view::npos || hash == std::string_view::npos || hash <= colon + 1)
    write_a_rule_as_rfc_colon_section_hash_item();
  const auto number = [](std::string_view digits) {
    unsigned value = 0;
    if (digits.empty() || digits.size() > 4) a_rule_has_a_number_here();
    for (const char c : digits) {
      if (c < '0' || c > '9') a_rule_has_a_number_here();
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return static_cast<std::uint16_t>(value);
  };
  return {number(id.substr(0, colon)), id.substr(colon + 1, hash - colon - 1),
          number(id.substr(hash + 1))};
}

}  // namespace glass
