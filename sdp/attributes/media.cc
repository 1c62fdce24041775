#include "sdp/attributes/media.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

constexpr std::array<std::pair<std::string_view, MediaDirection>, 4> kDirections{
    {
     {"sendrecv", MediaDirection::kSendRecv},
     {"sendonly", MediaDirection::kSendOnly},
     {"recvonly", MediaDirection::kRecvOnly},
     {"inactive", MediaDirection::kInactive},
     }
};

std::optional<MediaDirection> own_direction(std::span<const Line> lines) {
  for (const Line& line : lines) {
    const std::optional<Attribute> attribute = as_attribute(line);
    if (!attribute) continue;
    if (const auto found = as_direction(attribute->name)) return found;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Group> groups(const Description& description) {
  std::vector<Group> out;
  for (const Attribute& attribute : find_all(description.session, "group")) {
    std::vector<Token> tokens = split_tokens(attribute.value, attribute.value_column);
    if (tokens.empty()) continue;
    const std::string_view semantics = tokens.front().text;
    tokens.erase(tokens.begin());
    out.push_back({.semantics = semantics, .mids = std::move(tokens), .line = attribute.line});
  }
  return out;
}

std::optional<Group> bundle_of(const Description& description, std::string_view mid) {
  if (mid.empty()) return std::nullopt;
  for (Group& group : groups(description)) {
    const bool listed = std::ranges::find(group.mids, mid, &Token::text) != group.mids.end();
    if (group.semantics == "BUNDLE" && listed) return std::move(group);
  }
  return std::nullopt;
}

bool is_bundle_only(const Description& description, const Media& media) {
  return media.port == 0 && has(media.lines, "bundle-only") &&
         bundle_of(description, mid(media)).has_value();
}

bool is_rejected(const Description& description, const Media& media) {
  return media.port == 0 && !is_bundle_only(description, media);
}

std::optional<MediaDirection> as_direction(std::string_view attribute_name) {
  const auto* const found = std::ranges::find(kDirections, attribute_name,
                                              &std::pair<std::string_view, MediaDirection>::first);
  if (found == kDirections.end()) return std::nullopt;
  return found->second;
}

std::string_view to_text(MediaDirection direction) {
  return std::ranges::find(kDirections, direction,
                           &std::pair<std::string_view, MediaDirection>::second)
      ->first;
}

bool sends(MediaDirection direction) {
  return direction == MediaDirection::kSendRecv || direction == MediaDirection::kSendOnly;
}

bool receives(MediaDirection direction) {
  return direction == MediaDirection::kSendRecv || direction == MediaDirection::kRecvOnly;
}

MediaDirection direction_of(bool sends, bool receives) {
  if (sends) return receives ? MediaDirection::kSendRecv : MediaDirection::kSendOnly;
  return receives ? MediaDirection::kRecvOnly : MediaDirection::kInactive;
}

MediaDirection reversed(MediaDirection direction) {
  return direction_of(receives(direction), sends(direction));
}

MediaDirection intersection(MediaDirection a, MediaDirection b) {
  return direction_of(sends(a) && sends(b), receives(a) && receives(b));
}

MediaDirection direction(const Description& description, const Media& media) {
  if (const auto own = own_direction(media.lines)) return *own;
  return own_direction(description.session).value_or(MediaDirection::kSendRecv);
}

bool has_rtcp_mux(const Media& media) { return has(media.lines, "rtcp-mux"); }

bool allows_mixed_extmap(const Description& description, const Media& media) {
  return find(description, media, "extmap-allow-mixed").has_value();
}

std::string_view msid_semantic(const Description& description) {
  const std::optional<Attribute> attribute = find(description.session, "msid-semantic");
  if (!attribute) return {};
  const std::size_t start = attribute->value.find_first_not_of(' ');
  return start == std::string_view::npos ? std::string_view() : attribute->value.substr(start);
}

}  // namespace glass::sdp
