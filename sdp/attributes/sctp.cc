#include "sdp/attributes/sctp.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/rule.h"
#include "base/text.h"
#include "sdp/attributes/media.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

bool has_leading_zero(std::string_view digits) { return digits.size() > 1 && digits[0] == '0'; }

bool is_old_protocol(const Media& media) { return media.protocol == "DTLS/SCTP"; }

}  // namespace

DataForm data_form(const Media& media) {
  if (media.kind != "application" || media.formats.size() != 1) return DataForm::kNone;
  if (media.protocol == "UDP/DTLS/SCTP" || media.protocol == "TCP/DTLS/SCTP" ||
      is_old_protocol(media)) {
    if (media.formats.front() == kDataFormat) return DataForm::kNew;
    if (is_old_protocol(media) && is_digits(media.formats.front())) return DataForm::kOld;
  }
  return DataForm::kNone;
}

const Media* find_data(const Description& description) {
  const Media* rejected = nullptr;
  for (const Media& media : description.media) {
    if (data_form(media) == DataForm::kNone) continue;
    if (!is_rejected(description, media)) return &media;
    if (rejected == nullptr) rejected = &media;
  }
  return rejected;
}

Result<std::uint16_t, Complaint> parse_sctp_port(const Attribute& attribute) {
  const std::optional<std::uint64_t> port = parse_decimal(attribute.value, UINT16_MAX);
  if (!port || has_leading_zero(attribute.value))
    return std::unexpected(complain(*attribute.line, attribute.value_column,
                                    "an SCTP port is a number from 0 to 65535, without zeroes "
                                    "before it",
                                    "8841:5.2#1"_rule));
  return static_cast<std::uint16_t>(*port);
}

Result<std::uint64_t, Complaint> parse_max_message_size(const Attribute& attribute) {
  if (!is_digits(attribute.value) || has_leading_zero(attribute.value))
    return std::unexpected(complain(*attribute.line, attribute.value_column,
                                    "max-message-size is a number, without zeroes before it",
                                    "8841:6.2#1"_rule));
  // The grammar sets no limit: what does not fit is as good as endless.
  return parse_decimal(attribute.value).value_or(UINT64_MAX);
}

Result<std::uint16_t, Complaint> sctp_port(const Media& media) {
  const std::optional<Attribute> attribute = find(media.lines, "sctp-port");
  if (attribute) return parse_sctp_port(*attribute);
  const Line& line = media.lines.front();
  if (data_form(media) != DataForm::kOld)
    return std::unexpected(
        complain(line, 0, "the data section has no a=sctp-port line", "8841:5.1#1"_rule));
  const std::optional<std::uint64_t> port = parse_decimal(media.formats.front(), UINT16_MAX);
  if (!port)
    return std::unexpected(complain(line, split_tokens(line.value)[3].column,
                                    "the SCTP port is larger than 65535", "8841:5.2#1"_rule));
  return static_cast<std::uint16_t>(*port);
}

Result<std::uint64_t, Complaint> max_message_size(const Media& media) {
  const std::optional<Attribute> attribute = find(media.lines, "max-message-size");
  if (!attribute) return kDefaultMaxMessageSize;
  return parse_max_message_size(*attribute);
}

}  // namespace glass::sdp
