#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/bytes.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "dtls/client.h"
#include "dtls/client13.h"
#include "dtls/config.h"
#include "dtls/core.h"
#include "dtls/epochs.h"
#include "dtls/events.h"
#include "dtls/handshake.h"
#include "dtls/messages/alert.h"
#include "dtls/offer.h"
#include "dtls/record.h"
#include "dtls/record13.h"
#include "dtls/replay_window.h"
#include "dtls/server.h"
#include "dtls/server13.h"
#include "dtls/session.h"
#include "dtls/wire.h"

namespace glass::dtls {

using connection_state::Handshaking;
using connection_state::New;

void Connection::Core::drop(Rule rule, std::string_view why, Bytes packet) {
  ++counters_.dropped;
  trace_.drop(rule, why, packet);
}

// RFC 6347 §4.1.1: a datagram holds whole records, one or more. What is wrong with one of them is
// no reason to end anything (§4.1.2.7).
void Connection::Core::receive(Instant now, MutableBytes datagram) {
  if (!machine_.is<Handshaking>()) early_.clear();  // the events that point there are taken
  datagram_has_id_ = false;
  datagram_is_foreign_ = false;
  const std::size_t id_size = session_.epochs.ids.own_size();
  Reader in(datagram);
  for (std::size_t count = 0; in.left() > 0; ++count) {
    const std::size_t begin = in.at();
    const Bytes rest = in.rest();
    if (datagram_is_foreign_)
      return drop("9147:4#10"_rule, "behind a record of another association", rest);
    if (machine_.is<New>()) return drop("6347:4.2#0"_rule, "the handshake has not begun", rest);
    if (count == kRecordsPerDatagramMax)
      return drop("6347:4.1.2.7#1"_rule, "too many records in a datagram", rest);
    if (is_unified(rest.front()) && may_be_13()) {
      const auto sealed = parse_unified(in, id_size);
      if (!sealed) return drop("9147:4.5.2#1"_rule, to_text(sealed.error()), rest);
      on_unified(now, *sealed, datagram.subspan(begin, in.at() - begin));
      continue;
    }
    const auto record = parse_record(in, id_size);
    if (!record) return drop("6347:4.1.2.7#1"_rule, to_text(record.error()), rest);
    on_record(now, *record, datagram.subspan(begin, in.at() - begin));
  }
  if (is_13() && !is_closed()) settle_acks(now);
}

void Connection::Core::on_record(Instant now, const Record& record, MutableBytes whole) {
  if (is_closed()) {
    // RFC 6347 §4.2.7: alerts get lost; a peer that goes on is told again.
    if (last_plain_alert_ && record.epoch == kPlain && record.type == ContentType::kHandshake &&
        alert_repeats_ < kAlertRepeatsMax) {
      ++alert_repeats_;
      trace_.rule("6347:4.2.7#1"_rule, Fact{"alert", to_text(*last_plain_alert_)});
      send_alert(AlertLevel::kFatal, *last_plain_alert_);
    }
    return drop("5246:7.2.1#1"_rule, "the connection is closed", whole);
  }
  if (record.epoch > kSealed || (is_13() && record.epoch != kPlain))
    return drop("6347:4.1.2.7#1"_rule, "unknown epoch", whole);
  // RFC 9147 §4: in DTLS 1.3 the version of a record says nothing.
  if (session_.agreed.cipher_suite != 0 && session_.epochs.has_keys() && record.version != kDtls12)
    return drop("6347:4.1.2.7#1"_rule, "record of another version than agreed", whole);
  if (is_early(record)) return keep_early(record, whole);
  if (record.epoch == kPlain) return on_plain_record(now, record);
  if (!has_right_id(record)) return;
  on_sealed_record(now, record, whole.subspan(record_header_size(record)));
}

// RFC 9146 §3: with ids agreed on, a sealed record bears one of ours, and else none.
bool Connection::Core::has_right_id(const Record& record) {
  const ConnectionIds& ids = session_.epochs.ids;
  if (record.connection_id.empty() && record.type == ContentType::kTls12Cid) {
    drop("9146:5#1"_rule, "record with a connection id that was not agreed on", record.fragment);
    return false;
  }
  if (record.connection_id.empty() && ids.are_wanted()) {
    trace_.rule("9146:3#5"_rule);
    drop("9146:3#6"_rule, "record without the connection id", record.fragment);
    return false;
  }
  if (record.connection_id.empty() || (ids.is_agreed() && ids.is_own(record.connection_id)))
    return true;
  drop("9146:6#2"_rule, "record with another connection id", record.fragment);
  return false;
}

// RFC 6347 §4.1 and §4.2.4: what is sealed waits for the keys, and data for Finished.
bool Connection::Core::is_early(const Record& record) const {
  if (record.epoch != kSealed || is_open()) return false;
  return session_.epochs.read_epoch() != kSealed || record.type == ContentType::kApplicationData;
}

void Connection::Core::keep_early(const Record& record, Bytes whole) {
  const Rule rule =
      record.type == ContentType::kApplicationData ? "6347:4.2.4#2"_rule : "6347:4.1#4"_rule;
  if (early_.size() == kEarlyRecordsMax) return drop(rule, "too many early records", whole);
  trace_.rule(rule, Fact{"sequence", record.sequence});
  early_.push_back({
      .bytes = {whole.begin(), whole.end()}
  });
}

// In the order of arrival, those that can be used by now.
void Connection::Core::replay_early(Instant now) {
  for (std::size_t i = 0; i < early_.size(); ++i) {
    if (early_[i].done) continue;
    Reader in(early_[i].bytes);
    if (is_unified(early_[i].bytes.front())) {
      const auto sealed = parse_unified(in, session_.epochs.ids.own_size());
      if (!sealed || !session_.epochs.later.is_reading(sealed->epoch_bits)) continue;
      early_[i].done = true;
      on_unified(now, *sealed, early_[i].bytes);
      if (is_closed()) return;
      continue;
    }
    const auto record = parse_record(in, session_.epochs.ids.own_size());
    if (!record || is_early(*record)) continue;
    early_[i].done = true;
    on_record(now, *record, early_[i].bytes);
    if (is_closed()) return;
  }
}

// Anybody can write such a record, so only a handshake that still goes on listens to all of them,
// and the window serves to recognise what the network has doubled: a forged high number must not
// lock the true ones out.
void Connection::Core::on_plain_record(Instant now, const Record& record) {
  if (session_.epochs.check(record) == ReplayWindow::Verdict::kSeen) {
    ++counters_.replayed;
    return drop("6347:4.1.2.6#3"_rule, "replayed record", record.fragment);
  }
  session_.epochs.note(record);
  const bool is_handshake = record.type == ContentType::kHandshake;
  if (session_.epochs.read_epoch() == kSealed && !is_handshake)
    return drop("6347:4.1#2"_rule, "record of the old epoch", record.fragment);
  if (session_.epochs.read_epoch() == kSealed && machine_.is<Handshaking>())
    trace_.rule("6347:4.1#3"_rule, Fact{"sequence", record.sequence});
  if (record.type == ContentType::kApplicationData)
    return drop("5246:7.3#3"_rule, "application data without protection", record.fragment);
  // Nothing of a record in plain can be trusted once the peer is known to have keys.
  if (is_13() && peer_has_keys_ && !is_handshake)
    return drop("9147:4.5.2#1"_rule, "record in plain after the keys", record.fragment);
  // Nothing is decrypted, so the text is not written to.
  ByteVector copy(record.fragment.begin(), record.fragment.end());
  dispatch(now, record, copy);
}

void Connection::Core::on_sealed_record(Instant now, const Record& record, MutableBytes fragment) {
  if (session_.epochs.check(record) != ReplayWindow::Verdict::kNew) {
    ++counters_.replayed;
    return drop("6347:4.1.2.6#3"_rule, "replayed record", fragment);
  }
  const std::optional<MutableBytes> text = session_.epochs.open(record, fragment);
  if (!text) {
    ++counters_.failed;
    drop("6347:4.1.2.6#7"_rule, "record not sealed by the peer", fragment);
    if (counters_.failed < config_.limits.records_failed) return;
    // RFC 9147 §4.5.3: so many guesses could hit one day.
    trace_.rule("9147:4.5.3#4"_rule, Fact{"failed", counters_.failed});
    return end(CloseReason::kKeysWornOut, "too many forged records");
  }
  session_.epochs.note(record);
  if (record.connection_id.empty()) return on_opened(now, record, *text);
  // RFC 9146 §4: the true type is the last byte that is not zero.
  if (text->size() > kPlaintextMax)
    return drop("9146:5#2"_rule, "more text than a record may hold", fragment);
  MutableBytes inside = *text;
  while (!inside.empty() && inside.back() == 0) inside = inside.first(inside.size() - 1);
  if (inside.empty()) return drop("9146:6#2"_rule, "a record of no type", fragment);
  Record real = record;
  real.type = ContentType{inside.back()};
  on_opened(now, real, inside.first(inside.size() - 1));
}

void Connection::Core::on_opened(Instant now, const Record& record, MutableBytes text) {
  if (text.size() > kPlaintextMax)
    return drop("5246:6.2.1#2"_rule, "more text than a record may hold", text);
  if (text.size() > session_.receive_max)
    return drop("8449:4#6"_rule, "more text than we said we take", text);
  // Behind an id the type is hidden until now.
  if (record.type == ContentType::kApplicationData && !is_open())
    return drop("6347:4.2.4#2"_rule, "application data before Finished", text);
  dispatch(now, record, text);
}

void Connection::Core::dispatch(Instant now, const Record& record, MutableBytes text) {
  switch (record.type) {
    case ContentType::kApplicationData:
      // RFC 5246 §6.2.1: records without text are allowed and say nothing.
      if (!text.empty()) events_.emplace_back(Plaintext{text});
      return;
    case ContentType::kHandshake: return on_handshake(now, record, text);
    case ContentType::kChangeCipherSpec: return on_change_cipher_spec(now, record, text);
    case ContentType::kAlert: return on_alert(record, text);
    case ContentType::kAck:
      if (is_13()) return on_ack(record, text);
      break;
    case ContentType::kTls12Cid: break;  // not inside itself
  }
  drop("6347:4.1.2.7#1"_rule, "unknown content type", text);
}

void Connection::Core::on_handshake(Instant now, const Record& record, Bytes text) {
  if (text.empty()) return drop("5246:6.2.1#3"_rule, "handshake record without text", text);
  Reader in(text);
  while (in.left() > 0 && !is_closed()) {
    const Bytes rest = in.rest();
    const auto fragment = parse_fragment(in);
    if (!fragment) return drop("6347:4.2.3#2"_rule, to_text(fragment.error()), rest);
    on_fragment(now, record, *fragment);
  }
}

void Connection::Core::on_fragment(Instant now, const Record& record, const Fragment& fragment) {
  if (is_13()) return on_fragment13(now, record, fragment);
  Reassembly& reassembly = session_.reassembly;
  const bool is_finished = fragment.type == HandshakeType::kFinished;
  Server* const server = std::get_if<Server>(&handshake_);
  const bool is_hello = fragment.type == HandshakeType::kClientHello;
  if (server != nullptr && server->expects_hello()) {
    if (!is_hello)
      return drop("5246:7.4#1"_rule, "a handshake begins with a hello", fragment.bytes);
    // RFC 6347 §4.2.2: a server without state takes the number that the client has come to.
    if (config_.cookie_exchange && fragment.message_seq != reassembly.next_receive_seq())
      reassembly.restart_at(fragment.message_seq);
  }
  if (record.epoch == kSealed && !is_finished) return on_late_handshake(record, fragment);
  if (record.epoch == kPlain && is_finished)
    return drop("5246:7.1#2"_rule, "Finished without protection", fragment.bytes);
  if (reassembly.is_old(fragment)) return on_old_fragment(now, fragment);
  if (!machine_.is<Handshaking>())
    return drop("6347:4.2.8#1"_rule, "handshake message after the handshake", fragment.bytes);
  if (reassembly.add(fragment)) deliver_messages(now, record.sequence);
}

// RFC 6347 §4.2.4: the end of the peer's flight, once more, says that ours has not arrived.
void Connection::Core::on_old_fragment(Instant now, const Fragment& fragment) {
  if (fragment.ends_message()) session_.flight.on_repeated(now, fragment.message_seq);
  drop("6347:4.2.2#1"_rule, "handshake message dealt with before", fragment.bytes);
}

// RFC 8827 §6.5: one handshake per connection. The peer learns so, but may not make us talk.
void Connection::Core::on_late_handshake(const Record& record, const Fragment& fragment) {
  const bool asks =
      fragment.type == HandshakeType::kHelloRequest || fragment.type == HandshakeType::kClientHello;
  if (asks && fragment.offset == 0 && refusals_ < kRefusalsMax) {
    ++refusals_;
    trace_.rule("8827:6.5#13"_rule, Fact{"asked", to_text(fragment.type)},
                Fact{"sequence", record.sequence});
    send_alert(AlertLevel::kWarning, Alert::kNoRenegotiation);
  }
  drop("8827:6.5#13"_rule, "no handshake inside a connection", fragment.bytes);
}

void Connection::Core::deliver_messages(Instant now, std::uint64_t sequence) {
  while (const std::optional<Message> message = session_.reassembly.pop()) {
    Step step = on_message(now, *message, sequence);
    if (!step) return fail(std::move(step).error());
    if (handshake_is_complete() && machine_.is<Handshaking>()) return complete(now);
    if (is_13()) replay_early(now);
    if (is_closed()) return;
  }
  if (!is_13()) try_reading_sealed(now);
}

// The hello of a server, or of a client, decides which of the two versions goes on from here.
Step Connection::Core::on_message(Instant now, const Message& message, std::uint64_t sequence) {
  if (is_open()) return on_post_handshake(message);
  if (Client* client = std::get_if<Client>(&handshake_)) {
    const bool is_hello = message.type == HandshakeType::kServerHello;
    if (!is_hello || config_.max_version != Version::k13 || !client->expects_server_hello() ||
        !Client13::is_chosen(message))
      return client->on_message(message);
    Offer offer = client->take_offer();
    return handshake_.emplace<Client13>(session_, std::move(offer)).on_message(message);
  }
  if (Server* server = std::get_if<Server>(&handshake_)) {
    const bool is_hello = message.type == HandshakeType::kClientHello;
    if (!is_hello || !server->expects_hello() || !Server13::is_wanted(config_, message))
      return server->on_message(now, message, sequence);
    return handshake_.emplace<Server13>(session_).on_message(now, message);
  }
  if (Client13* client = std::get_if<Client13>(&handshake_)) return client->on_message(message);
  if (Server13* server = std::get_if<Server13>(&handshake_))
    return server->on_message(now, message);
  return {};
}

// RFC 6347 §4.2.5. It has no number of its own, so it may come before the messages that it stands
// behind: then it takes effect when they have been dealt with. That we derive keys from nothing but
// a whole key exchange makes it harmless.
void Connection::Core::on_change_cipher_spec(Instant now, const Record& record, Bytes text) {
  if (is_13()) return drop("9147:5#1"_rule, "ChangeCipherSpec in DTLS 1.3", text);
  constexpr std::uint8_t kTheOnlyValue = 1;
  if (record.epoch != kPlain || text.size() != 1 || text.front() != kTheOnlyValue)
    return drop("6347:4.1.2.7#1"_rule, "not a ChangeCipherSpec", text);
  peer_changed_cipher_ = true;
  try_reading_sealed(now);
}

void Connection::Core::try_reading_sealed(Instant now) {
  if (!peer_changed_cipher_ || session_.epochs.read_epoch() == kSealed) return;
  if (!handshake_expects_finished() || !session_.epochs.has_keys()) return;
  trace_.rule("5246:7.1#0"_rule);
  session_.epochs.begin_reading();
  replay_early(now);
}

void Connection::Core::on_alert(const Record& record, Bytes text) {
  Reader in(text);
  const auto alert = parse_alert(in);
  if (!alert) return drop("6347:4.1.2.7#1"_rule, "malformed alert", text);
  if (alert->description == Alert::kCloseNotify) {
    trace_.rule("5246:7.2.1#1"_rule, Fact{"epoch", record.epoch});
    send_alert(AlertLevel::kWarning, Alert::kCloseNotify);
    return end(CloseReason::kPeer, "the peer has closed");
  }
  // RFC 8446 §6: in DTLS 1.3 the level counts for nothing.
  if (is_13() && alert->description != Alert::kUserCanceled) {
    trace_.rule("8446:6#4"_rule, Fact{"alert", to_text(alert->description)});
  } else if (alert->level == AlertLevel::kWarning) {
    trace_.rule("5246:7.2.2#4"_rule, Fact{"alert", to_text(alert->description)});
    return;
  }
  trace_.rule("5246:7.2.2#1"_rule, Fact{"alert", to_text(alert->description)},
              Fact{"number", std::to_underlying(alert->description)});
  end(CloseReason::kPeerAlert,
      "the peer has given up: " + std::string(to_text(alert->description)));
}

}  // namespace glass::dtls
