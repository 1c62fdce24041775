// stun/turn/allocation.h - what a TURN server remembers of one allocation, and of one user.
//
// RFC 8656 §6 (allocations); RFC 8016 §3.2.2 (tickets).
// Tested by: tests/stun/turn/server_allocate_test.cc and its neighbours
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/address.h"
#include "base/time.h"
#include "stun/message.h"
#include "stun/turn/deadlines.h"
#include "stun/turn/peers.h"

namespace glass::stun::turn {

// A limit in bytes per second that allows one second's worth at a time. Zero: no limit.
class Bucket {
 public:
  Bucket() = default;
  Bucket(Instant now, std::uint64_t bytes_per_second)
      : rate_(bytes_per_second), filled_(now), level_(bytes_per_second) {}

  // False: too much for now; nothing is taken then.
  bool take(Instant now, std::uint64_t bytes) {
    if (rate_ == 0) return true;
    fill(now);
    if (bytes > level_) return false;
    level_ -= bytes;
    return true;
  }

 private:
  void fill(Instant now) {
    if (now <= filled_) return;
    const Duration passed = now - filled_;
    if (passed >= std::chrono::seconds(1)) {
      level_ = rate_;
      filled_ = now;
      return;
    }
    const auto per_second = static_cast<std::uint64_t>(Duration(std::chrono::seconds(1)).count());
    const std::uint64_t more = rate_ * static_cast<std::uint64_t>(passed.count()) / per_second;
    if (more == 0) return;  // what has passed keeps counting
    level_ = std::min(rate_, level_ + more);
    filled_ = now;
  }

  std::uint64_t rate_ = 0;
  Instant filled_{};
  std::uint64_t level_ = 0;
};

struct Buckets {
  Bucket up;    // from the client
  Bucket down;  // to the client
};

struct User {
  std::size_t allocations = 0;  // and reservations
  Buckets buckets;
};

// RFC 8016 §3.1.2: what a client shows to prove that an allocation is its own.
struct Ticket {
  static constexpr std::size_t kIdSize = 16;
  static constexpr std::size_t kProofSize = 16;
  std::array<std::uint8_t, kIdSize + kProofSize> bytes{};  // random, and our MAC over it
  friend bool operator==(const Ticket&, const Ticket&) = default;
};

enum class Job : std::uint8_t { kAllocation, kReservation, kConnection };
struct Due {
  Job job = Job::kAllocation;
  std::uint64_t id = 0;  // a slot, a token, a connection
};
using DueTimes = Deadlines<Due>;

struct Relay {
  Address address;
  Instant expires{};
};

struct Allocation {
  bool is_open = false;
  Path client;                     // the 5-tuple; local: ours
  std::optional<Path> old_client;  // RFC 8016: still in use until data comes along the new one
  Transport transport = Transport::kUdp;  // to the peers
  std::string user;
  User* account = nullptr;
  TransactionId made_by;  // the Allocate request, to know it again
  // By family: IPv4 first. RFC 8656 §8.1: each has a time of its own.
  std::array<std::optional<Relay>, 2> relays;
  unsigned second_code = 0;              // ADDRESS-ERROR-CODE of the answer
  std::optional<std::uint64_t> token{};  // RESERVATION-TOKEN of the answer
  std::optional<Ticket> ticket;
  std::optional<Ticket> old_ticket;  // RFC 8016 §3.2.2: for retransmissions until then
  Instant old_ticket_until{};
  Peers peers;
  Buckets buckets;
  DueTimes::Ticket due;
  std::size_t connections = 0;

  [[nodiscard]] const std::optional<Relay>& relay(bool v4) const { return relays[v4 ? 0 : 1]; }
  [[nodiscard]] std::optional<Relay>& relay(bool v4) { return relays[v4 ? 0 : 1]; }
  [[nodiscard]] bool has_family_of(const Address& peer) const {
    return relay(peer.is_v4()).has_value();
  }
  [[nodiscard]] const Address& first_address() const {
    return relays[0] ? relays[0]->address : relays[1]->address;
  }
  // RFC 8016 §3.2.2: to the old place until the client has used the new one.
  [[nodiscard]] const Path& way_to_client() const { return old_client ? *old_client : client; }
};

}  // namespace glass::stun::turn
