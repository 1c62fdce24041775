// explain/format.h - which protocol some bytes are, told from the bytes alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace glass::explain {

enum class Format : std::uint8_t { kStun, kChannelData, kDtls, kSctp, kDcep, kSdp, kRtp, kUnknown };

// "stun", "channel-data", "dtls", ...: what --as takes.
std::string_view to_text(Format format);
std::optional<Format> parse_format(std::string_view text);

// RFC 7983 §7 by the first byte; before that, what can be told for certain: a text that begins like
// a session description, and SCTP by its checksum (on the wire it never stands outside of DTLS).
Format guess_format(Bytes bytes);

}  // namespace glass::explain
