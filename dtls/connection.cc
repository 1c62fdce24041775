#include "dtls/connection.h"

#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "dtls/config.h"
#include "dtls/core.h"
#include "dtls/events.h"

namespace glass::dtls {

std::string_view to_text(CloseReason reason) {
  switch (reason) {
    case CloseReason::kLocal: return "closed here";
    case CloseReason::kPeer: return "closed by the peer";
    case CloseReason::kPeerAlert: return "alert of the peer";
    case CloseReason::kHandshake: return "failed handshake";
    case CloseReason::kFingerprint: return "wrong certificate";
    case CloseReason::kTimeout: return "no answer";
    case CloseReason::kKeysWornOut: return "keys worn out";
  }
  return "unknown";
}

Connection::Connection(const Config& config, Random& random, const Trace& trace)
    : core_(std::make_unique<Core>(config, random, trace)) {}
Connection::~Connection() = default;

void Connection::start(Instant now) { core_->start(now); }
void Connection::close(Instant /*now*/) { core_->close(); }
void Connection::update_keys(Instant /*now*/) { core_->update_keys(true); }
void Connection::receive(Instant now, MutableBytes datagram) { core_->receive(now, datagram); }
void Connection::on_time(Instant now) { core_->on_time(now); }
Instant Connection::next_time() const { return core_->next_time(); }
bool Connection::poll_transmit(Instant now, PacketBuffer& out) {
  return core_->poll_transmit(now, out);
}
std::optional<Connection::Event> Connection::poll_event() { return core_->poll_event(); }
bool Connection::is_open() const { return core_->is_open(); }
bool Connection::is_closed() const { return core_->is_closed(); }
void Connection::seal(PacketBuffer& packet) { core_->seal(packet); }

bool Connection::export_keys(std::string_view label, MutableBytes out) const {
  if (!is_open()) return false;
  core_->export_keys(label, out);
  return true;
}

Bytes Connection::peer_certificate() const { return core_->session().peer_certificate; }
std::size_t Connection::max_payload() const { return core_->max_text(); }
bool Connection::request_connection_ids(Instant /*now*/, std::uint8_t count) {
  return core_->request_connection_ids(count);
}
bool Connection::use_next_connection_id(Instant /*now*/) { return core_->use_next_connection_id(); }
std::uint32_t Connection::flight_number() const { return core_->session().flight.number(); }
void Connection::pause_timers(Instant /*now*/) { core_->flight().pause(); }
void Connection::resume_timers(Instant now, Duration rto) { core_->flight().resume(now, rto); }
Counters Connection::counters() const { return core_->counters(); }
Duration Connection::rto() const { return core_->session().flight.rto(); }

}  // namespace glass::dtls
