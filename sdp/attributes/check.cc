#include "sdp/attributes/check.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/trace.h"
#include "sdp/attributes/dtls.h"
#include "sdp/attributes/ice.h"
#include "sdp/attributes/media.h"
#include "sdp/attributes/rid.h"
#include "sdp/attributes/rtp.h"
#include "sdp/attributes/sctp.h"
#include "sdp/description.h"
#include "sdp/explain.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

using Checked = Result<void, Complaint>;
using Check = Checked (*)(const Attribute&);

// Keeps the complaint, drops the value: the value is read again by who needs it.
template <auto kParse>
Checked only_check(const Attribute& attribute) {
  (void)TRY(kParse(attribute));
  return {};
}

Checked any_value(const Attribute&) { return {}; }

Checked check_mid(const Attribute& attribute) {
  if (is_token(attribute.value)) return {};
  return std::unexpected(
      complain(*attribute.line, attribute.value_column, "a mid is a token", "5888:4#0"_rule));
}

Checked check_group(const Attribute& attribute) {
  const std::vector<Token> tokens = split_tokens(attribute.value, attribute.value_column);
  if (tokens.empty())
    return std::unexpected(complain(*attribute.line, attribute.value_column,
                                    "a group begins with its semantics", "5888:5#0"_rule));
  for (const Token& token : tokens)
    if (!is_token(token.text))
      return std::unexpected(
          complain(*attribute.line, token.column, "a group lists tokens", "5888:5#0"_rule));
  return {};
}

enum class Level : std::uint8_t { kSession, kMedia, kBoth };

struct Known {
  std::string_view name;
  Level level;
  Check check;
  Rule misplaced;  // what a line at the other level offends against
};
constexpr std::array<Known, 42> kKnown{
    {
     {"group", Level::kSession, check_group, "5888:5#0"_rule},
     {"ice-lite", Level::kSession, any_value, "8839:5.3#0"_rule},
     {"msid-semantic", Level::kSession, any_value, {}},
     {"fingerprint", Level::kBoth, only_check<parse_fingerprint>, {}},
     {"setup", Level::kBoth, only_check<parse_setup>, {}},
     {"tls-id", Level::kBoth, check_tls_id, {}},
     {"ice-ufrag", Level::kBoth, check_ufrag, {}},
     {"ice-pwd", Level::kBoth, check_password, {}},
     {"ice-options", Level::kBoth, any_value, {}},
     {"end-of-candidates", Level::kBoth, any_value, {}},
     {"extmap-allow-mixed", Level::kBoth, any_value, {}},
     {"identity", Level::kSession, any_value, {}},
     {"candidate", Level::kMedia, check_candidate, "8839:5.1#0"_rule},
     {"remote-candidates", Level::kMedia, check_remote_candidates, "8839:5.2#0"_rule},
     {"mid", Level::kMedia, check_mid, "5888:4#0"_rule},
     {"sctp-port", Level::kMedia, only_check<parse_sctp_port>, "8841:5.1#0"_rule},
     {"max-message-size", Level::kMedia, only_check<parse_max_message_size>, "8841:6.1#0"_rule},
     {"sctpmap", Level::kMedia, any_value, {}},
     {"rtpmap", Level::kMedia, only_check<parse_rtpmap>, "8866:6.6#0"_rule},
     {"fmtp", Level::kMedia, only_check<parse_fmtp>, "8866:6.15#0"_rule},
     {"ptime", Level::kMedia, only_check<parse_packet_time>, "8866:6.4#0"_rule},
     {"maxptime", Level::kMedia, only_check<parse_packet_time>, "8866:6.5#0"_rule},
     {"rtcp-fb", Level::kMedia, only_check<parse_feedback>, {}},
     {"extmap", Level::kBoth, only_check<parse_extmap>, {}},
     {"ssrc", Level::kMedia, only_check<parse_source>, "5576:4.1#0"_rule},
     {"ssrc-group", Level::kMedia, only_check<parse_source_group>, "5576:4.2#0"_rule},
     {"rid", Level::kMedia, only_check<parse_rid>, {}},
     {"simulcast", Level::kMedia, only_check<parse_simulcast>, {}},
     {"imageattr", Level::kMedia, check_imageattr, {}},
     {"msid", Level::kMedia, any_value, {}},
     {"rtcp", Level::kMedia, only_check<parse_rtcp_port>, "3605:2.1#1"_rule},
     {"rtcp-mux", Level::kMedia, any_value, {}},
     {"rtcp-mux-only", Level::kMedia, any_value, "8858:3#0"_rule},
     {"rtcp-rsize", Level::kMedia, any_value, {}},
     {"crypto", Level::kMedia, any_value, {}},
     {"bundle-only", Level::kMedia, any_value, {}},
     {"sendrecv", Level::kBoth, any_value, {}},
     {"sendonly", Level::kBoth, any_value, {}},
     {"recvonly", Level::kBoth, any_value, {}},
     {"inactive", Level::kBoth, any_value, {}},
     }
};

Checked check_attribute(const Attribute& attribute, Level level, const Trace& trace) {
  const auto* const known = std::ranges::find(kKnown, attribute.name, &Known::name);
  if (known == kKnown.end()) {
    if (is_explained(attribute.name)) return {};
    trace.rule("8866:5#4"_rule);
    trace.rule("8866:5.13#4"_rule, Fact{"attribute", attribute.name},
               Fact{"line", attribute.line->number});
    return {};
  }
  if (known->level != Level::kBoth && known->level != level && known->misplaced.rfc != 0)
    return std::unexpected(complain(
        *attribute.line, kValueColumn,
        std::string(attribute.name) +
            (level == Level::kMedia ? " belongs to the session" : " belongs to a media section"),
        known->misplaced));
  return known->check(attribute);
}

// Attributes that stand once in a section: a second value would leave open which one counts.
constexpr std::array<std::string_view, 10> kSingle{
    "ice-ufrag", "ice-pwd", "setup",     "tls-id",           "ptime",
    "maxptime",  "rtcp",    "sctp-port", "max-message-size", "ice-options"};

class Singles {
 public:
  Checked check(const Attribute& attribute) {
    const auto* const found = std::ranges::find(kSingle, attribute.name);
    if (found == kSingle.end()) return {};
    if (!std::exchange(seen_[static_cast<std::size_t>(found - kSingle.begin())], true)) return {};
    return std::unexpected(complain(*attribute.line, 0,
                                    "a second a=" + std::string(attribute.name) + " line",
                                    "8829:5.8#1"_rule));
  }

 private:
  std::array<bool, kSingle.size()> seen_{};
};

// RFC 8830 §3: what does not conform is passed over, not refused.
void check_msid(const Attribute& attribute, const Trace& trace) {
  if (attribute.name != "msid") return;
  if (const auto msid = parse_msid(attribute); !msid)
    trace.drop(msid.error().rule, msid.error().text, as_bytes(attribute.value));
}

Checked check_section(std::span<const Line> lines, Level level, const Trace& trace) {
  bool has_direction = false;
  bool has_mid = false;
  Singles singles;
  for (const Line& line : lines) {
    const std::optional<Attribute> attribute = as_attribute(line);
    if (!attribute) continue;
    TRY(check_attribute(*attribute, level, trace));
    TRY(singles.check(*attribute));
    check_msid(*attribute, trace);
    if (as_direction(attribute->name)) {
      if (has_direction)
        return std::unexpected(complain(line, 0, "a second direction", "8866:6.7#1"_rule));
      has_direction = true;
    }
    if (attribute->name == "mid") {
      if (has_mid)
        return std::unexpected(
            complain(line, 0, "a second mid for one media section", "5888:4#1"_rule));
      has_mid = true;
    }
  }
  return {};
}

Checked check_mids(const Description& description) {
  std::set<std::string_view> seen;
  for (const Media& media : description.media) {
    const std::optional<Attribute> attribute = find(media.lines, "mid");
    if (!attribute || seen.insert(attribute->value).second) continue;
    return std::unexpected(complain(
        *attribute->line, attribute->value_column,
        "two media sections have the mid \"" + printable(attribute->value) + '"', "5888:4#1"_rule));
  }
  return {};
}

Checked check_groups(const Description& description) {
  std::set<std::string_view> mids;
  for (const Media& media : description.media) mids.insert(mid(media));
  std::set<std::string_view> bundled;
  for (const Group& group : groups(description)) {
    if (group.semantics != "BUNDLE") continue;
    for (const Token& token : group.mids) {
      if (!mids.contains(token.text))
        return std::unexpected(complain(
            *group.line, token.column,
            "no media section has the mid \"" + printable(token.text) + '"', "9143:5#0"_rule));
      if (!bundled.insert(token.text).second)
        return std::unexpected(
            complain(*group.line, token.column,
                     "the section with the mid \"" + printable(token.text) + "\" is bundled twice",
                     "9143:5#1"_rule));
    }
  }
  return {};
}

// RFC 8839 §5.4: one name has one password.
Checked check_credentials(const Description& description) {
  std::map<std::string_view, std::string_view> passwords;
  for (const Media& media : description.media) {
    const std::optional<Attribute> ufrag = find(description, media, "ice-ufrag");
    const std::optional<Attribute> password = find(description, media, "ice-pwd");
    if (!ufrag || !password) continue;
    const auto [known, is_new] = passwords.try_emplace(ufrag->value, password->value);
    if (is_new || known->second == password->value) continue;
    return std::unexpected(complain(*password->line, password->value_column,
                                    "another section has the same ice-ufrag and another ice-pwd",
                                    "8839:5.4#2"_rule));
  }
  return {};
}

}  // namespace

Checked check_attributes(const Description& description, const Trace& trace) {
  TRY(check_section(description.session, Level::kSession, trace));
  for (const Media& media : description.media)
    TRY(check_section(media.lines, Level::kMedia, trace));
  for (const Media& media : description.media)
    if (is_rtp(media)) TRY(check_rtp_section(description, media));
  TRY(check_mids(description));
  TRY(check_groups(description));
  return check_credentials(description);
}

}  // namespace glass::sdp
