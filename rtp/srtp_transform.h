// rtp/srtp_transform.h - hiding and sealing one packet whose index is known.
//
// The ciphers and MACs of one direction, set up once and used for every SSRC, since the SSRC is
// part of each packet's IV. Knows nothing of sequence numbers, replay or limits: that is srtp.h.
// RFC 3711 §3.1, §3.4, §4.1.1, §4.2; RFC 7714 §8, §9.  Tested by: tests/rtp/srtp_vectors_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/trace.h"
#include "crypto/aead.h"
#include "crypto/hmac_sha1.h"
#include "crypto/primitives.h"
#include "crypto/stream_cipher.h"
#include "rtp/srtp_keys.h"
#include "rtp/srtp_profile.h"
#include "rtp/types.h"

namespace glass::rtp {

inline constexpr std::size_t kRtcpHeaderSize =
    8;  // of the first packet: what SRTCP leaves readable
inline constexpr std::uint32_t kSrtcpIndexMax = 0x7fffffff;

// RFC 3711 §3.4: an SRTCP packet is authentic in any case, and secret if its E flag says so.
enum class RtcpCover : std::uint8_t { kSealed, kAuthenticOnly };

class SrtpTransform {
 public:
  SrtpTransform(SrtpProfile profile, const SrtpSessionKeys& keys, Trace trace,
                const crypto::Primitives& primitives);
  ~SrtpTransform();
  SrtpTransform(const SrtpTransform&) = delete;
  SrtpTransform& operator=(const SrtpTransform&) = delete;

  // Encrypts what stands behind the first `header` bytes and appends the tag. `index` is
  // ROC * 2^16 + SEQ.
  void seal_rtp(PacketBuffer& packet, std::size_t header, std::uint64_t index);
  // The packet without its tag, decrypted in place; nullopt: not what the owner of the keys has
  // sealed, whatever the bytes then hold is to be forgotten. `packet` holds `header` and a tag.
  [[nodiscard]] std::optional<MutableBytes> open_rtp(MutableBytes packet, std::size_t header,
                                                     std::uint64_t index);

  // Appends the E flag with `index`, and the tag, in the order that the profile has.
  void seal_rtcp(PacketBuffer& packet, std::uint32_t index, RtcpCover cover = RtcpCover::kSealed);
  // `packet` is at least kRtcpHeaderSize and rtcp_overhead() long.
  [[nodiscard]] std::optional<MutableBytes> open_rtcp(MutableBytes packet);
  // The index that a packet of that length says it has.
  [[nodiscard]] std::uint32_t rtcp_index(Bytes packet) const;

  [[nodiscard]] std::size_t rtp_overhead() const { return sizes_.rtp_tag; }
  [[nodiscard]] std::size_t rtcp_overhead() const { return sizes_.rtcp_tag + kSrtcpIndexSize; }

 private:
  using Block = std::array<std::uint8_t, crypto::kCounterBlockSize>;

  // What RTP and RTCP have each for themselves: different keys (RFC 3711 §3.2.1).
  struct Half {
    std::unique_ptr<crypto::Aead> aead;
    std::unique_ptr<crypto::StreamCipher> cipher;
    std::optional<crypto::HmacSha1> mac;
    Block salt{};
  };

  void set_up(Half& half, Bytes key, Bytes auth, Bytes salt);
  [[nodiscard]] Block iv(const Half& half, std::uint32_t ssrc, std::uint64_t index) const;
  [[nodiscard]] Bytes nonce(const Block& iv) const;
  void seal_rtcp_aead(PacketBuffer& packet, std::uint32_t index, RtcpCover cover);
  [[nodiscard]] std::optional<MutableBytes> open_rtcp_aead(MutableBytes packet);
  [[nodiscard]] bool has_code(Half& half, Bytes tag);

  SrtpProfile profile_;
  SrtpSizes sizes_;
  Trace trace_;
  const crypto::Primitives& primitives_;
  Half rtp_;
  Half rtcp_;
};

}  // namespace glass::rtp
