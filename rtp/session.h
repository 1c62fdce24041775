// rtp/session.h - everything of one RTP session between two peers, as a machine.
//
// Protected datagrams in, packets out as events; commands send packets; RTCP is written when its
// time comes. Knows payload types by number and clock, no codecs and no SDP: whoever negotiates
// says what is what. RFC 3550, RFC 3711, RFC 4585, RFC 4588 as in the headers included here.
// Tested by: tests/rtp/session_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/ring.h"
#include "base/time.h"
#include "base/trace.h"
#include "rtp/nack.h"
#include "rtp/packet.h"
#include "rtp/reception.h"
#include "rtp/report_timer.h"
#include "rtp/retransmission.h"
#include "rtp/rtcp.h"
#include "rtp/rtx.h"
#include "rtp/srtp.h"

namespace glass::rtp {

inline constexpr std::size_t kRemoteSourcesMax = 64;
inline constexpr std::size_t kLocalSourcesMax = 31;  // one compound can say about all of them
inline constexpr std::size_t kAsksMax = 128;  // packets that one RTCP datagram may bring back

// What a payload type stands for, as SDP agreed.
struct PayloadKind {
  PayloadType type;
  std::uint32_t clock_rate = 90'000;
  bool wants_nack = false;         // a=rtcp-fb nack
  std::optional<PayloadType> apt;  // it is RTX of that one
};

// A source of ours.
struct LocalSource {
  Ssrc ssrc;
  std::uint32_t clock_rate = 90'000;
  std::optional<RtxStream> rtx;  // where it is retransmitted; none: it is not
  bool answers_nack = true;
};

struct SessionConfig {
  SrtpProfile profile = SrtpProfile::kAeadAes128Gcm;
  std::string cname;
  Ssrc ssrc;                      // RTCP is from this one while nothing is sent
  bool reduced_size = false;      // a=rtcp-rsize
  std::uint64_t ntp_at_zero = 0;  // wall time at Instant{}, seconds since 1900 in 1/2^32
  std::vector<PayloadKind> payloads;
  ReportTimerConfig reports;
  NackConfig nack;
  RetransmissionConfig retransmission;
};

// A packet came. The view lives until the next receive().
struct PacketArrived {
  Packet packet;
  bool was_retransmitted = false;
};
// The other side needs a picture of ours that stands alone.
struct KeyFrameRequested {
  Ssrc ssrc;
};
// A source of theirs is missing so much that a picture that stands alone is wanted; request it with
// request_key_frame() where that makes sense.
struct KeyFrameNeeded {
  Ssrc ssrc;
};
struct SourceLeft {
  Ssrc ssrc;
};
using SessionEvent = std::variant<PacketArrived, KeyFrameRequested, KeyFrameNeeded, SourceLeft>;

enum class SendError : std::uint8_t {
  kUnknownSource,  // not one of ours
  kProtect,        // SrtpSender refused: the number was used, or the key is worn out
};

class Session {
 public:
  using Event = SessionEvent;

  Session(SessionConfig config, const SrtpMaster& ours, const SrtpMaster& theirs, Random& random,
          Trace trace);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start(Instant now);
  // At most kLocalSourcesMax; more are not added.
  bool add_source(const LocalSource& source);
  // Protects `packet`, whole and of one of our sources, in place, and keeps a copy for NACKs.
  [[nodiscard]] Result<void, SendError> send(Instant now, PacketBuffer& packet);
  void request_key_frame(Instant now, Ssrc theirs);
  // The next RTCP datagram says good-bye for all our sources; then none is sent.
  void leave();

  void receive(Instant now, MutableBytes datagram);
  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const;
  bool poll_transmit(Instant now, PacketBuffer& packet);
  std::optional<Event> poll_event();

  // What is known of a source of theirs; null: nothing.
  [[nodiscard]] const Reception* reception(Ssrc ssrc) const;
  [[nodiscard]] Duration round_trip() const { return round_trip_; }

 private:
  struct Local {
    LocalSource source;
    std::unique_ptr<RetransmissionBuffer> kept;
    SenderInfo info;
    RtpTime last_time;
    Instant last_sent_at{};
    bool has_sent_since_report = false;
    std::optional<std::uint8_t> fir_seen;
  };
  struct Remote {
    Ssrc ssrc;
    Reception reception;
    std::optional<NackGenerator> nack;
    bool wants_key_frame = false;
  };
  struct Again {
    std::size_t local = 0;
    SequenceNumber sequence;
  };

  void receive_rtp(Instant now, MutableBytes datagram);
  void receive_rtcp(Instant now, MutableBytes datagram);
  void on(Instant now, const SenderReport& report);
  void on(Instant now, const ReceiverReport& report);
  void on(Instant now, const Bye& bye);
  void on(Instant now, const Nack& nack);
  void on(Instant now, const Pli& pli);
  void on(Instant now, const Fir& fir);
  template <class Other>
  void on(Instant /*now*/, const Other& /*message*/) {}
  void on_blocks(Instant now, const ReportBlocks& blocks);
  void emit(SessionEvent event);
  void plan_nack(Instant now);

  [[nodiscard]] const PayloadKind* payload(PayloadType type) const;
  [[nodiscard]] Local* local(Ssrc ssrc);
  [[nodiscard]] Remote* remote(Ssrc ssrc);
  [[nodiscard]] std::optional<Packet> original_of(const Packet& rtx, PayloadType type);
  [[nodiscard]] Ssrc reporting_ssrc() const;
  Remote* remote_for(Ssrc ssrc, const PayloadKind& kind);
  [[nodiscard]] std::uint64_t ntp(Instant now) const;
  [[nodiscard]] Instant next_nack() const;
  bool write_again(Instant now, PacketBuffer& packet);
  void write_reports(Instant now, Writer& out);
  void write_feedback(Instant now, Writer& out);
  bool write_rtcp(Instant now, PacketBuffer& packet);

  SessionConfig config_;
  Trace trace_;
  SrtpSender sender_;
  SrtpReceiver receiver_;
  ReportTimer timer_;
  std::vector<Local> locals_;
  std::vector<Remote> remotes_;
  std::size_t next_block_ = 0;  // whose turn it is where there are more sources than blocks
  Ring<SessionEvent> events_;
  Ring<Again> again_;
  std::optional<PacketArrived> arrived_;                        // given out last
  std::array<std::uint8_t, PacketBuffer::kCapacity> inside_{};  // what arrived_ is a view of
  ReportDue due_ = ReportDue::kNothing;
  bool is_feedback_planned_ = false;
  bool has_sent_compound_ = false;
  bool is_leaving_ = false;
  bool has_left_ = false;
  Instant nack_not_before_{};
  Duration round_trip_{};
};

}  // namespace glass::rtp
