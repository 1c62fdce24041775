// sctp/association.h - one SCTP association: the machine that everything else here is part of.
//
// Takes plaintext SCTP packets and user messages, gives packets and messages. Knows neither DTLS
// nor data channels. One path, one peer: no addresses. RFC 9260 (not 4960), RFC 3758 (partial
// reliability), RFC 6525 (stream reset).
// Each procedure has a file: receive, connect, data, sack, transmit, heartbeat, shutdown, reset.
// Tested by: association/*_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/machine.h"
#include "base/random.h"
#include "base/result.h"
#include "base/ring.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/timers.h"
#include "base/trace.h"
#include "base/writer.h"
#include "sctp/blocks.h"
#include "sctp/causes/causes.h"
#include "sctp/chunks/data.h"
#include "sctp/chunks/forward_tsn.h"
#include "sctp/chunks/init.h"
#include "sctp/chunks/reconfig.h"
#include "sctp/config.h"
#include "sctp/cookie.h"
#include "sctp/packet.h"
#include "sctp/rx/data_tracker.h"
#include "sctp/rx/inbox.h"
#include "sctp/rx/reassembly.h"
#include "sctp/tx/congestion.h"
#include "sctp/tx/outstanding.h"
#include "sctp/tx/rto.h"
#include "sctp/tx/send_queue.h"
#include "sctp/types.h"

namespace glass::sctp {

using std::string_view_literals::operator""sv;

struct InClosed {
  static constexpr auto kName = "CLOSED"sv;
};
struct CookieWait {
  static constexpr auto kName = "COOKIE-WAIT"sv;
};
struct CookieEchoed {
  static constexpr auto kName = "COOKIE-ECHOED"sv;
  ByteVector cookie;
};
struct Established {
  static constexpr auto kName = "ESTABLISHED"sv;
};
struct ShutdownPending {
  static constexpr auto kName = "SHUTDOWN-PENDING"sv;
};
struct ShutdownSent {
  static constexpr auto kName = "SHUTDOWN-SENT"sv;
};
struct ShutdownReceived {
  static constexpr auto kName = "SHUTDOWN-RECEIVED"sv;
};
struct ShutdownAckSent {
  static constexpr auto kName = "SHUTDOWN-ACK-SENT"sv;
};

// RFC 9260 §4, Figure 3. ABORT from either side leads from every state to CLOSED.
inline constexpr std::array<Arrow, 23> kAssociationArrows{
    {
     {"CLOSED", "COOKIE-WAIT", "ASSOCIATE, send INIT", "9260:5.1#1"_rule},
     {"CLOSED", "ESTABLISHED", "COOKIE ECHO, send COOKIE ACK", "9260:5.1.5#0"_rule},
     {"COOKIE-WAIT", "COOKIE-ECHOED", "INIT ACK, send COOKIE ECHO", "9260:5.1.4#1"_rule},
     {"COOKIE-WAIT", "ESTABLISHED", "COOKIE ECHO of a collision", "9260:5.2.4#8"_rule},
     {"COOKIE-WAIT", "CLOSED", "no answer, or ABORT", "9260:4#5"_rule},
     {"COOKIE-ECHOED", "COOKIE-WAIT", "stale cookie, send INIT", "9260:5.2.6#3"_rule},
     {"COOKIE-ECHOED", "ESTABLISHED", "COOKIE ACK or COOKIE ECHO", "9260:5.1#0"_rule},
     {"COOKIE-ECHOED", "CLOSED", "no answer, or ABORT", "9260:4#8"_rule},
     {"ESTABLISHED", "ESTABLISHED", "COOKIE ECHO of a restart", "9260:5.2.4#5"_rule},
     {"ESTABLISHED", "SHUTDOWN-PENDING", "SHUTDOWN of the user", "9260:9.2#22"_rule},
     {"ESTABLISHED", "SHUTDOWN-RECEIVED", "SHUTDOWN", "9260:9.2#9"_rule},
     {"ESTABLISHED", "CLOSED", "ABORT", "9260:9.1#6"_rule},
     {"SHUTDOWN-PENDING", "SHUTDOWN-SENT", "all acknowledged, send SHUTDOWN", "9260:9.2#1"_rule},
     {"SHUTDOWN-PENDING", "SHUTDOWN-RECEIVED", "SHUTDOWN", "9260:9.2#9"_rule},
     {"SHUTDOWN-PENDING", "CLOSED", "ABORT", "9260:9.1#6"_rule},
     {"SHUTDOWN-SENT", "SHUTDOWN-ACK-SENT", "SHUTDOWN, send SHUTDOWN ACK", "9260:9.2#27"_rule},
     {"SHUTDOWN-SENT", "CLOSED", "SHUTDOWN ACK, send SHUTDOWN COMPLETE", "9260:9.2#19"_rule},
     {"SHUTDOWN-RECEIVED", "SHUTDOWN-ACK-SENT", "all acknowledged, send SHUTDOWN ACK",
         "9260:9.2#15"_rule},
     {"SHUTDOWN-RECEIVED", "CLOSED", "ABORT", "9260:9.1#6"_rule},
     {"SHUTDOWN-ACK-SENT", "CLOSED", "SHUTDOWN COMPLETE", "9260:9.2#21"_rule},
     {"SHUTDOWN-PENDING", "ESTABLISHED", "COOKIE ECHO of a restart", "9260:5.2.4#5"_rule},
     {"SHUTDOWN-SENT", "ESTABLISHED", "COOKIE ECHO of a restart", "9260:5.2.4#5"_rule},
     {"SHUTDOWN-RECEIVED", "ESTABLISHED", "COOKIE ECHO of a restart", "9260:5.2.4#5"_rule},
     }
};

enum class AssociationTimer : std::uint8_t {
  kT1,  // INIT or COOKIE ECHO
  kT2,  // SHUTDOWN or SHUTDOWN ACK
  kT3,  // DATA, FORWARD TSN, zero window probes
  kT5,  // the whole shutdown
  kSack,
  kHeartbeat,
  kHeartbeatAck,
  kReconfig,
  kPace,  // the next packet of data, where the controller spreads them
  kProbe  // the last chunk again, where losses are found by time
};
std::string_view name(AssociationTimer timer);

// A LayerMachine.
class Association {
 public:
  // Answers that wait for a packet; a peer that asks for more in one go gets no more.
  static constexpr std::size_t kMaxReplies = 16;
  // RFC 6525 §4.1: streams named in one request.
  static constexpr std::size_t kMaxStreamsPerReset = 128;
  // RFC 9260 §5.2.6: how often a stale cookie makes us begin again.
  static constexpr unsigned kMaxStaleCookies = 3;

  using Event = AssociationEvent;

  Association(const Config& config, Random& random, const Trace& trace);
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;

  void set_remote(std::uint16_t remote_port, std::size_t max_message_size);

  // RFC 9260 §11.1.2 ASSOCIATE. Messages may be sent before; they wait for the handshake.
  void connect(Instant now);
  void shutdown(Instant now);                             // after all data arrived
  void abort(Instant now, std::string_view reason = {});  // at once
  Result<void, SendError> send(Instant now, const SendOptions& options, Bytes message);
  // RFC 6525 §5.1.2, after what was sent on the stream arrived or was given up.
  void reset_stream(Instant now, StreamId stream);

  // User data of the stream that no packet has carried yet.
  [[nodiscard]] std::uint64_t buffered_amount(StreamId stream) const;
  void set_low_water(StreamId stream, std::uint64_t amount);
  void set_priority(StreamId stream, std::uint16_t priority);

  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] std::string_view state_name() const { return machine_.state_name(); }
  [[nodiscard]] bool is_established() const { return machine_.is<Established>(); }
  // It is over, or has been told to end: nothing can be sent.
  [[nodiscard]] bool is_closing() const;
  [[nodiscard]] bool is_closed() const { return over_; }
  [[nodiscard]] bool can_reset_streams() const { return peer_.reconfig; }
  // How often INIT or COOKIE ECHO, whichever waits for its answer, was sent again.
  [[nodiscard]] unsigned setup_attempts() const { return setup_attempts_; }
  [[nodiscard]] Duration round_trip() const { return rto_.smoothed(); }
  [[nodiscard]] std::size_t cwnd() const { return congestion_->cwnd(); }
  [[nodiscard]] std::size_t flight() const { return outstanding_.flight(); }

  // LayerMachine
  void receive(Instant now, MutableBytes packet);
  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const { return timers_.next(); }
  bool poll_transmit(Instant now, PacketBuffer& out);
  std::optional<Event> poll_event();

 private:
  using Timer = AssociationTimer;

  // A packet of its own: INIT ACK, ABORT, SHUTDOWN COMPLETE.
  struct Standalone {
    VerificationTag tag;
    ByteVector chunk;
  };
  // The packet being read.
  struct Arriving {
    VerificationTag tag;
    bool has_data = false;
    bool immediate = false;
  };
  enum class Next : std::uint8_t { kContinue, kStop };  // with the chunks of the packet

  // receive.cc
  [[nodiscard]] bool is_for_us(const CommonHeader& header, Bytes packet) const;
  void walk(Instant now, Arriving& packet, ChunkWalk& chunks);
  [[nodiscard]] bool is_intact(Bytes packet) const;
  bool check_tag(const CommonHeader& header, const RawChunk& first, Bytes packet);
  Next dispatch(Instant now, Arriving& packet, RawChunk& raw);
  Next dispatch_control(Instant now, RawChunk& raw);
  Next on_unknown(const RawChunk& raw);
  void on_out_of_the_blue(Instant now, const CommonHeader& header, RawChunk& first, Bytes packet);
  void on_abort(RawChunk& raw);
  void on_error(Instant now, RawChunk& raw);
  void malformed(const RawChunk& raw, ChunkError error) const;
  void after_packet(Instant now, const Arriving& packet);

  // connect.cc
  [[nodiscard]] InitChunk our_init() const;
  void on_init(Instant now, RawChunk& raw);
  std::optional<CauseCode> fault_of(const InitChunk& chunk) const;
  [[nodiscard]] Peer peer_of(const InitChunk& chunk) const;
  void on_init_ack(Instant now, RawChunk& raw);
  Next on_cookie_echo(Instant now, RawChunk& raw, VerificationTag tag);
  Next on_unexpected_cookie(Instant now, const Cookie& cookie);
  void on_restart(Instant now, const Cookie& cookie);
  void on_cookie_ack(Instant now);
  void on_stale_cookie(Instant now);
  void on_t1_expired(Instant now);
  void adopt(const Cookie& cookie);
  void meet(const Peer& peer);
  void enter_established(Instant now);
  bool is_stale(Instant now, const Cookie& cookie);

  // data.cc
  Next on_data(Instant now, RawChunk& raw, Arriving& packet);
  Next on_wrong_kind(const RawChunk& raw);
  Next take_data(Instant now, const DataChunk& chunk);
  [[nodiscard]] bool has_room_for(const DataChunk& chunk) const;
  Next on_forward_tsn(Instant now, RawChunk& raw, Arriving& packet);
  bool is_lost(Instant now, ReassemblyError error);
  [[nodiscard]] std::uint32_t window() const;
  [[nodiscard]] std::uint32_t advertised_window() const;
  void update_window();
  void grow_window(Instant now, std::size_t arrived);
  bool in_receiving_state() const;

  // sack.cc
  void on_sack(Instant now, RawChunk& raw);
  void apply(Instant now, const SackOutcome& outcome, std::size_t flight_before);
  void note_progress(Instant now, const SackOutcome& outcome, std::size_t flight_before);
  void on_t3_expired(Instant now);
  void manage_t3(Instant now, const SackOutcome& outcome);
  bool count_error(std::string_view what);
  [[nodiscard]] bool in_sending_state() const;

  // transmit.cc
  bool emit_standalone(PacketBuffer& out);
  bool emit_init(PacketBuffer& out);
  void write_control(Instant now, Writer& out);
  void write_shutdown(Instant now, Writer& out);
  void write_sack(Instant now, Writer& out);
  void write_forward_tsn_due(Instant now, Writer& out);
  void write_data(Instant now, Writer& out);
  bool write_lost(Instant now, Writer& out, std::size_t start);
  bool write_new(Instant now, Writer& out, std::size_t start);
  void give_up_expired(Instant now);
  [[nodiscard]] bool may_send_data() const;
  [[nodiscard]] bool has_data_to_send(Instant now);
  [[nodiscard]] bool window_allows(std::size_t payload) const;
  [[nodiscard]] std::size_t room(const Writer& out) const;
  void start_t3(Instant now);
  void probe_later(Instant now);
  [[nodiscard]] bool is_paced(Instant now) const;
  void pace(Instant now, std::size_t bytes);
  void pace_later(Instant now);
  void probe_tail_later(Instant now);
  void on_tail_silent();

  // heartbeat.cc
  void start_heartbeats(Instant now);
  void on_heartbeat_due(Instant now);
  void on_heartbeat_unanswered(Instant now);
  void on_heartbeat(RawChunk& raw);
  void on_heartbeat_ack(Instant now, RawChunk& raw);

  // shutdown.cc
  void continue_shutdown(Instant now);
  void on_shutdown(Instant now, RawChunk& raw);
  void on_shutdown_ack(Instant now, VerificationTag tag);
  void on_shutdown_complete();
  void on_t2_expired(Instant now);
  void start_t2(Instant now);

  // reset.cc
  void on_reconfig(Instant now, RawChunk& raw);
  void on_reset_request(const ResetRequest& request);
  ReconfigResult judge(const ResetRequest& request);
  void on_reconfig_response(Instant now, const ReconfigResponse& response);
  void answer_reconfig(ReconfigSn request, ReconfigResult result);
  void settle_deferred_reset();
  void prepare_reset(Instant now);
  void write_reconfig_due(Writer& out);
  void on_reconfig_expired(Instant now);
  void finish_reset(bool done);

  // association.cc
  void close(CloseReason reason, std::string_view text);
  void abort_with(CauseCode code, Bytes info, CloseReason reason, std::string_view text);
  void reply(ByteVector chunk);
  void reply_error(const Cause& cause);
  void reply_alone(VerificationTag tag, ByteVector chunk);
  void reply_abort(VerificationTag tag, bool reflected, const Cause* cause);
  void on_timer(Instant now, Timer timer);

  Config config_;
  Random& random_;
  Trace trace_;
  Machine<kAssociationArrows, InClosed, CookieWait, CookieEchoed, Established, ShutdownPending,
          ShutdownSent, ShutdownReceived, ShutdownAckSent>
      machine_;
  Timers<Timer, 10> timers_;
  bool over_ = false;  // CLOSED for good: one association in the life of this object

  // The transmission control block, RFC 9260 §14.2.
  VerificationTag tag_;  // ours; zero while there is none
  Tsn initial_tsn_;
  Peer peer_;
  std::uint32_t local_tie_ = 0;
  std::uint32_t peer_tie_ = 0;
  CookieJar jar_;
  unsigned errors_ = 0;          // consecutive, of the association and its one path
  unsigned setup_attempts_ = 0;  // retransmissions of INIT or COOKIE ECHO
  unsigned stale_cookies_ = 0;
  bool shutdown_wanted_ = false;

  Blocks blocks_;
  Inbox inbox_;
  SendQueue queue_;
  Outstanding outstanding_;
  std::unique_ptr<Congestion> congestion_;
  Rto rto_;
  DataTracker tracker_;
  Reassembly reassembly_;

  // What poll_transmit() has to send beside data.
  Ring<Standalone> standalone_;
  Ring<ByteVector> replies_;
  bool init_due_ = false;
  bool cookie_echo_due_ = false;
  bool cookie_ack_due_ = false;
  bool shutdown_due_ = false;
  bool shutdown_ack_due_ = false;
  bool forward_due_ = false;
  bool fast_retransmit_due_ = false;  // one packet regardless of cwnd
  bool probe_due_ = false;            // one chunk into a closed window
  unsigned burst_left_ = 0;           // packets with data until the next input

  std::uint32_t peer_window_ = 0;  // RFC 9260 §6.2.1: the last a_rwnd
  bool probing_ = false;
  bool sack_since_probe_ = false;
  std::uint32_t told_window_ = 0;  // our last a_rwnd
  std::uint32_t window_limit_;     // what the receive buffer may hold by now
  std::size_t turn_bytes_ = 0;     // arrived since turn_since_
  Instant turn_since_;
  Instant paced_until_;       // no data before
  bool tail_probed_ = false;  // since the last progress
  Instant last_data_sent_;

  std::uint64_t heartbeat_nonce_ = 0;
  bool heartbeat_due_ = false;
  Instant heartbeat_sent_;

  // RFC 6525: at most one request of ours is under way.
  struct ResetUnderWay {
    ReconfigSn request;
    Tsn last_tsn;
    std::vector<StreamId> streams;
    bool in_progress = false;  // the peer has it and needs time
  };
  std::vector<StreamId> resets_wanted_;
  std::optional<ResetUnderWay> reset_;
  ReconfigSn next_reconfig_;
  bool reset_due_ = false;
  ReconfigSn expected_reconfig_;
  std::optional<ReconfigResponse> response_;  // the last one, for repetitions
  bool response_due_ = false;
  bool reset_deferred_ = false;
};

}  // namespace glass::sctp
