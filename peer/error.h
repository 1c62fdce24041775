// peer/error.h - what a peer tells its user when something cannot be done, or is over.
//
// Every failure names its stage, so that a person knows where to look.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace glass::peer {

enum class Stage : std::uint8_t { kSdp, kCandidate, kIce, kDtls, kFingerprint, kSctp, kUsage };

constexpr std::string_view to_text(Stage stage) {
  switch (stage) {
    case Stage::kSdp: return "SDP";
    case Stage::kCandidate: return "candidate";
    case Stage::kIce: return "ICE";
    case Stage::kDtls: return "DTLS";
    case Stage::kFingerprint: return "fingerprint";
    case Stage::kSctp: return "SCTP";
    case Stage::kUsage: return "usage";
  }
  return "";
}

// `line` and `column` count from 1 and say where in an SDP; 0 elsewhere.
struct Error {
  Stage stage = Stage::kUsage;
  std::size_t line = 0;
  std::size_t column = 0;
  std::string text;
};

// "SDP line 7, column 12: ..."
std::string to_text(const Error& error);

}  // namespace glass::peer
