// stun/binding_server.h - a whole STUN server: it tells everybody who asks from where it was asked.
//
// Keeps no state between requests: Binding may be processed again and again (RFC 8489 §6.3.1).
// RFC 8489 §6.3.1 (answering), §12 (basic server).  Tested by: tests/stun/binding_server_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "base/address.h"
#include "base/node.h"
#include "base/time.h"
#include "base/trace.h"
#include "stun/attributes.h"
#include "stun/message.h"

namespace glass::stun {

struct BindingServerConfig {
  std::string software{};        // RFC 8489 §14.14, §16.1.2: says nothing unless told to
  bool add_fingerprint = false;  // RFC 8489 §12: allowed, never required of others
};

class BindingServer {
 public:
  struct Event {};  // there are none

  // Answers that wait to be sent; a driver that drains after each input never has more than one.
  static constexpr std::size_t kPendingMax = 64;

  BindingServer(BindingServerConfig config, const Trace& trace);

  void receive(Instant now, const Received& in);
  void on_time(Instant) {}
  [[nodiscard]] Instant next_time() const { return kNever; }
  std::optional<Path> poll_transmit(Instant now, PacketBuffer& out);
  std::optional<Event> poll_event() { return std::nullopt; }

 private:
  struct Answer {
    Path path;
    TransactionId transaction;
    unsigned code = 0;  // zero: success
    UnknownAttributes unknown;
  };
  void answer_malformed(const Received& in);
  void push(const Answer& answer, Bytes request);
  void write(const Answer& answer, PacketBuffer& out) const;

  BindingServerConfig config_;
  Trace trace_;
  std::array<Answer, kPendingMax> pending_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace glass::stun
