// sdp/attributes/media.h - groups, directions and the flags of a media section.
//
// RFC 5888 (mid, group), RFC 9143 (BUNDLE), RFC 8866 §6.7 (directions), RFC 5761 (rtcp-mux),
// RFC 8830 (msid-semantic).  Tested by: attributes_test.cc
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {

// A view of an a=group line.
struct Group {
  std::string_view semantics;  // "BUNDLE"
  std::vector<Token> mids;
  const Line* line = nullptr;
};
[[nodiscard]] std::vector<Group> groups(const Description& description);
// The BUNDLE group that lists this mid; nullopt: the section stands alone.
[[nodiscard]] std::optional<Group> bundle_of(const Description& description, std::string_view mid);
// The section has port 0 only because it shares the transport of another one.
[[nodiscard]] bool is_bundle_only(const Description& description, const Media& media);
// Port 0 and nothing that says otherwise.
[[nodiscard]] bool is_rejected(const Description& description, const Media& media);

enum class MediaDirection : std::uint8_t { kSendRecv, kSendOnly, kRecvOnly, kInactive };
[[nodiscard]] std::optional<MediaDirection> as_direction(std::string_view attribute_name);
[[nodiscard]] std::string_view to_text(MediaDirection direction);
[[nodiscard]] bool sends(MediaDirection direction);
[[nodiscard]] bool receives(MediaDirection direction);
[[nodiscard]] MediaDirection direction_of(bool sends, bool receives);
// As the other side sees it.
[[nodiscard]] MediaDirection reversed(MediaDirection direction);
// What both allow.
[[nodiscard]] MediaDirection intersection(MediaDirection a, MediaDirection b);
// The section's, or else the session's, or else sendrecv.
[[nodiscard]] MediaDirection direction(const Description& description, const Media& media);

[[nodiscard]] bool has_rtcp_mux(const Media& media);
// The section or the session allows one- and two-byte header extensions in one stream.
[[nodiscard]] bool allows_mixed_extmap(const Description& description, const Media& media);
// The value of a=msid-semantic without the blank that Chromium puts before it; empty: none.
[[nodiscard]] std::string_view msid_semantic(const Description& description);

}  // namespace glass::sdp
