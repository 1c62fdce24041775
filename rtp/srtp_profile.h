// rtp/srtp_profile.h - the four ways to protect RTP that WebRTC knows, and their sizes.
//
// RFC 5764 §4.1.2 (the first two), RFC 7714 §14.2 (the others).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace glass::rtp {

// The numbers of the use_srtp extension of DTLS.
enum class SrtpProfile : std::uint16_t {
  kAes128CmHmacSha1_80 = 0x0001,
  kAes128CmHmacSha1_32 = 0x0002,
  kAeadAes128Gcm = 0x0007,
  kAeadAes256Gcm = 0x0008,
};

struct SrtpSizes {
  std::size_t key = 0;       // master key and session key, bytes
  std::size_t salt = 0;      // master salt and session salt
  std::size_t auth_key = 0;  // zero where the cipher authenticates
  std::size_t rtp_tag = 0;
  std::size_t rtcp_tag = 0;  // RFC 5764 §4.1.2: 80 bits even where RTP has 32
};

inline constexpr std::size_t kSrtcpIndexSize = 4;  // E flag and 31-bit index, RFC 3711 §3.4
inline constexpr std::size_t kSrtpOverheadMax = 16 + kSrtcpIndexSize;

constexpr bool is_aead(SrtpProfile profile) {
  return profile == SrtpProfile::kAeadAes128Gcm || profile == SrtpProfile::kAeadAes256Gcm;
}

constexpr SrtpSizes sizes_of(SrtpProfile profile) {
  switch (profile) {
    case SrtpProfile::kAes128CmHmacSha1_80:
      return {.key = 16, .salt = 14, .auth_key = 20, .rtp_tag = 10, .rtcp_tag = 10};
    case SrtpProfile::kAes128CmHmacSha1_32:
      return {.key = 16, .salt = 14, .auth_key = 20, .rtp_tag = 4, .rtcp_tag = 10};
    case SrtpProfile::kAeadAes128Gcm: return {.key = 16, .salt = 12, .rtp_tag = 16, .rtcp_tag = 16};
    case SrtpProfile::kAeadAes256Gcm: break;
  }
  return {.key = 32, .salt = 12, .rtp_tag = 16, .rtcp_tag = 16};
}

// The profile with this number. nullopt: none of the four.
constexpr std::optional<SrtpProfile> srtp_profile(std::uint16_t number) {
  switch (static_cast<SrtpProfile>(number)) {
    case SrtpProfile::kAes128CmHmacSha1_80:
    case SrtpProfile::kAes128CmHmacSha1_32:
    case SrtpProfile::kAeadAes128Gcm:
    case SrtpProfile::kAeadAes256Gcm: return static_cast<SrtpProfile>(number);
  }
  return std::nullopt;
}

constexpr std::string_view to_text(SrtpProfile profile) {
  switch (profile) {
    case SrtpProfile::kAes128CmHmacSha1_80: return "AES128_CM_HMAC_SHA1_80";
    case SrtpProfile::kAes128CmHmacSha1_32: return "AES128_CM_HMAC_SHA1_32";
    case SrtpProfile::kAeadAes128Gcm: return "AEAD_AES_128_GCM";
    case SrtpProfile::kAeadAes256Gcm: break;
  }
  return "AEAD_AES_256_GCM";
}

}  // namespace glass::rtp
