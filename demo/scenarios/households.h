// demo/scenarios/households.h - the networks that Alice and Bob live in, built into a world.
//
// Tested by: tests/demo/meeting_test.cc
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "demo/scenarios/meeting.h"
#include "sim/firewall.h"
#include "sim/nat.h"
#include "sim/world.h"

namespace glass::demo {

// The addresses of one of the two.
struct Plan {
  std::string_view name;
  Address public_v4;   // of the host, or of its outermost NAT
  Address private_v4;  // of the host behind a NAT
  Address middle_v4;   // of the NAT at home behind a provider's
  Address public_v6;
};
inline Plan plan_of_alice() {
  return {"alice", *parse_ip("192.0.2.1"), *parse_ip("10.1.0.2"), *parse_ip("100.64.1.1"),
          *parse_ip("2001:db8:1::2")};
}
inline Plan plan_of_bob() {
  return {"bob", *parse_ip("198.51.100.2"), *parse_ip("10.2.0.2"), *parse_ip("100.64.2.1"),
          *parse_ip("2001:db8:2::2")};
}

// The routers between one host and the internet, inside out.
class Home {
 public:
  // `provider`: the segment around all of it, kInternet or that of a CGNAT they share.
  Home(sim::World& world, Sink* sink, const Household& household, const Plan& plan,
       sim::HostId provider);

  // The segment for the host, and its addresses there, port 0 each.
  [[nodiscard]] sim::HostId segment() const { return segment_; }
  [[nodiscard]] const std::vector<Address>& addresses() const { return addresses_; }
  // The last router before the internet; kInternet: there is none.
  [[nodiscard]] sim::HostId outermost() const { return outermost_; }

  void reboot();
  void rebind();
  void list(std::vector<NatTable>& out, Instant now) const;

 private:
  struct Box {
    std::string name;
    std::unique_ptr<sim::Nat> nat;
  };
  sim::Nat& add_nat(sim::World& world, Sink* sink, std::string name,
                    const sim::NatBehaviour& behaviour, const Address& outside);

  std::vector<Box> boxes_;  // inside out
  std::unique_ptr<sim::Firewall> v4_;
  std::unique_ptr<sim::Firewall> v6_;
  std::unique_ptr<sim::DualStack> both_;
  sim::HostId segment_ = sim::kInternet;
  sim::HostId outermost_ = sim::kInternet;
  std::vector<Address> addresses_;
};

}  // namespace glass::demo
