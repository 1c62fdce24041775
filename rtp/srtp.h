// rtp/srtp.h - protecting what goes out, and believing only what is genuine and new.
//
// One SrtpSender and one SrtpReceiver for a session: each holds the keys of its direction and a
// small context per SSRC (rollover counter, replay window, SRTCP index). In place, without
// allocation or cipher set-up per packet.
// RFC 3711 §3.2, §3.3, §3.4, §9.2; RFC 7714.  Tested by: tests/rtp/srtp_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/trace.h"
#include "crypto/primitives.h"
#include "rtp/replay_window.h"
#include "rtp/srtp_keys.h"
#include "rtp/srtp_transform.h"
#include "rtp/ssrc_table.h"

namespace glass::rtp {

// RFC 3711 §3.3.2 asks for 64 at least; video that is retransmitted late wants more.
inline constexpr std::size_t kSrtpWindow = 1024;
inline constexpr std::size_t kSrtcpWindow = 128;
// Sources whose state is kept per direction. An entry is made for genuine packets alone.
inline constexpr std::size_t kSrtpStreamsMax = 256;

// RFC 3711 §9.2, RFC 7714 §10: packets that one master key may protect.
struct SrtpLimits {
  std::uint64_t rtp_packets = std::uint64_t{1} << 48;
  std::uint64_t rtcp_packets = std::uint64_t{1} << 31;
};

enum class ProtectError : std::uint8_t {
  kMalformed,       // no RTP or RTCP header
  kTooLarge,        // no room for the tag
  kIndexReused,     // this sequence number has been protected before: the key stream would repeat
  kKeyExhausted,    // the key has protected all that it may
  kTooManyStreams,  // kSrtpStreamsMax
};

enum class UnprotectError : std::uint8_t {
  kMalformed,  // no RTP or RTCP header, or no room for a tag
  kReplayed,
  kTooOld,          // behind the replay window
  kForged,          // the tag is not that of the key's owner
  kTooManyStreams,  // kSrtpStreamsMax
};

std::string_view to_text(ProtectError error);
std::string_view to_text(UnprotectError error);

// RFC 3711 §3.3.1: the index whose low 16 bits are `sequence` and that is nearest to the highest
// one so far. Before the first wrap there is no earlier rollover counter to go back to.
std::uint64_t estimate_index(std::uint64_t highest, SequenceNumber sequence);

class SrtpSender {
 public:
  SrtpSender(SrtpProfile profile, const SrtpMaster& master, Trace trace,
             const crypto::Primitives& primitives = crypto::real_primitives(),
             SrtpLimits limits = {});

  // A whole RTP packet, which becomes an SRTP packet.
  [[nodiscard]] Result<void, ProtectError> protect(PacketBuffer& packet);
  // A whole RTCP packet, compound or reduced-size.
  [[nodiscard]] Result<void, ProtectError> protect_rtcp(PacketBuffer& packet);

  // Bytes that SRTCP adds: they count as RTCP bandwidth (RFC 3711 §3.4).
  [[nodiscard]] std::size_t rtcp_overhead() const { return transform_.rtcp_overhead(); }
  [[nodiscard]] std::size_t rtp_overhead() const { return transform_.rtp_overhead(); }
  // How many wraps of its sequence number this source has behind it. nullopt: it never sent.
  [[nodiscard]] std::optional<std::uint32_t> rollover_counter(Ssrc ssrc);

 private:
  struct Stream {
    ReplayWindow<kSrtpWindow> sent;
    std::uint64_t rtcp_next = 0;
  };

  [[nodiscard]] Result<Stream*, ProtectError> stream(Ssrc ssrc);

  Trace trace_;
  SrtpTransform transform_;
  SrtpLimits limits_;
  SsrcTable<Stream> streams_{kSrtpStreamsMax};
  std::uint64_t rtp_packets_ = 0;
  std::uint64_t rtcp_packets_ = 0;
};

class SrtpReceiver {
 public:
  SrtpReceiver(SrtpProfile profile, const SrtpMaster& master, Trace trace,
               const crypto::Primitives& primitives = crypto::real_primitives());

  // The RTP packet inside, decrypted in place; anything else is dropped with the reason returned,
  // and has moved neither counter nor window.
  [[nodiscard]] Result<MutableBytes, UnprotectError> unprotect(MutableBytes packet);
  [[nodiscard]] Result<MutableBytes, UnprotectError> unprotect_rtcp(MutableBytes packet);

  [[nodiscard]] std::optional<std::uint32_t> rollover_counter(Ssrc ssrc);
  [[nodiscard]] std::size_t stream_count() const { return streams_.size(); }

 private:
  struct Stream {
    ReplayWindow<kSrtpWindow> rtp;
    ReplayWindow<kSrtcpWindow> rtcp;
  };

  UnprotectError refuse(UnprotectError why, Rule rule, Bytes packet) const;
  void accept(Stream* known, Ssrc ssrc, std::uint64_t index);

  Trace trace_;
  SrtpTransform transform_;
  SsrcTable<Stream> streams_{kSrtpStreamsMax};
};

}  // namespace glass::rtp
