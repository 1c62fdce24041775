#include "sdp/attributes/ice.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/rule.h"
#include "base/text.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

bool is_ice_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

Result<void, Complaint> check_credential(const Attribute& attribute, std::size_t min) {
  const std::string_view value = attribute.value;
  const auto bad = std::ranges::find_if_not(value, is_ice_char);
  if (bad != value.end()) {
    const auto at = static_cast<std::size_t>(bad - value.begin());
    return std::unexpected(complain(*attribute.line, attribute.value_column + at,
                                    "ICE credentials have letters, digits, + and / only",
                                    "8839:5.4#0"_rule));
  }
  if (value.size() < min || value.size() > kMaxCredential)
    return std::unexpected(complain(*attribute.line, attribute.value_column,
                                    std::string(attribute.name) + " has " + decimal(value.size()) +
                                        " characters, not " + decimal(min) + " to " +
                                        decimal(kMaxCredential),
                                    "8829:5.8.3#3"_rule));
  return {};
}

// How good a default a candidate is; 0: none. The fields: foundation, component, transport,
// priority, address, port, "typ", type.
int default_rank(std::span<const Token> fields) {
  if (fields.size() < 8 || fields[1].text != "1" || !equal_ignoring_case(fields[2].text, "udp"))
    return 0;
  if (fields[4].text.ends_with(".local")) return 0;  // a name that hides the address
  static constexpr std::array<std::string_view, 3> kTypes{"host", "srflx", "relay"};
  const auto* const type = std::ranges::find(kTypes, fields[7].text);
  return type == kTypes.end() ? 0 : static_cast<int>(type - kTypes.begin()) + 1;
}

}  // namespace

bool is_credential(std::string_view text, std::size_t min, std::size_t max) {
  return text.size() >= min && text.size() <= max && std::ranges::all_of(text, is_ice_char);
}

Result<void, Complaint> check_ufrag(const Attribute& attribute) {
  return check_credential(attribute, kMinUfrag);
}

Result<void, Complaint> check_password(const Attribute& attribute) {
  return check_credential(attribute, kMinPassword);
}

Result<void, Complaint> check_candidate(const Attribute& attribute) {
  static constexpr std::size_t kMaxFoundation = 32;
  static constexpr std::uint64_t kMaxComponent = 256;
  const std::vector<Token> fields = split_tokens(attribute.value, attribute.value_column);
  const auto wrong = [&](std::size_t index, std::string_view what) {
    const std::size_t column = index < fields.size()
                                   ? fields[index].column
                                   : attribute.value_column + attribute.value.size();
    return std::unexpected(complain(*attribute.line, column,
                                    std::string(what) + " of a candidate is expected",
                                    "8829:5.8.2#7"_rule));
  };
  const auto number = [&fields](std::size_t index, std::uint64_t max) {
    return is_digits(fields[index].text) && parse_decimal(fields[index].text, max).has_value();
  };
  if (fields.size() < 8) return wrong(fields.size(), "another field");
  if (!is_credential(fields[0].text, 1, kMaxFoundation)) return wrong(0, "the foundation");
  if (!number(1, kMaxComponent)) return wrong(1, "the component");
  if (!is_token(fields[2].text)) return wrong(2, "the transport");
  if (!number(3, UINT32_MAX)) return wrong(3, "the priority");
  if (!number(5, UINT16_MAX)) return wrong(5, "the port");
  if (fields[6].text != "typ") return wrong(6, "\"typ\"");
  if (!is_token(fields[7].text)) return wrong(7, "the type");
  return {};
}

Result<void, Complaint> check_remote_candidates(const Attribute& attribute) {
  const std::vector<Token> fields = split_tokens(attribute.value, attribute.value_column);
  const auto is_wrong = [&fields](std::size_t i) {
    return i % 3 != 1 && !(is_digits(fields[i].text) && parse_decimal(fields[i].text, UINT16_MAX));
  };
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (is_wrong(i))
      return std::unexpected(complain(*attribute.line, fields[i].column,
                                      i % 3 == 0 ? "a component is a number" : "a port is a number",
                                      "8829:5.8.2#8"_rule));
  if (!fields.empty() && fields.size() % 3 == 0) return {};
  return std::unexpected(complain(*attribute.line, attribute.value_column,
                                  "components, addresses and ports come in threes",
                                  "8829:5.8.2#8"_rule));
}

std::vector<std::string> ice_options(const Description& description, const Media& media) {
  std::vector<std::string> options;
  for (const Attribute& attribute : find_all(description, media, "ice-options"))
    for (const Token& token : split_tokens(attribute.value)) options.emplace_back(token.text);
  return options;
}

bool is_ice_lite(const Description& description) { return has(description.session, "ice-lite"); }

std::vector<std::string> candidates(const Media& media) {
  std::vector<std::string> out;
  for (const Attribute& attribute : find_all(media.lines, "candidate"))
    out.push_back(attribute.line->value);
  return out;
}

bool end_of_candidates(const Description& description, const Media& media) {
  return find(description, media, "end-of-candidates").has_value();
}

DefaultDestination default_destination(std::span<const std::string> candidates) {
  DefaultDestination best;
  int best_rank = 0;
  for (const std::string& candidate : candidates) {
    const std::string_view value = std::string_view(candidate).substr(candidate.find(':') + 1);
    const std::vector<Token> fields = split_tokens(value);
    const int rank = default_rank(fields);
    if (rank <= best_rank) continue;
    best_rank = rank;
    const bool is_ipv6 = fields[4].text.find(':') != std::string_view::npos;
    best = {.address_type = is_ipv6 ? "IP6" : "IP4",
            .address = std::string(fields[4].text),
            .port = std::string(fields[5].text)};
  }
  return best;
}

}  // namespace glass::sdp
