#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/bytes.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "dtls/client13.h"
#include "dtls/config.h"
#include "dtls/core.h"
#include "dtls/epochs13.h"
#include "dtls/events.h"
#include "dtls/flight.h"
#include "dtls/handshake.h"
#include "dtls/key_schedule13.h"
#include "dtls/messages/ack.h"
#include "dtls/messages/key_update.h"
#include "dtls/messages/message_error.h"
#include "dtls/messages/new_session_ticket.h"
#include "dtls/record.h"
#include "dtls/record13.h"
#include "dtls/replay_window.h"
#include "dtls/server13.h"
#include "dtls/session.h"
#include "dtls/session13.h"
#include "dtls/wire.h"

// What is different inside a connection of DTLS 1.3: sealed records, acknowledgements, new keys.

namespace glass::dtls {

using connection_state::Handshaking;

void Connection::Core::on_unified(Instant now, const UnifiedRecord& record, MutableBytes whole) {
  if (is_closed()) return drop("8446:6.1#1"_rule, "the connection is closed", whole);
  if (!has_right_id13(record, whole)) return;
  if (!session_.epochs.later.is_reading(record.epoch_bits)) {
    if (!machine_.is<Handshaking>())
      return drop("9147:6.1#1"_rule, "record of an epoch without keys", whole);
    if (early_.size() == kEarlyRecordsMax)
      return drop("9147:4.2.1#2"_rule, "too many early records", whole);
    trace_.rule("9147:4.2.1#2"_rule, Fact{"epoch_bits", record.epoch_bits});
    early_.push_back({
        .bytes = {whole.begin(), whole.end()}
    });
    return;
  }
  const auto opened = session_.epochs.later.open(record, whole);
  if (!opened) {
    ++counters_.failed;
    trace_.rule("9147:4.5.3#3"_rule, Fact{"failed", counters_.failed});
    drop("9147:4.5.2#1"_rule, "record not sealed by the peer", whole);
    if (counters_.failed < config_.limits.records_failed) return;
    trace_.rule("9147:4.5.3#4"_rule, Fact{"failed", counters_.failed});
    return end(CloseReason::kKeysWornOut, "too many forged records");
  }
  if (opened->verdict != ReplayWindow::Verdict::kNew) {
    ++counters_.replayed;
    return drop("9147:4.5.1#3"_rule, "replayed record", whole);
  }
  peer_has_keys_ = true;
  if (opened->record.text.size() > kPlaintextMax)
    return drop("8446:5.1#15"_rule, "more text than a record may hold", whole);
  if (opened->record.text.size() > session_.receive_max)
    return drop("8449:4#6"_rule, "more text than we said we take", whole);
  dispatch13(now,
             Record{.type = opened->record.type,
                    .version = kDtls12,
                    .epoch = opened->epoch,
                    .sequence = opened->record.sequence,
                    .fragment = opened->record.text},
             opened->record.text);
}

// RFC 9147 §4: once ids are agreed on, the first record of a datagram bears one at least.
bool Connection::Core::has_right_id13(const UnifiedRecord& record, Bytes whole) {
  const ConnectionIds& ids = session_.epochs.ids;
  if (record.has_connection_id && record.connection_id.empty()) {
    drop("9147:9.1#1"_rule, "record with a connection id that was not agreed on", whole);
    return false;
  }
  if (!record.has_connection_id) {
    if (!ids.are_wanted() || datagram_has_id_) return true;
    drop("9147:4#8"_rule, "record without the connection id", whole);
    return false;
  }
  datagram_has_id_ = ids.is_own(record.connection_id);
  datagram_is_foreign_ = !datagram_has_id_;
  if (datagram_is_foreign_) drop("9147:4#10"_rule, "record with another connection id", whole);
  return datagram_has_id_;
}

void Connection::Core::dispatch13(Instant now, const Record& record, MutableBytes text) {
  switch (record.type) {
    case ContentType::kApplicationData:
      if (record.epoch < kApplicationEpoch)
        return drop("9147:6.1#0"_rule, "application data in the epoch of the handshake", text);
      if (!text.empty()) events_.emplace_back(Plaintext{text});
      return;
    case ContentType::kAlert:
    case ContentType::kHandshake:
      if (text.empty()) {
        trace_.rule("8446:5.4#3"_rule);
        return fail({.alert = Alert::kUnexpectedMessage, .text = "an empty record of its kind"});
      }
      if (record.type == ContentType::kAlert) return on_alert(record, text);
      return on_handshake(now, record, text);
    case ContentType::kAck: return on_ack(record, text);
    case ContentType::kChangeCipherSpec:
    case ContentType::kTls12Cid: break;
  }
  trace_.rule("8446:5.4#5"_rule, Fact{"type", std::to_underlying(record.type)});
  fail({.alert = Alert::kUnexpectedMessage, .text = "a record of a kind that has no place here"});
}

bool Connection::Core::expects_plain() const {
  if (const auto* client = std::get_if<Client13>(&handshake_)) return client->expects_plain();
  const auto* const server = std::get_if<Server13>(&handshake_);
  return server != nullptr && server->expects_plain();
}

// RFC 9147 §6.1: hellos come in plain, the rest of the handshake in epoch 2, what follows it in the
// epochs behind. A message in another one is not the peer's, or none that we could trust.
void Connection::Core::on_fragment13(Instant now, const Record& record, const Fragment& fragment) {
  Reassembly& reassembly = session_.reassembly;
  if (reassembly.is_old(fragment)) return on_old_fragment13(now, record, fragment);
  const bool is_right_epoch = is_open()         ? record.epoch >= kApplicationEpoch
                              : expects_plain() ? record.epoch == kPlain
                                                : record.epoch == kHandshakeEpoch;
  if (!is_right_epoch)
    return drop("9147:6.1#0"_rule, "handshake message in the wrong epoch", fragment.bytes);
  // RFC 9147 §7.1: something is missing, and the peer had better know.
  if (reassembly.is_ahead(fragment)) ack_now_ = true;
  const RecordNumber number{.epoch = record.epoch, .sequence = record.sequence};
  if (!reassembly.add(fragment)) {
    // RFC 9147 §7: a record of which not all is kept has to come again.
    trace_.rule("9147:7#1"_rule, Fact{"sequence", record.sequence});
    not_to_ack_ = number;
    std::erase(to_ack_, number);
    return;
  }
  // RFC 9147 §7.2: whoever answers has what it answers. From here on the peer's timer is the one.
  if (machine_.is<Handshaking>() && record.epoch == kHandshakeEpoch) {
    trace_.rule("9147:7.2#5"_rule);
    session_.flight.on_answered();
  }
  note_for_ack(record);
  if (is_open()) ack_now_ = true;  // nothing else will tell the peer
  deliver_messages(now, record.sequence);
}

// The peer has not heard from us. RFC 9147 §5.8.1: a server answers the client's last flight with
// its ACK once more; what has an answer of ours is answered with that.
void Connection::Core::on_old_fragment13(Instant now, const Record& record,
                                         const Fragment& fragment) {
  const bool is_final = is_open() && record.epoch >= kHandshakeEpoch &&
                        (config_.role == Role::kServer || record.epoch >= kApplicationEpoch);
  if (is_final) {
    trace_.rule("9147:5.8.1#2"_rule, Fact{"sequence", record.sequence});
    note_for_ack(record);
    ack_now_ = true;
  }
  if (fragment.ends_message()) session_.flight.on_repeated(now, fragment.message_seq);
  drop("9147:5.2#1"_rule, "handshake message dealt with before", fragment.bytes);
}

void Connection::Core::note_for_ack(const Record& record) {
  const RecordNumber number{.epoch = record.epoch, .sequence = record.sequence};
  if (number == not_to_ack_ || std::ranges::find(to_ack_, number) != to_ack_.end()) return;
  if (to_ack_.size() == kAckRecordsMax) to_ack_.erase(to_ack_.begin());
  to_ack_.push_back(number);
}

// After each datagram. A flight of ours acknowledges the peer's by itself (RFC 9147 §7.1); part of
// a flight is acknowledged after a quarter of the timer, or at once when a piece is missing.
void Connection::Core::settle_acks(Instant now) {
  const bool is_answered = session_.flight.is_sending() && !is_open();
  if (is_answered || (is_open() && config_.role == Role::kClient && !ack_now_)) {
    to_ack_.clear();
    ack_now_ = false;
    timers_.stop(CoreTimer::kAck);
    return;
  }
  if (to_ack_.empty()) return;
  if (ack_now_ || is_open()) return send_ack();
  if (timers_.next() == kNever) timers_.set(CoreTimer::kAck, now + session_.flight.rto() / 4);
}

// In the highest epoch we write, which is never below that of what is acknowledged.
void Connection::Core::send_ack() {
  timers_.stop(CoreTimer::kAck);
  ack_now_ = false;
  if (to_ack_.empty() || is_closed()) return;
  std::ranges::sort(to_ack_, {},
                    [](const RecordNumber& n) { return std::pair(n.epoch, n.sequence); });
  // RFC 8449 §4 and the MTU hold for ACKs too; what is left out has been named before, or will be
  // asked for.
  const std::uint64_t write_epoch = session_.epochs.write_epoch();
  const std::size_t room = usable_mtu(config_) - session_.epochs.overhead(write_epoch);
  const std::size_t most =
      (std::min(session_.epochs.text_max(write_epoch), room) - kAckListHeaderSize) /
      kRecordNumberSize;
  if (to_ack_.size() > most)
    to_ack_.erase(to_ack_.begin(), to_ack_.end() - static_cast<std::ptrdiff_t>(most));
  trace_.rule(is_open() ? "9147:7.1#5"_rule : "9147:7.1#1"_rule, Fact{"records", to_ack_.size()});
  ByteVector text;
  Writer out(text);
  write(out, AckMessage{.record_numbers = to_ack_});
  PacketBuffer packet;
  trace_.rule("9147:7#6"_rule, Fact{"epoch", write_epoch});
  session_.epochs.write(ContentType::kAck, write_epoch, text, packet);
  const Bytes datagram = std::as_const(packet).bytes();
  session_.outbox.emplace_back(datagram.begin(), datagram.end());
  if (is_open()) to_ack_.clear();
}

void Connection::Core::on_ack(const Record& record, Bytes text) {
  Reader in(text);
  auto ack = parse_ack(in);
  if (!ack) return drop("9147:4.5.2#1"_rule, "malformed ACK", text);
  // Anybody can write an ACK in plain: it counts for what was sent in plain.
  if (record.epoch == kPlain)
    std::erase_if(ack->record_numbers, [](const RecordNumber& n) { return n.epoch != kPlain; });
  if (!session_.flight.on_ack(ack->record_numbers)) return;
  if (!is_open()) return;
  session_.flight.on_finished();
  session_.transcript.clear();  // what is said in an open connection is not digested
  if (key_update_sent_) switch_write_keys();
  send_what_waits();
}

// RFC 9147 §5.8.4: one message at a time waits for its ACK; this is the next.
void Connection::Core::send_what_waits() {
  if (key_update_wanted_) return send_key_update(false);
  if (ids_wanted_) return give_connection_ids();
  if (ids_to_request_ > 0) request_connection_ids(ids_to_request_);
}

Step Connection::Core::on_post_handshake(const Message& message) {
  switch (message.type) {
    case HandshakeType::kKeyUpdate: return on_key_update(message);
    case HandshakeType::kNewSessionTicket: {
      if (config_.role != Role::kClient) break;
      Reader in(message.body);
      if (const auto ticket = parse_new_session_ticket(in); !ticket)
        return glass::dtls::fail(message.type, ticket.error());
      trace_.rule("9147:7#3"_rule);  // acknowledged, and not kept: we do not resume
      return {};
    }
    case HandshakeType::kRequestConnectionId: return on_request_connection_id(message);
    case HandshakeType::kNewConnectionId: return on_new_connection_id(message);
    case HandshakeType::kCertificateRequest: trace_.rule("8446:4.6.2#6"_rule); break;
    default: trace_.rule("8446:4.1.2#3"_rule); break;
  }
  return glass::dtls::fail(Alert::kUnexpectedMessage,
                           std::string(to_text(message.type)) + " in an open connection");
}

// RFC 9147 §8: the keys that were read with stay beside the new ones, since our ACK may get lost.
Step Connection::Core::on_key_update(const Message& message) {
  Reader in(message.body);
  const auto update = parse_key_update(in);
  if (!update) return glass::dtls::fail(message.type, update.error());
  KeySchedule13& keys = session_.keys13;
  const std::uint64_t epoch = session_.epochs.later.read_epoch() + 1;
  trace_.rule("8446:4.6.3#3"_rule, Fact{"epoch", epoch});
  trace_.rule("9147:8#4"_rule, Fact{"kept", epoch - 1});
  keys.update(config_.role == Role::kClient ? keys.server_application : keys.client_application);
  begin_reading(session_, epoch);
  if (!update->update_requested) return {};
  trace_.rule("8446:4.6.3#5"_rule);
  send_key_update(false);
  return {};
}

void Connection::Core::update_keys(bool ask_peer) {
  if (is_open() && is_13()) send_key_update(ask_peer);
}

void Connection::Core::send_key_update(bool ask_peer) {
  if (!session_.flight.is_idle()) {
    // RFC 9147 §5.8.4: one at a time; and only the peer's wish is remembered.
    trace_.rule("9147:5.8.4#3"_rule);
    key_update_wanted_ = key_update_wanted_ || (!ask_peer && !key_update_sent_);
    return;
  }
  key_update_wanted_ = false;
  key_update_sent_ = true;
  trace_.rule("9147:8#1"_rule, Fact{"epoch", session_.epochs.write_epoch()});
  session_.send(HandshakeType::kKeyUpdate, body_bytes(KeyUpdate{.update_requested = ask_peer}));
  session_.flight.launch(Flight::Kind::kNotLast, session_.reassembly.next_receive_seq());
}

// RFC 9147 §8: not before the peer has said that it knows.
void Connection::Core::switch_write_keys() {
  KeySchedule13& keys = session_.keys13;
  const std::uint64_t epoch = session_.epochs.write_epoch() + 1;
  trace_.rule("9147:8#2"_rule, Fact{"epoch", epoch});
  key_update_sent_ = false;
  keys.update(config_.role == Role::kClient ? keys.client_application : keys.server_application);
  begin_writing(session_, epoch);
}

// RFC 9147 §4.5.3: new keys in good time; without them the association ends before the limit.
void Connection::Core::watch_usage() {
  const std::uint64_t sealed = session_.epochs.later.sealed();
  const std::uint64_t soon = config_.limits.records_before_update;
  if (sealed < soon) [[likely]]
    return;
  if (sealed == soon) {
    trace_.rule("9147:4.5.3#2"_rule, Fact{"records", sealed});
    return send_key_update(false);
  }
  if (sealed < soon + soon / 4) return;
  trace_.rule("9147:4.5.3#1"_rule, Fact{"records", sealed});
  send_alert(AlertLevel::kWarning, Alert::kCloseNotify);
  end(CloseReason::kKeysWornOut, "the peer takes no new keys");
}

}  // namespace glass::dtls
