#include "demo/scenarios/lessons.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/check.h"
#include "sim/nat.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

constexpr std::array kLessons{
    Lesson{.name = "nat",
           .text = "The NATs that you name: --a-nat MAPPING/FILTERING --b-nat MAPPING/FILTERING.",
           .alice_nat = "ei/apd",
           .bob_nat = "ei/apd"},
    Lesson{.name = "no-nat",
           .text = "Two public addresses. The host candidates are all that is needed."},
    Lesson{.name = "full-cone",
           .text =
               "Once Alice has a mapping, anybody may use it: her server-reflexive address is as "
               "good as a public one.", .alice_nat = "full-cone",
           .bob_nat = "full-cone"},
    Lesson{.name = "restricted-cone",
           .text =
               "A NAT lets in whom its host has written to, from any port. Both sides send, and "
               "each check opens a filter for the other's.", .alice_nat = "restricted-cone",
           .bob_nat = "restricted-cone"},
    Lesson{.name = "port-restricted",
           .text = "The NATs of most homes. The first checks knock in vain, and open the door for "
                   "those that come back.", .alice_nat = "port-restricted-cone",
           .bob_nat = "port-restricted-cone"},
    Lesson{.name = "one-symmetric",
           .text =
               "Alice's NAT maps by destination: what the STUN server saw is not what Bob sees. "
               "Bob's filter looks at addresses only, so that he learns her real port from the "
               "check: a peer-reflexive candidate.", .alice_nat = "symmetric",
           .bob_nat = "restricted-cone",
           .turn = false},
    Lesson{.name = "symmetric",
           .text = "Both NATs map by destination. Nobody can tell the other where to send to: only "
                   "the relay is left.", .alice_nat = "symmetric",
           .bob_nat = "symmetric"},
    Lesson{.name = "no-relay",
           .text = "The same without a TURN server: they do not meet, and say why.",
           .alice_nat = "symmetric",
           .bob_nat = "symmetric",
           .turn = false},
    Lesson{.name = "cgnat",
           .text =
               "Alice is behind two NATs, her own and her provider's. ICE does not care how many "
               "there are, only what they do together.", .alice_nat = "port-restricted-cone",
           .bob_nat = "port-restricted-cone",
           .alice_cgnat = "full-cone"},
    Lesson{.name = "hairpin",
           .text = "Both homes are behind the NAT of one provider. It turns packets back that are "
                   "meant for its own outside: their server-reflexive addresses work.", .alice_nat = "port-restricted-cone",
           .bob_nat = "port-restricted-cone",
           .shared_cgnat = "full-cone"},
    Lesson{
           .name = "no-hairpin",
           .text = "The same provider, whose NAT does no hairpinning: neighbours meet at the relay.",
           .alice_nat = "port-restricted-cone",
           .bob_nat = "port-restricted-cone",
           .shared_cgnat = "full-cone",
           .hairpinning = sim::Hairpinning::kNone},
    Lesson{.name = "udp-blocked",
           .text = "Alice's network lets no UDP out. TURN over TCP takes her to the relay, which "
                   "speaks UDP with Bob.", .alice_nat = "port-restricted-cone",
           .bob_nat = "port-restricted-cone",
           .alice_traffic = {.udp = false}},
    Lesson{
           .name = "only-443",
           .text = "Alice's network lets out TCP to port 443 alone. TURN over TLS looks like the web.",
           .alice_nat = "port-restricted-cone",
           .bob_nat = "port-restricted-cone",
           .alice_traffic = {.udp = false, .only_tcp_port = 443}},
    Lesson{.name = "ipv6",
           .text =
               "Both have IPv6 behind stateful firewalls, and NATs for IPv4 that would never let "
               "them meet. Without translation, checks need only open the firewalls.", .alice_nat = "symmetric",
           .bob_nat = "symmetric",
           .ipv6 = true},
    Lesson{.name = "rebinding",
           .text = "Two seconds after they are connected, Alice's NAT gives her other ports. Bob's "
                   "answers go nowhere, consent runs dry, and ICE restarts.", .alice_nat = "port-restricted-cone",
           .bob_nat = "port-restricted-cone",
           .mishap = Mishap::kRebinding},
    Lesson{
           .name = "nat-reboot",
           .text = "Alice's NAT loses its table. Her next packet makes a mapping like the one before.",
           .alice_nat = "port-restricted-cone",
           .bob_nat = "port-restricted-cone",
           .mishap = Mishap::kReboot},
    Lesson{.name = "interface-change",
           .text =
               "Alice leaves the house: her phone goes from the WLAN into the mobile network, and "
               "restarts ICE with the address that it has there.", .alice_nat = "port-restricted-cone",
           .bob_nat = "port-restricted-cone",
           .mishap = Mishap::kInterfaceChange},
    Lesson{.name = "turn-lost",
           .text = "The relay between them disappears and does not come back: they say so.",
           .alice_nat = "symmetric",
           .bob_nat = "symmetric",
           .mishap = Mishap::kTurnLost},
    Lesson{.name = "turn-restarted",
           .text =
               "The relay is restarted and has forgotten everything. New allocations bring them "
               "together again.", .alice_nat = "symmetric",
           .bob_nat = "symmetric",
           .mishap = Mishap::kTurnRestarted},
    Lesson{.name = "lossy",
           .text =
               "Three datagrams of ten get lost between any two networks. Each layer repeats what "
               "it must.", .alice_nat = "port-restricted-cone",
           .bob_nat = "port-restricted-cone",
           .loss_per_million = 300'000},
    Lesson{.name = "far-away",
           .text = "Two seconds one way. Patience is what it takes.",
           .alice_nat = "port-restricted-cone",
           .bob_nat = "port-restricted-cone",
           .delay = 2s},
};

// The names in the table above are known to parse_nat().
std::optional<sim::NatBehaviour> nat_named(std::string_view name) {
  if (name.empty()) return std::nullopt;
  const auto behaviour = sim::parse_nat(name);
  CHECK(behaviour.has_value());
  return behaviour;
}

}  // namespace

std::span<const Lesson> lessons() { return kLessons; }

const Lesson* find_lesson(std::string_view name) {
  const auto* const found = std::ranges::find(kLessons, name, &Lesson::name);
  return found == kLessons.end() ? nullptr : found;
}

MeetingOptions meeting_of(const Lesson& lesson, std::uint64_t seed) {
  MeetingOptions options;
  options.seed = seed;
  options.alice = {.nat = nat_named(lesson.alice_nat),
                   .cgnat = nat_named(lesson.alice_cgnat),
                   .traffic = lesson.alice_traffic,
                   .ipv6 = lesson.ipv6};
  options.bob = {.nat = nat_named(lesson.bob_nat), .ipv6 = lesson.ipv6};
  options.shared_cgnat = nat_named(lesson.shared_cgnat);
  if (options.shared_cgnat) options.shared_cgnat->hairpinning = lesson.hairpinning;
  options.turn = lesson.turn;
  options.loss_per_million = lesson.loss_per_million;
  options.delay = lesson.delay;
  options.mishap = lesson.mishap;
  return options;
}

}  // namespace glass::demo
