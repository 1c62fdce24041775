#include "dtls/extensions/number_list.h"

#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

Result<NumberList, MessageError> parse_numbers(Reader& in, std::size_t count_width,
                                               std::size_t width, std::string_view name) {
  const std::size_t size = count_width == 1 ? in.u8("list length") : in.u16("list length");
  if (!in.ok() || size != in.left() || size % width != 0 || size == 0)
    return std::unexpected(MessageError::kLength);
  NumberList numbers;
  numbers.reserve(size / width);
  while (in.left() > 0) numbers.push_back(width == 1 ? in.u8(name) : in.u16(name));
  return numbers;
}

void write_numbers(Writer& out, const NumberList& numbers, std::size_t count_width,
                   std::size_t width) {
  const auto block = out.block(count_width);
  for (const std::uint16_t number : numbers) {
    if (width == 1)
      out.u8(static_cast<std::uint8_t>(number));
    else
      out.u16(number);
  }
}

}  // namespace glass::dtls
