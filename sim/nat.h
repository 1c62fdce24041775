// sim/nat.h - a network address translator, in the words of RFC 4787.
//
//   inside endpoint --- mapping ---> outside endpoint      who gets which port, and keeps it how
//   long inside endpoint <-- filter ----- anybody outside       who may answer through it
//
// Mapping and filtering are chosen apart, as §4 and §5 describe them. Keeps no packets and has no
// timers: what has run out is noticed at the next packet, or when the table is asked for. TCP is
// translated by the same rules, with a longer lifetime (RFC 5382 §5).
// RFC 4787 §4 (mapping), §5 (filtering), §6 (hairpinning).  Tested by: tests/sim/nat_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "sim/firewall.h"
#include "sim/router.h"

namespace glass::sim {

// RFC 4787 §4.2.1: which port a new mapping gets.
enum class PortAssignment : std::uint8_t {
  kPreservation,  // the inside port, where it is free; the next free one otherwise
  kOverloading,  // the inside port, even where another host has it: the remote end tells them apart
  kSequential,   // one after the other
  kRandom        // from the seed
};
std::string_view to_text(PortAssignment ports);

// RFC 4787 §6: does a packet to an outside endpoint of this very NAT turn back in?
enum class Hairpinning : std::uint8_t {
  kNone,
  kInternalSource,  // yes, and the receiver sees the inside address of the sender
  kExternalSource   // yes, and the receiver sees the outside address of the sender
};
std::string_view to_text(Hairpinning hairpinning);

// RFC 4787 §4.1: which of several outside addresses a mapping uses.
enum class Pooling : std::uint8_t { kPaired /* one per inside host */, kArbitrary };

// To whom it is remembered that something was sent: see RFC 4787 §5.
enum class FilterScope : std::uint8_t {
  kMapping,  // a packet that went out through one mapping opens this one only
  kEndpoint  // it opens all mappings of the inside endpoint
};

struct NatBehaviour {
  Dependence mapping = Dependence::kNone;
  Dependence filtering = Dependence::kAddressAndPort;
  FilterScope filter_scope = FilterScope::kMapping;
  PortAssignment ports = PortAssignment::kPreservation;
  bool parity = true;       // §4.2.2: even ports become even ones, odd ports odd ones
  bool contiguity = false;  // §4.2.3: the neighbour of a mapped port gets the neighbour of its port
  Pooling pooling = Pooling::kPaired;
  Hairpinning hairpinning = Hairpinning::kExternalSource;
  Duration lifetime = std::chrono::minutes(5);        // §4.3: of a mapping that nobody uses
  Duration tcp_lifetime = std::chrono::minutes(124);  // RFC 5382 §5
  bool refreshed_by_outbound = true;                  // §4.3
  bool refreshed_by_inbound = false;
  std::uint16_t first_port = 1024;  // of those for inside ports from 1024 on
  std::uint16_t last_port = 65535;
  std::size_t max_mappings = 4096;
  Traffic traffic{};
};

// "full-cone", "restricted-cone", "port-restricted-cone", "symmetric" (the names of RFC 3489),
// "linux", or mapping/filtering such as "apd/ad". Where mappings depend on the remote end, ports
// are random. nullopt: no such thing.
std::optional<NatBehaviour> parse_nat(std::string_view text);
// "apd/ad".
std::string short_text(const NatBehaviour& behaviour);

class Nat final : public Router {
 public:
  using Behaviour = NatBehaviour;

  // Remote ends that are let in, in all mappings together; the oldest is forgotten for a new one.
  static constexpr std::size_t kMaxPermits = 16'384;

  // A line of the table. An unspecified `remote` (or one without a port): any (or any port) will
  // do.
  struct Entry {
    Transport transport = Transport::kUdp;
    Address inside;
    Address outside;
    Address remote;
    std::vector<Address> admitted;  // as far as filtering looks; empty: endpoint-independent
    Instant expires;
  };

  // `outside`: the addresses of the NAT, ports zero; at least one. `seed`: of random ports.
  Nat(const Behaviour& behaviour, std::span<const Address> outside, std::uint64_t seed,
      const Trace& trace = {});

  Verdict forward(Instant now, Side from, Header& header) override;

  // The table as it is at that instant, oldest mapping first.
  [[nodiscard]] std::vector<Entry> table(Instant now) const;

  // Power off and on: everything is forgotten, and the same ports may be given out again.
  void reboot();
  // Every mapping moves to another port at its next packet out, with nobody admitted yet.
  void rebind();
  // The provider gives out other addresses. The world has to know them, too.
  void renumber(std::span<const Address> outside);
  [[nodiscard]] const Behaviour& behaviour() const { return behaviour_; }

 private:
  struct Mapping {
    std::uint64_t id = 0;
    Transport transport = Transport::kUdp;
    Address inside;
    Address remote;  // as far as the mapping depends on it
    Address outside;
    Instant used;
  };
  struct Permit {
    std::uint64_t mapping = 0;  // zero: all of the inside endpoint
    Transport transport = Transport::kUdp;
    Address inside;
    Address remote;
    Instant used;
    [[nodiscard]] bool same(const Permit& other) const;
  };
  using Port = std::pair<Transport, Address>;

  [[nodiscard]] Verdict outward(Instant now, Header& header);
  [[nodiscard]] Verdict inward(Instant now, Header& header);
  [[nodiscard]] Verdict turn_back(Instant now, Header& header, const Address& sender);
  [[nodiscard]] Mapping* find(const Header& header);
  [[nodiscard]] std::optional<Verdict> make(Instant now, const Header& header);
  void refresh_by_outbound(Instant now, Mapping& mapping);
  void admit(Instant now, const Mapping& mapping, const Address& remote);
  [[nodiscard]] Permit permit_for(const Mapping& mapping, const Address& remote) const;
  [[nodiscard]] bool admits(Instant now, const Mapping& mapping, const Address& remote);
  [[nodiscard]] Duration lifetime(Transport transport) const;
  void expire(Instant now);

  [[nodiscard]] const Address& pick_address(const Address& inside);
  [[nodiscard]] std::uint16_t pick_port(Transport transport, const Address& inside,
                                        const Address& outside);
  [[nodiscard]] std::uint16_t neighbour_port(Transport transport, const Address& inside,
                                             const Address& outside) const;
  [[nodiscard]] bool is_free(const Port& port) const;
  [[nodiscard]] bool is_ours(const Address& address) const;

  Behaviour behaviour_;
  std::vector<Address> outside_;
  SeededRandom dice_;
  Trace trace_;
  std::uint64_t last_id_ = 0;
  std::uint16_t last_port_ = 0;  // of sequential assignment
  std::vector<Mapping> mappings_;
  std::vector<Permit> permits_;
  std::map<Address, std::size_t> pairs_;  // inside host, without port -> index of its address
  std::vector<Port> spoilt_;              // ports that a rebinding has taken away
};

}  // namespace glass::sim
