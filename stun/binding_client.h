// stun/binding_client.h - asks one STUN server for our address as it sees it.
//
// RFC 8489 §6.1, §6.2, §6.3.3, §6.3.4, §10.  Tested by: tests/stun/binding_client_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/node.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "stun/message.h"
#include "stun/rto.h"
#include "stun/transaction.h"

namespace glass::stun {

struct BindingClientConfig {
  Path path{};                        // our address, the server's address
  TransactionConfig transaction{};    // its RTO is replaced by what earlier answers taught
  std::string software{};             // RFC 8489 §14.14; nothing unless told to
  unsigned server_error_retries = 4;  // RFC 8489 §6.3.4: how often 5xx is tried again
  // RFC 8489 §10: how many servers in a row may send us to another one. Zero, because their answers
  // are not authenticated: whoever can forge one would choose whom we ask.
  std::size_t max_redirects = 0;
};

enum class BindingFailure : std::uint8_t {
  kTimeout,        // no answer
  kUnreachable,    // the network says that there is nobody
  kErrorResponse,  // the server refused; the code tells why
  kUnusable,       // an answer without an address, or one that we must not understand
};
std::string_view to_text(BindingFailure failure);

class BindingClient {
 public:
  struct Mapped {
    Address address;
    std::optional<Duration> round_trip;  // nullopt: some request had to be repeated
  };
  struct Failed {
    BindingFailure reason{};
    unsigned code = 0;  // of an error response
  };
  using Event = std::variant<Mapped, Failed>;

  BindingClient(BindingClientConfig config, Random& random, const Trace& trace);

  // Asks; one event answers. A question that is under way goes on, this one is ignored.
  void start(Instant now);
  [[nodiscard]] bool is_asking() const { return transaction_.has_value(); }
  // Who is asked, or was last: after a redirection another one than was configured.
  [[nodiscard]] const Address& server() const { return path_.remote; }
  // The network reported that the server cannot be reached.
  void on_unreachable();

  void receive(Instant now, const Received& in);
  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const;
  std::optional<Path> poll_transmit(Instant now, PacketBuffer& out);
  std::optional<Event> poll_event();

 private:
  void ask(Instant now);
  void on_success(Instant now, const MessageView& message, std::optional<Duration> round_trip);
  void on_error(Instant now, const MessageView& message);
  [[nodiscard]] bool follow(Instant now, const MessageView& message);
  void finish(const Event& event);

  BindingClientConfig config_;
  Random& random_;
  Trace trace_;
  RtoEstimator rto_;
  std::optional<Transaction> transaction_;
  unsigned retries_ = 0;
  std::size_t redirects_ = 0;
  Path path_{};  // to the server that is asked now
  struct Asked {
    Address server;
    Instant when;
  };
  std::vector<Asked> asked_;  // lately, no more than one start() asks
  std::optional<Event> event_;
};

}  // namespace glass::stun
