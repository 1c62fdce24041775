// sctp/association.h - one SCTP association: the machine that everything else here is part of.
//
// Takes plaintext SCTP packets and user messages, gives packets and messages. Knows neither DTLS
// nor data channels. RFC 9260 (not 4960), RFC 3758 (partial reliability), RFC 6525 (stream reset).
// Tested by: association/*_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/node.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "base/trace.h"
#include "sctp/config.h"
#include "sctp/types.h"

namespace glass::sctp {

// A whole user message. The bytes are valid until the next receive() or poll_event().
struct Message {
  StreamId stream;
  Ppid ppid;
  Order order = Order::kOrdered;
  Bytes bytes;
};
// The peer reset its end of the stream: all it ever sent on it was delivered before this.
struct IncomingReset {
  StreamId stream;
};
// Our end of the stream starts anew, or the peer would not have it.
struct OutgoingReset {
  StreamId stream;
  bool is_done = true;
};
struct BufferedLow {
  StreamId stream;
};
// RFC 9260 §5.2.4: the peer lost its state and began again. What was unacknowledged is lost.
struct Restarted {};

// A LayerMachine.
class Association {
 public:
  using Event = std::variant<Connected, Message, IncomingReset, OutgoingReset, BufferedLow,
                             Restarted, Closed>;

  Association(const Config& config, Random& random, const Trace& trace);
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;
  ~Association();

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

  [[nodiscard]] std::string_view state_name() const;
  [[nodiscard]] bool is_established() const;
  [[nodiscard]] bool is_closed() const;
  [[nodiscard]] Duration round_trip() const;

  // LayerMachine
  void receive(Instant now, MutableBytes packet);
  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const;
  bool poll_transmit(Instant now, PacketBuffer& out);
  std::optional<Event> poll_event();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace glass::sctp
