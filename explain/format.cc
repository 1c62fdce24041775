#include "explain/format.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "sctp/packet.h"

namespace glass::explain {
namespace {

constexpr std::array<std::string_view, 8> kNames{"stun", "channel-data", "dtls", "sctp",
                                                 "dcep", "sdp",          "rtp",  "unknown"};

}  // namespace

std::string_view to_text(Format format) { return kNames.at(std::to_underlying(format)); }

std::optional<Format> parse_format(std::string_view text) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames.at(i) == text) return static_cast<Format>(i);
  return std::nullopt;
}

Format guess_format(Bytes bytes) {
  if (as_text(bytes).starts_with("v=0")) return Format::kSdp;
  if (bytes.size() > sctp::kCommonHeader && sctp::has_right_checksum(bytes)) return Format::kSctp;
  const std::uint8_t first = bytes.empty() ? 0xff : bytes.front();
  if (first <= 3) return Format::kStun;
  if (first >= 20 && first <= 63) return Format::kDtls;
  if (first >= 64 && first <= 79) return Format::kChannelData;
  if (first >= 128 && first <= 191) return Format::kRtp;
  return Format::kUnknown;
}

}  // namespace glass::explain
