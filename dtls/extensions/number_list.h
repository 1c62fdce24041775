// dtls/extensions/number_list.h - extensions that are a list of numbers.
//
// supported_groups (RFC 8422 §5.1.1), signature_algorithms (RFC 5246 §7.4.1.4.1): 16-bit numbers
// behind a 16-bit length. ec_point_formats (RFC 8422 §5.1.2): bytes behind a length of one byte.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

using NumberList = std::vector<std::uint16_t>;

inline bool contains(const NumberList& list, std::uint16_t number) {
  return std::ranges::find(list, number) != list.end();
}

// `count_width`: bytes of the length field; `width`: bytes of a number. Reads to the end of `in`.
Result<NumberList, MessageError> parse_numbers(Reader& in, std::size_t count_width,
                                               std::size_t width, std::string_view name);
void write_numbers(Writer& out, const NumberList& numbers, std::size_t count_width,
                   std::size_t width);

inline constexpr std::uint16_t kUncompressedPoints = 0;  // RFC 8422 §5.1.2

inline Result<NumberList, MessageError> parse_supported_groups(Reader& in) {
  return parse_numbers(in, 2, 2, "named_group");
}
inline Result<NumberList, MessageError> parse_signature_algorithms(Reader& in) {
  return parse_numbers(in, 2, 2, "signature_algorithm");
}
inline Result<NumberList, MessageError> parse_point_formats(Reader& in) {
  return parse_numbers(in, 1, 1, "point_format");
}

}  // namespace glass::dtls
