// demo/scenarios/meeting.h - two peers in a simulated Internet of NATs and firewalls try to meet.
//
//   alice -- NAT -- [CGNAT] --+                +-- [CGNAT] -- NAT -- bob
//                             +-- internet ----+
//                             |                |
//                        STUN server      TURN server
//
// Both are whole peers: they gather, trickle over a signaling that takes its time, check, shake
// hands and talk. What they do when the network changes is what applications do: they restart ICE.
// Virtual time: the same options give the same bytes.
// Tested by: tests/scenarios/
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/trace.h"
#include "demo/scenarios/fork.h"
#include "sim/nat.h"

namespace glass::demo {

// Where one of the two lives.
struct Household {
  std::optional<sim::NatBehaviour> nat{};    // none: the public address is the host's own
  std::optional<sim::NatBehaviour> cgnat{};  // of the provider, around the NAT at home
  sim::Traffic traffic{};                    // what gets out at all
  bool ipv6 = false;                         // beside IPv4, behind a stateful firewall
};

// What may befall them once they are connected. NATs, addresses: Alice's.
enum class Mishap : std::uint8_t {
  kRebinding,        // the NAT moves every mapping to another port
  kReboot,           // the NAT forgets everything
  kInterfaceChange,  // Alice's phone goes from the WLAN into the mobile network
  kTurnLost,         // the TURN server is gone
  kTurnRestarted     // it is gone, and comes back without its memory
};
std::string_view to_text(Mishap mishap);

struct MeetingOptions {
  std::uint64_t seed = 1;
  Household alice{};
  Household bob{};
  // Both homes are behind this one: they meet by hairpinning, or at the relay.
  std::optional<sim::NatBehaviour> shared_cgnat{};
  bool turn = true;
  std::uint32_t loss_per_million = 0;              // of each datagram between any two networks
  Duration delay = std::chrono::milliseconds(25);  // one way, between any two networks
  Duration jitter{};
  std::optional<Mishap> mishap{};
  std::optional<Fork> fork{};
};

enum class Met : std::uint8_t { kDirect, kRelay, kNot };
// "direct", "relay", "fail".
std::string_view to_text(Met met);

// The table of one NAT at the end.
struct NatTable {
  std::string name;
  std::string behaviour;
  std::vector<sim::Nat::Entry> entries;
};

struct MeetingResult {
  Met met = Met::kNot;
  std::string path;            // "srflx 192.0.2.1:50001 <-> host 198.51.100.2:50002", Alice's view
  std::string why;             // not, in a sentence or several lines
  Instant connected = kNever;  // both of them
  Instant struck = kNever;     // the mishap
  Instant recovered = kNever;  // a message and its answer came through after it
  unsigned restarts = 0;       // of ICE
  Instant ended = kNever;
  std::vector<NatTable> tables;
};

// Everybody in the world, by node: the lanes of its trace.
std::vector<std::string> meeting_names(const MeetingOptions& options);
// Replaces OpenSSL's dice while it runs.
MeetingResult meet(const MeetingOptions& options, Sink* sink);

}  // namespace glass::demo
