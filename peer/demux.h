// peer/demux.h - which protocol a datagram belongs to, told by its first byte.
//
// Four protocols share one port. RFC 7983 §7 (the ranges).  Tested by: demux_test.cc
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace glass::peer {

enum class Kind : std::uint8_t { kStun, kZrtp, kDtls, kTurnChannel, kRtp, kUnknown };

constexpr std::string_view to_text(Kind kind) {
  switch (kind) {
    case Kind::kStun: return "STUN";
    case Kind::kZrtp: return "ZRTP";
    case Kind::kDtls: return "DTLS";
    case Kind::kTurnChannel: return "TURN channel";
    case Kind::kRtp: return "RTP";
    case Kind::kUnknown: break;
  }
  return "unknown";
}

// RFC 7983 §7: [0..3] STUN, [16..19] ZRTP, [20..63] DTLS, [64..79] TURN channel, [128..191] RTP and
// RTCP; all else, and an empty datagram, is nothing we know.
constexpr Kind classify(Bytes datagram) {
  if (datagram.empty()) return Kind::kUnknown;
  const std::uint8_t first = datagram.front();
  if (first <= 3) return Kind::kStun;
  if (first >= 16 && first <= 19) return Kind::kZrtp;
  if (first >= 20 && first <= 63) return Kind::kDtls;
  if (first >= 64 && first <= 79) return Kind::kTurnChannel;
  if (first >= 128 && first <= 191) return Kind::kRtp;
  return Kind::kUnknown;
}

}  // namespace glass::peer
