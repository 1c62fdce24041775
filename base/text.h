// base/text.h - numbers, hex and ASCII, without streams or locales.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/rule.h"
#include "base/time.h"

namespace glass {

std::string decimal(std::uint64_t value);
// Lower-case hex digits, two a byte, no separator.
std::string hex(Bytes bytes);
// "0x0a1b", at least `digits` digits.
std::string hex_number(std::uint64_t value, int digits);
// The bytes that hex digits spell; blanks, newlines and colons between bytes are passed over.
// nullopt: an odd number of digits or a character that is none.
std::optional<ByteVector> from_hex(std::string_view text);
// RFC 4648 §4, with padding.
std::string base64(Bytes bytes);
// A whole decimal number and nothing else. nullopt: empty, not digits, or above `max`.
std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max = UINT64_MAX);
// "1.250 ms": three decimals, for people.
std::string milliseconds(Duration duration);
// "9260:6.7#3"; empty for no rule.
std::string to_text(const Rule& rule);
// Every control, non-ASCII or quoting byte as \xNN: what a stranger sent can be printed safely.
std::string printable(std::string_view text);

}  // namespace glass
