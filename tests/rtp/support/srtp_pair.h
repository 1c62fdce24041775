// tests/rtp/support/srtp_pair.h - two ends with the same keys, and packets to send.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/writer.h"
#include "rtp/srtp.h"
#include "tests/support/rules.h"

namespace glass::rtp::test {

using glass::test::test_trace;

inline constexpr std::array kProfiles{SrtpProfile::kAes128CmHmacSha1_80,
                                      SrtpProfile::kAes128CmHmacSha1_32,
                                      SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm};

inline ByteVector counting(std::size_t size, std::uint8_t first) {
  ByteVector out(size);
  for (std::uint8_t& byte : out) byte = first++;
  return out;
}

inline SrtpMaster master_for(SrtpProfile profile, std::uint8_t first = 1) {
  const SrtpSizes sizes = sizes_of(profile);
  return {.key = crypto::Secret(counting(sizes.key, first)),
          .salt = crypto::Secret(counting(sizes.salt, 0x80))};
}

// A packet of RTP: no extension, ten bytes of payload.
inline void make_rtp(PacketBuffer& out, std::uint16_t sequence, std::uint32_t ssrc = 7) {
  out.clear();
  Writer(out).u8(0x80).u8(96).u16(sequence).u32(1000).u32(ssrc).u64(0x0001020304050607).u16(0x0809);
}
inline ByteVector rtp(std::uint16_t sequence, std::uint32_t ssrc = 7) {
  PacketBuffer out;
  make_rtp(out, sequence, ssrc);
  return {out.bytes().begin(), out.bytes().end()};
}
// An empty receiver report and a description.
inline void make_rtcp(PacketBuffer& out, std::uint32_t ssrc = 7) {
  out.clear();
  Writer(out).u8(0x80).u8(201).u16(1).u32(ssrc).u8(0x81).u8(202).u16(2).u32(ssrc).u8(1).u8(1).u8(
      'a');
  Writer(out).u8(0);
}

struct SrtpPair {
  explicit SrtpPair(SrtpProfile profile, SrtpLimits limits = {})
      : sender(profile, master_for(profile), test_trace(Layer::kRtp), crypto::real_primitives(),
               limits),
        receiver(profile, master_for(profile), test_trace(Layer::kRtp)) {}

  // The protected packet with that sequence number; empty: refused.
  ByteVector sealed(std::uint16_t sequence, std::uint32_t ssrc = 7) {
    PacketBuffer packet;
    make_rtp(packet, sequence, ssrc);
    if (!sender.protect(packet)) return {};
    return {packet.bytes().begin(), packet.bytes().end()};
  }
  ByteVector sealed_rtcp(std::uint32_t ssrc = 7) {
    PacketBuffer packet;
    make_rtcp(packet, ssrc);
    if (!sender.protect_rtcp(packet)) return {};
    return {packet.bytes().begin(), packet.bytes().end()};
  }
  Result<MutableBytes, UnprotectError> open(ByteVector packet) {
    scratch = std::move(packet);
    return receiver.unprotect(scratch);
  }
  Result<MutableBytes, UnprotectError> open_rtcp(ByteVector packet) {
    scratch = std::move(packet);
    return receiver.unprotect_rtcp(scratch);
  }

  SrtpSender sender;
  SrtpReceiver receiver;
  ByteVector scratch;
};

}  // namespace glass::rtp::test
