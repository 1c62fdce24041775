#include "dtls/core.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "dtls/client.h"
#include "dtls/client13.h"
#include "dtls/config.h"
#include "dtls/epochs.h"
#include "dtls/events.h"
#include "dtls/flight.h"
#include "dtls/messages/alert.h"
#include "dtls/server.h"
#include "dtls/server13.h"
#include "dtls/session.h"
#include "dtls/wire.h"

namespace glass::dtls {

using connection_state::Handshaking;
using connection_state::New;
using connection_state::Open;
using connection_state::Over;

Connection::Core::Core(const Config& config, Random& random, const Trace& trace)
    : config_(config),
      trace_(trace),
      session_(config_, random, trace),
      machine_("dtls connection", trace),
      timers_(trace) {}

void Connection::Core::start(Instant now) {
  CHECK(machine_.is<New>());
  machine_.move(Handshaking{});
  if (config_.role == Role::kClient)
    handshake_.emplace<Client>(session_).start(now);
  else
    handshake_.emplace<Server>(session_);
}

bool Connection::Core::handshake_expects_finished() const {
  if (const Client* client = std::get_if<Client>(&handshake_)) return client->expects_finished();
  const Server* const server = std::get_if<Server>(&handshake_);
  return server != nullptr && server->expects_finished();
}

bool Connection::Core::handshake_is_complete() const {
  if (const auto* client = std::get_if<Client13>(&handshake_)) return client->is_complete();
  if (const auto* server = std::get_if<Server13>(&handshake_)) return server->is_complete();
  if (const Client* client = std::get_if<Client>(&handshake_)) return client->is_complete();
  const Server* const server = std::get_if<Server>(&handshake_);
  return server != nullptr && server->is_complete();
}

void Connection::Core::complete(Instant now) {
  machine_.move(Open{});
  session_.transcript.clear();
  events_.emplace_back(session_.agreed);
  replay_early(now);
}

void Connection::Core::close() {
  if (is_closed()) return;
  // RFC 5246 §7.2.1: each side says that it is done. Before the handshake there is nobody to tell.
  if (!machine_.is<New>()) {
    trace_.rule("5246:7.2.1#0"_rule);
    send_alert(AlertLevel::kWarning, Alert::kCloseNotify);
  }
  end(CloseReason::kLocal, "closed here");
}

void Connection::Core::send_alert(AlertLevel level, Alert alert) {
  ByteVector text;
  Writer out(text);
  write(out, AlertMessage{.level = level, .description = alert});
  PacketBuffer packet;
  const std::uint64_t epoch = session_.epochs.write_epoch();
  session_.epochs.write(ContentType::kAlert, epoch, text, packet);
  const Bytes datagram = std::as_const(packet).bytes();
  session_.outbox.emplace_back(datagram.begin(), datagram.end());
  if (epoch == kPlain && level == AlertLevel::kFatal) last_plain_alert_ = alert;
}

void Connection::Core::fail(Failure failure) {
  trace_.rule("5246:7.2.2#3"_rule, Fact{"alert", to_text(failure.alert)});
  send_alert(AlertLevel::kFatal, failure.alert);
  end(failure.reason, std::move(failure.text));
}

// RFC 5246 §7.2.2: keys and secrets of a failed connection are forgotten, and we see no reason to
// keep those of one that ended well.
void Connection::Core::end(CloseReason reason, std::string text) {
  session_.flight.stop();
  timers_.stop(CoreTimer::kAck);
  session_.forget();
  machine_.move(Over{});
  events_.emplace_back(Closed{.reason = reason, .text = std::move(text)});
}

void Connection::Core::on_time(Instant now) {
  if (is_closed()) return;
  if (timers_.pop_expired(now)) send_ack();
  switch (session_.flight.on_time(now)) {
    case Flight::Expired::kNothing:
    case Flight::Expired::kRepeat: return;
    case Flight::Expired::kGiveUp:
      // A DTLS 1.3 client whose last flight nobody acknowledges has a working line all the same.
      if (is_open()) return session_.flight.on_finished();
      trace_.rule("6347:4.2.4#0"_rule, Fact{"gave up in", session_.flight.state_name()});
      return end(CloseReason::kTimeout, "the peer did not answer in time");
  }
}

bool Connection::Core::poll_transmit(Instant now, PacketBuffer& out) {
  if (!session_.outbox.empty()) {
    Writer(out).bytes(session_.outbox.front());
    session_.outbox.erase(session_.outbox.begin());
    return true;
  }
  return session_.flight.write_datagram(now, session_.epochs, out);
}

std::optional<Connection::Event> Connection::Core::poll_event() {
  if (next_event_ == events_.size()) {
    events_.clear();
    next_event_ = 0;
    return std::nullopt;
  }
  return std::move(events_[next_event_++]);
}

void Connection::Core::seal(PacketBuffer& packet) {
  CHECK(is_open());
  if (packet.size() > max_text()) {
    // RFC 8449 §4: the peer would throw it away.
    drop("8449:4#1"_rule, "longer than the peer takes", packet.bytes());
    return packet.clear();
  }
  session_.epochs.seal(ContentType::kApplicationData, packet);
  if (is_13()) return watch_usage();
  if (session_.epochs.sealed() < config_.limits.records_sealed) [[likely]]
    return;
  // RFC 6347 §4.1: rather no association than a number used twice.
  trace_.rule("6347:4.1#6"_rule, Fact{"records", session_.epochs.sealed()});
  send_alert(AlertLevel::kWarning, Alert::kCloseNotify);
  end(CloseReason::kKeysWornOut, "all record numbers are used up");
}

void Connection::Core::export_keys(std::string_view label, MutableBytes out) const {
  if (is_13()) {
    trace_.rule("8446:7.5#1"_rule, Fact{"label", label});
    return session_.keys13.export_keys(label, out);
  }
  trace_.rule("5705:4#0"_rule, Fact{"label", label});
  session_.keys.export_keys(label, out);
}

Counters Connection::Core::counters() const {
  Counters counters = counters_;
  counters.retransmits = session_.flight.retransmits();
  return counters;
}

}  // namespace glass::dtls
