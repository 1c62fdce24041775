// dtls/connection.h - one DTLS association: a handshake, then records both ways.
//
// A LayerMachine: datagrams in, datagrams and events out. Knows no addresses and no SCTP. The
// handshake is client.cc or server.cc, its resending flight.h, the records record.h.
// RFC 6347; RFC 8827 §6.5 for what WebRTC makes of it.  Tested by: connection_test.cc, and against
// OpenSSL by openssl_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "dtls/config.h"
#include "dtls/events.h"
#include "dtls/record.h"

namespace glass::dtls {

// Records that did no harm.
struct Counters {
  std::uint64_t dropped = 0;      // all below, and the malformed
  std::uint64_t replayed = 0;     // seen before, or too old to tell
  std::uint64_t failed = 0;       // not sealed by the peer
  std::uint64_t retransmits = 0;  // flights sent again
};

class Connection {
 public:
  using Event = std::variant<Connected, Plaintext, Closed>;

  Connection(const Config& config, Random& random, const Trace& trace);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The client writes its first flight, the server begins to listen. What comes before is dropped.
  void start(Instant now);
  // Says close_notify, forgets the keys, ends.
  void close(Instant now);

  // DTLS 1.3: new keys for what we send, and the peer is asked for the same (RFC 9147 §8). Nothing
  // in DTLS 1.2, before the handshake is done, or while the last update is on its way.
  void update_keys(Instant now);

  // One datagram from below; Plaintext events point into it.
  void receive(Instant now, MutableBytes datagram);
  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const;
  // Handshake flights and alerts, as whole datagrams of at most Config::mtu. Appends to `out`.
  bool poll_transmit(Instant now, PacketBuffer& out);
  std::optional<Event> poll_event();

  [[nodiscard]] bool is_open() const;
  [[nodiscard]] bool is_closed() const;
  // How much longer seal() makes a payload at most, whatever is agreed on (RFC 6347 §4.1.1.1); with
  // connection ids up to kConnectionIdMax + 1 bytes more.
  [[nodiscard]] static constexpr std::size_t overhead() {
    return kRecordHeaderSize + kSealOverhead;
  }
  // The longest payload that the peer takes (RFC 8449 §4).
  [[nodiscard]] std::size_t max_payload() const;
  // Makes one record of the bytes in `packet`, in place. Only while is_open(). More bytes than
  // max_payload() make none: the packet is empty then.
  void seal(PacketBuffer& packet);

  // DTLS 1.3 with connection ids (RFC 9147 §9): asks the peer for more of them; false: there are
  // none, or an earlier wish waits. Then: from here on the next one the peer has given; false: none
  // is left. To be called when packets begin to take another path.
  bool request_connection_ids(Instant now, std::uint8_t count);
  bool use_next_connection_id(Instant now);

  // For flights that travel inside other packets, such as STUN's, before there is a path. What
  // poll_transmit() wrote is carried again and again by the caller, until this number grows: then
  // those datagrams are of no use any more.
  [[nodiscard]] std::uint32_t flight_number() const;
  // Nothing is repeated by itself (the limit of the handshake goes on), and then again: first `rto`
  // from now (RFC 9147 §5.8.2: known from the round trip of the path).
  void pause_timers(Instant now);
  void resume_timers(Instant now, Duration rto);
  // RFC 5705 §4 or RFC 8446 §7.5, without a context. False when not open.
  [[nodiscard]] bool export_keys(std::string_view label, MutableBytes out) const;
  // The peer's certificate, once it has been checked; empty before.
  [[nodiscard]] Bytes peer_certificate() const;
  [[nodiscard]] Counters counters() const;
  // How long the current timer runs: 50 ms, 100 ms, ...
  [[nodiscard]] Duration rto() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace glass::dtls
