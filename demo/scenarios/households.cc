#include "demo/scenarios/households.h"

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/trace.h"
#include "sim/firewall.h"
#include "sim/nat.h"
#include "sim/world.h"

namespace glass::demo {

sim::Nat& Home::add_nat(sim::World& world, Sink* sink, std::string name,
                        const sim::NatBehaviour& behaviour, const Address& outside) {
  const Trace trace(sink, world.name(name).value(), Layer::kNet);
  auto nat =
      std::make_unique<sim::Nat>(behaviour, std::span(&outside, 1), world.seed_for(name), trace);
  boxes_.push_back({std::move(name), std::move(nat)});
  return *boxes_.back().nat;
}

// From the outside in, because a segment exists once its router does.
Home::Home(sim::World& world, Sink* sink, const Household& household, const Plan& plan,
           sim::HostId provider) {
  const std::string owner(plan.name);
  const bool is_shared = provider != sim::kInternet;
  sim::HostId around = provider;
  if (household.cgnat && !is_shared) {
    const std::string name = owner + "'s provider";
    sim::Nat& nat = add_nat(world, sink, name, *household.cgnat, plan.public_v4);
    around = world.router(name, nat, std::span(&plan.public_v4, 1), around);
    outermost_ = around;
  }
  const Address& outside = around == sim::kInternet ? plan.public_v4 : plan.middle_v4;
  const std::string name = owner + "'s router";
  sim::Router* router = nullptr;
  std::vector<Address> outsides{outside};
  if (household.nat) {
    sim::NatBehaviour behaviour = *household.nat;
    behaviour.traffic = household.traffic;
    router = &add_nat(world, sink, name, behaviour, outside);
    addresses_.push_back(plan.private_v4);
  } else {
    v4_ = std::make_unique<sim::Firewall>(
        sim::FirewallRules{.traffic = household.traffic, .is_stateful = false});
    router = v4_.get();
    addresses_.push_back(outside);
  }
  if (household.ipv6 && around == sim::kInternet) {
    v6_ = std::make_unique<sim::Firewall>(sim::FirewallRules{.traffic = household.traffic});
    both_ = std::make_unique<sim::DualStack>(*router, *v6_);
    router = both_.get();
    addresses_.push_back(plan.public_v6);
    outsides.push_back(plan.public_v6);
  }
  const bool is_open =
      household.traffic.udp && household.traffic.tcp && household.traffic.only_tcp_port == 0;
  if (!household.nat && !household.ipv6 && is_open) {
    segment_ = around;  // nothing stands between
    return;
  }
  segment_ = world.router(name, *router, outsides, around);
  if (outermost_ == sim::kInternet && !is_shared) outermost_ = segment_;
}

void Home::reboot() {
  for (const Box& box : boxes_) box.nat->reboot();
}

void Home::rebind() {
  for (const Box& box : boxes_) box.nat->rebind();
}

void Home::list(std::vector<NatTable>& out, Instant now) const {
  for (const Box& box : boxes_)
    out.push_back({box.name, short_text(box.nat->behaviour()), box.nat->table(now)});
}

}  // namespace glass::demo
