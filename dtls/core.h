// dtls/core.h - the inside of a Connection: which record goes where.
//
// For connection.cc and the files beside it only. core.cc is what commands do and what goes out,
// receive.cc what comes in.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/machine.h"
#include "base/random.h"
#include "base/time.h"
#include "base/timers.h"
#include "base/trace.h"
#include "dtls/client.h"
#include "dtls/client13.h"
#include "dtls/connection.h"
#include "dtls/epochs13.h"
#include "dtls/handshake.h"
#include "dtls/messages/alert.h"
#include "dtls/record.h"
#include "dtls/record13.h"
#include "dtls/server.h"
#include "dtls/server13.h"
#include "dtls/session.h"

namespace glass::dtls {

namespace connection_state {
struct New {
  static constexpr std::string_view kName = "new";
};
struct Handshaking {
  static constexpr std::string_view kName = "handshaking";
};
struct Open {
  static constexpr std::string_view kName = "open";
};
struct Over {
  static constexpr std::string_view kName = "closed";
};
}  // namespace connection_state

inline constexpr std::array<Arrow, 5> kConnectionArrows{
    {
     {"new", "handshaking", "start", "6347:4.2#0"_rule},
     {"handshaking", "open", "both Finished are right", "5246:7.4.9#1"_rule},
     {"new", "closed", "closed before it began", "5246:7.2.1#0"_rule},
     {"handshaking", "closed", "the handshake has failed or was closed", "5246:7.2.2#1"_rule},
     {"open", "closed", "close_notify, a fatal alert, or worn-out keys", "5246:7.2.1#0"_rule},
     }
};

// Records of epoch 1 that came before they could be used (RFC 6347 §4.1, §4.2.4).
inline constexpr std::size_t kEarlyRecordsMax = 16;
// Of one datagram; a browser sends one or two.
inline constexpr std::size_t kRecordsPerDatagramMax = 128;
// How often a failed handshake repeats its alert to a peer that repeats itself (RFC 6347 §4.2.7).
inline constexpr int kAlertRepeatsMax = 4;
// Refusals of a renegotiation; after that a peer is not answered any more.
inline constexpr int kRefusalsMax = 4;

// Records of the peer's flight that one ACK of ours names at most (RFC 9147 §7.1).
inline constexpr std::size_t kAckRecordsMax = 32;

enum class CoreTimer : std::uint8_t { kAck };
constexpr std::string_view name(CoreTimer /*timer*/) { return "acknowledge part of a flight"; }

class Connection::Core {
 public:
  Core(const Config& config, Random& random, const Trace& trace);

  void start(Instant now);
  void close();
  void receive(Instant now, MutableBytes datagram);
  void on_time(Instant now);
  bool poll_transmit(Instant now, PacketBuffer& out);
  std::optional<Event> poll_event();
  void seal(PacketBuffer& packet);
  [[nodiscard]] std::size_t max_text() const {
    return session_.epochs.text_max(session_.epochs.write_epoch());
  }
  [[nodiscard]] Counters counters() const;
  void update_keys(bool ask_peer);
  bool request_connection_ids(std::uint8_t count);
  bool use_next_connection_id();
  void export_keys(std::string_view label, MutableBytes out) const;
  [[nodiscard]] Instant next_time() const {
    return std::min(session_.flight.next_time(), timers_.next());
  }

  [[nodiscard]] bool is_open() const { return machine_.is<connection_state::Open>(); }
  [[nodiscard]] bool is_closed() const { return machine_.is<connection_state::Over>(); }
  [[nodiscard]] const Session& session() const { return session_; }
  [[nodiscard]] Flight& flight() { return session_.flight; }

 private:
  struct EarlyRecord {
    ByteVector bytes;
    bool done = false;
  };

  // receive.cc
  void on_record(Instant now, const Record& record, MutableBytes whole);
  void on_plain_record(Instant now, const Record& record);
  [[nodiscard]] bool has_right_id(const Record& record);
  void on_sealed_record(Instant now, const Record& record, MutableBytes fragment);
  void on_opened(Instant now, const Record& record, MutableBytes text);
  [[nodiscard]] bool is_early(const Record& record) const;
  void keep_early(const Record& record, Bytes whole);
  void replay_early(Instant now);
  void dispatch(Instant now, const Record& record, MutableBytes text);
  void on_handshake(Instant now, const Record& record, Bytes text);
  void on_fragment(Instant now, const Record& record, const Fragment& fragment);
  void on_old_fragment(Instant now, const Fragment& fragment);
  void on_late_handshake(const Record& record, const Fragment& fragment);
  void deliver_messages(Instant now, std::uint64_t sequence);
  void on_change_cipher_spec(Instant now, const Record& record, Bytes text);
  void try_reading_sealed(Instant now);
  void on_alert(const Record& record, Bytes text);
  void drop(Rule rule, std::string_view why, Bytes packet);

  // receive13.cc
  [[nodiscard]] bool is_13() const {
    return std::holds_alternative<Client13>(handshake_) ||
           std::holds_alternative<Server13>(handshake_);
  }
  [[nodiscard]] bool may_be_13() const {
    return is_13() ||
           (machine_.is<connection_state::Handshaking>() && config_.max_version == Version::k13);
  }
  void on_unified(Instant now, const UnifiedRecord& record, MutableBytes whole);
  [[nodiscard]] bool has_right_id13(const UnifiedRecord& record, Bytes whole);
  void dispatch13(Instant now, const Record& record, MutableBytes text);
  void on_fragment13(Instant now, const Record& record, const Fragment& fragment);
  void on_old_fragment13(Instant now, const Record& record, const Fragment& fragment);
  [[nodiscard]] bool expects_plain() const;
  void on_ack(const Record& record, Bytes text);
  void note_for_ack(const Record& record);
  void settle_acks(Instant now);
  void send_ack();
  Step on_post_handshake(const Message& message);
  Step on_key_update(const Message& message);
  void send_key_update(bool ask_peer);
  void switch_write_keys();
  void watch_usage();
  Step on_message(Instant now, const Message& message, std::uint64_t sequence);
  void send_what_waits();

  // ids13.cc
  Step on_request_connection_id(const Message& message);
  Step on_new_connection_id(const Message& message);
  void give_connection_ids();

  // core.cc
  void complete(Instant now);
  void send_alert(AlertLevel level, Alert alert);
  void fail(Failure failure);
  void end(CloseReason reason, std::string text);
  [[nodiscard]] bool handshake_expects_finished() const;
  [[nodiscard]] bool handshake_is_complete() const;

  Config config_;
  Trace trace_;
  Session session_;
  std::variant<std::monostate, Client, Server, Client13, Server13> handshake_;
  Machine<kConnectionArrows, connection_state::New, connection_state::Handshaking,
          connection_state::Open, connection_state::Over>
      machine_;
  Counters counters_;
  std::vector<Event> events_;
  std::size_t next_event_ = 0;
  std::vector<EarlyRecord> early_;
  bool peer_changed_cipher_ = false;
  int refusals_ = 0;
  int alert_repeats_ = 0;
  std::optional<Alert> last_plain_alert_;
  Timers<CoreTimer, 1> timers_;
  std::vector<RecordNumber> to_ack_;        // of the flight that comes in
  std::optional<RecordNumber> not_to_ack_;  // of which something was thrown away
  bool ack_now_ = false;
  bool peer_has_keys_ = false;    // a sealed record of DTLS 1.3 has come
  bool key_update_sent_ = false;  // and not acknowledged yet
  bool key_update_wanted_ = false;
  bool datagram_is_foreign_ = false;        // the one that is being read
  bool datagram_has_id_ = false;            // the one that is being read
  std::optional<std::uint8_t> ids_wanted_;  // by the peer, and not given yet
  unsigned id_requests_ = 0;                // of the peer so far
  bool ids_requested_ = false;              // by us, and not given yet
  std::uint8_t ids_to_request_ = 0;
};

}  // namespace glass::dtls
