// stun/binding_server.h - a whole STUN server: it tells everybody who asks from where it was asked.
//
// Keeps no state between requests: Binding may be processed again and again (RFC 8489 §6.3.1).
// With a second address it also tells what kind of NAT is between (RFC 5780 §6).
// RFC 8489 §6.3.1 (answering), §12 (basic server).  Tested by: tests/stun/binding_server_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/node.h"
#include "base/time.h"
#include "base/trace.h"
#include "stun/attributes.h"
#include "stun/message.h"

namespace glass::stun {

// RFC 5780 §6: the driver listens on both IP addresses with both ports, which makes four sockets.
struct AlternateAddresses {
  Address primary;
  Address other;  // differs in IP address and in port
};

struct BindingServerConfig {
  std::string software{};        // RFC 8489 §14.14, §16.1.2: says nothing unless told to
  bool add_fingerprint = false;  // RFC 8489 §12: allowed, never required of others
  std::vector<AlternateAddresses> alternates{};  // one of each family at most; empty: RFC 8489 only
  // RFC 8489 §10: where everybody is sent who asks; nothing but a reason to use less of this server
  // (§12: a basic server should not). One of each family at most; who has none is answered.
  std::vector<Address> try_instead{};
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
    std::optional<Address> other;  // RFC 5780 §7.4; only then the answer is one of that usage
    std::size_t padding = 0;       // RFC 5780 §7.6
    bool is_moved = false;         // it leaves from `origin`
    Address origin{};
    std::uint16_t reply_port = 0;  // zero: where the request came from
  };
  void write_discovery(const Answer& answer, MessageBuilder& builder) const;
  void change_path(const MessageView& request, Answer& answer) const;
  [[nodiscard]] bool sends_away(const Path& path) const;
  void write_alternates(const Answer& answer, MessageBuilder& builder) const;
  [[nodiscard]] std::span<const AttributeType> understood(const Path& path) const;
  [[nodiscard]] std::optional<Address> other_of(const Address& local) const;
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
