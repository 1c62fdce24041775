// stun/transaction.h - one request until its response: when to send it again, when to give up, and
// which responses count.
//
// Knows the bytes of its request and nothing of what they ask for. Whoever holds it passes every
// response with its id to receive(), and polls. RFC 8489 §6.2.1 (UDP), §6.2.2 (TCP), §6.3.3,
// §6.3.4, §9.1.4.  Tested by: tests/stun/transaction_test.cc
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "base/machine.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "stun/guard.h"
#include "stun/message.h"

namespace glass::stun {

struct TransactionConfig {
  Duration rto = std::chrono::milliseconds(500);  // RFC 8489 §6.2.1
  unsigned request_count = 7;                     // RFC 8489 §6.2.1: Rc
  unsigned last_wait = 16;                        // RFC 8489 §6.2.1: Rm, in units of RTO
  Duration reliable_wait = std::chrono::milliseconds(39500);  // RFC 8489 §6.2.2: Ti
};

// The states have no names in the RFC; what ends a transaction names them.
struct InProgress {
  static constexpr std::string_view kName = "in progress";
};
struct Succeeded {
  static constexpr std::string_view kName = "succeeded";
};
struct Refused {  // an error response, whose code is for the usage to judge
  static constexpr std::string_view kName = "refused";
};
struct TimedOut {
  static constexpr std::string_view kName = "timed out";
};
struct TransactionFailed {
  static constexpr std::string_view kName = "failed";
};

inline constexpr std::array<Arrow, 4> kTransactionArrows{
    {
     {"in progress", "succeeded", "a success response that holds up", "8489:6.3.3#0"_rule},
     {"in progress", "refused", "an error response that holds up", "8489:6.3.4#0"_rule},
     {"in progress", "timed out", "Rm times RTO after the last request", "8489:6.2.1#11"_rule},
     {"in progress", "failed", "a response that cannot be used", "8489:6.3#0"_rule},
     }
};

class Transaction {
 public:
  // What became of a message that was given to receive().
  enum class Receipt : std::uint8_t {
    kNotMine,    // no response, or another transaction's
    kDiscarded,  // as if it had never come
    kSuccess,
    kError,
    kFailed,  // the transaction is over without a usable response
  };

  // `request` is the finished message.
  Transaction(const TransactionConfig& config, const Path& path, Bytes request, const Trace& trace);
  // Only responses that the guard lets pass count.
  Transaction& set_guard(ResponseGuard guard);
  // A guard for a request with MESSAGE-INTEGRITY and a password known to both sides.
  Transaction& require_integrity(Bytes key);

  [[nodiscard]] const TransactionId& id() const { return id_; }
  [[nodiscard]] const Path& path() const { return path_; }
  [[nodiscard]] bool in_progress() const { return machine_.is<InProgress>(); }
  [[nodiscard]] bool timed_out() const { return machine_.is<TimedOut>(); }
  // RFC 8489 §9.1.4: responses came, and all of them failed their integrity check.
  [[nodiscard]] bool integrity_violated() const { return violated_; }
  // Was a key proved with the request?
  [[nodiscard]] bool is_proved() const { return guard_.has_key(); }
  [[nodiscard]] unsigned sent() const { return sent_; }
  // From request to response; nullopt where a retransmission makes it ambiguous (Karn).
  [[nodiscard]] std::optional<Duration> round_trip() const { return round_trip_; }

  Receipt receive(Instant now, const MessageView& message,
                  std::span<const AttributeType> understood);
  // RFC 8489 §6.2.1: an ICMP error that will not go away by itself ends it at once.
  void on_unreachable();
  // Nothing is sent any more, but a response that is under way still counts until the time-out:
  // what RFC 8445 §7.2.5.1 and §7.3.1.4 ask of a cancelled check.
  void stop_sending();

  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const { return in_progress() ? deadline_ : kNever; }
  std::optional<Path> poll_transmit(Instant now, PacketBuffer& out);

 private:
  [[nodiscard]] bool is_reliable() const { return path_.transport != Transport::kUdp; }
  Receipt reject(const MessageView& message);
  Receipt fail(std::string_view why, const MessageView& message);

  TransactionConfig config_;
  Path path_;
  ByteVector request_;
  Method method_ = Method::kBinding;
  TransactionId id_;
  ResponseGuard guard_;
  Trace trace_;
  Machine<kTransactionArrows, InProgress, Succeeded, Refused, TimedOut, TransactionFailed> machine_;
  bool send_due_ = true;
  bool stopped_ = false;
  bool violated_ = false;
  unsigned sent_ = 0;
  Duration interval_;
  Instant first_sent_{};
  Instant deadline_ = kNever;
  std::optional<Duration> round_trip_;
};

}  // namespace glass::stun
