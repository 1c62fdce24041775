// sctp/chunks/error_code.h - why a chunk could not be read.
#pragma once

#include <cstdint>
#include <string_view>

namespace glass::sctp {

enum class ChunkError : std::uint8_t {
  kTruncated,     // ends inside a field
  kBadLength,     // the length does not go with what the chunk counts
  kNoUserData,    // a DATA chunk that carries nothing
  kBadParameter,  // a parameter or cause inside makes no sense
};

constexpr std::string_view to_text(ChunkError error) {
  switch (error) {
    case ChunkError::kTruncated: return "chunk ends inside a field";
    case ChunkError::kBadLength: return "chunk length does not fit its content";
    case ChunkError::kNoUserData: return "DATA without user data";
    case ChunkError::kBadParameter: return "parameter makes no sense";
  }
  return "unreadable chunk";
}

}  // namespace glass::sctp
