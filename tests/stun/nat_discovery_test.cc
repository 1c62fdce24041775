// The client of RFC 5780 against our server with two addresses, through every kind of NAT.
#include "stun/nat_discovery.h"

#include <chrono>

#include <gtest/gtest.h>

#include "base/text.h"
#include "base/writer.h"
#include "sim/firewall.h"
#include "sim/nat.h"
#include "sim/world.h"
#include "stun/attributes.h"
#include "stun/binding_server.h"
#include "tests/support/rules.h"

namespace glass::stun {
namespace {

using namespace std::chrono_literals;

static_assert(Node<NatDiscovery>);

const Address kPrimary = *parse_address("198.51.100.1:3478");
const Address kAlternate = *parse_address("198.51.100.2:3479");
const Address kInside = *parse_address("10.0.0.5:0");
const Address kWall = *parse_address("203.0.113.5:0");

Trace trace() { return glass::test::test_trace(Layer::kStun); }

std::vector<Address> fresh_ports(const Address& ip, std::size_t count) {
  std::vector<Address> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(ip.with_port(static_cast<std::uint16_t>(5000 + 10 * i)));
  return out;
}

struct Lab {
  explicit Lab(std::optional<sim::NatBehaviour> behaviour, std::vector<Duration> lifetimes = {},
               BindingServerConfig server_config = {.alternates = {{kPrimary, kAlternate}}})
      : server(std::move(server_config), trace()) {
    const std::array<Address, 2> both{kPrimary.with_port(0), kAlternate.with_port(0)};
    server_id = world.host("server", server, both, [](const auto&) {});
    sim::HostId behind = sim::kInternet;
    if (behaviour) {
      nat.emplace(*behaviour, std::span(&kWall, 1), world.seed_for("nat"));
      behind = world.router("nat", *nat, std::span(&kWall, 1));
    }
    NatDiscoveryConfig config{.server = kPrimary, .lifetimes = std::move(lifetimes)};
    config.locals = fresh_ports(kInside, NatDiscovery::kFixedPorts + config.lifetimes.size());
    client.emplace(std::move(config), random, trace());
    client_id = world.host(
        "client", *client, kInside, [this](const NatReport& got) { report = got; }, behind);
  }
  NatReport run() {
    world.at(world.now(), [this](sim::World&) {
      client->start(world.now());
      world.poke(client_id);
    });
    EXPECT_TRUE(world.run_until([&] { return report.has_value(); }, 30min));
    return report.value_or(NatReport{});
  }

  sim::World world{1};
  SeededRandom random{2};
  BindingServer server;
  std::optional<sim::Nat> nat;
  std::optional<NatDiscovery> client;
  std::optional<NatReport> report;
  sim::HostId server_id;
  sim::HostId client_id;
};

NatDependence found(sim::Dependence configured) {
  switch (configured) {
    case sim::Dependence::kNone: return NatDependence::kEndpointIndependent;
    case sim::Dependence::kAddress: return NatDependence::kAddressDependent;
    case sim::Dependence::kAddressAndPort: return NatDependence::kAddressAndPortDependent;
  }
  return NatDependence::kUnknown;
}

TEST(NatDiscovery, NamesEveryPairOfMappingAndFiltering) {
  using enum sim::Dependence;
  for (const auto mapping : {kNone, kAddress, kAddressAndPort})
    for (const auto filtering : {kNone, kAddress, kAddressAndPort})
      for (const auto hairpinning : {sim::Hairpinning::kNone, sim::Hairpinning::kExternalSource}) {
        Lab lab(sim::NatBehaviour{.mapping = mapping,
                                  .filtering = filtering,
                                  .ports = sim::PortAssignment::kRandom,
                                  .hairpinning = hairpinning});

        const NatReport report = lab.run();

        EXPECT_TRUE(report.is_translated);
        EXPECT_EQ(report.mapping, found(mapping)) << report.why_mapping;
        EXPECT_EQ(report.filtering, found(filtering)) << report.why_filtering;
        const bool is_yes = hairpinning != sim::Hairpinning::kNone;
        if (report.hairpinning == NatHairpinning::kUnknown) {
          EXPECT_NE(mapping, kNone);
          EXPECT_NE(filtering, kNone);
          EXPECT_FALSE(report.why_hairpinning.empty());
        } else {
          EXPECT_EQ(report.hairpinning, is_yes ? NatHairpinning::kYes : NatHairpinning::kNo);
        }
      }
  EXPECT_RULE("5780:4.3#0");
  EXPECT_RULE("5780:4.4#0");
  EXPECT_RULE("5780:4.5#0");
  EXPECT_RULE("5780:6.1#1");
  EXPECT_RULE("5780:6.1#5");
  EXPECT_RULE("5780:6.1#7");
  EXPECT_RULE("5780:6.1#8");
}

TEST(NatDiscovery, SaysThatThereIsNoNat) {
  Lab lab(std::nullopt);

  const NatReport report = lab.run();

  EXPECT_FALSE(report.is_translated);
  EXPECT_EQ(report.mapped, kInside.with_port(5000));
  EXPECT_EQ(report.mapping, NatDependence::kEndpointIndependent);
  EXPECT_EQ(report.filtering, NatDependence::kEndpointIndependent);
  EXPECT_EQ(report.hairpinning, NatHairpinning::kUnknown);
}

TEST(NatDiscovery, MeasuresHowLongAnUnusedMappingLives) {
  Lab lab(sim::NatBehaviour{.lifetime = 120s}, {30s, 60s, 180s, 300s});

  const NatReport report = lab.run();

  EXPECT_EQ(report.lives_at_least, 60s) << report.why_lifetime;
  EXPECT_EQ(report.gone_after, 180s);
  EXPECT_RULE("5780:4.6#0");
  EXPECT_RULE("5780:7.5#1");
}

TEST(NatDiscovery, OfAPlainServerItLearnsTheAddressOnly) {
  Lab lab(sim::NatBehaviour{}, {30s}, {});

  const NatReport report = lab.run();

  EXPECT_TRUE(report.mapped->same_ip(kWall));
  EXPECT_EQ(report.mapping, NatDependence::kUnknown);
  EXPECT_EQ(report.filtering, NatDependence::kUnknown);
  EXPECT_FALSE(report.why_mapping.empty());
  EXPECT_FALSE(report.why_filtering.empty());
  EXPECT_FALSE(report.lives_at_least);
  EXPECT_FALSE(report.why_lifetime.empty());
  EXPECT_RULE("5780:7.4#0");
  EXPECT_RULE("5780:5#1");
}

TEST(NatDiscovery, SaysThatNobodyAnswers) {
  Lab lab(sim::NatBehaviour{});
  lab.world.remove(lab.server_id);

  const NatReport report = lab.run();

  EXPECT_FALSE(report.reached);
  EXPECT_FALSE(report.mapped);
}

// One of three packets is lost: what it says may be "unknown", but is said in the end.
TEST(NatDiscovery, EndsOnALossyNetwork) {
  Lab lab(sim::NatBehaviour{});
  lab.world.uplink(lab.server_id, {.loss = {300'000}}, {.loss = {300'000}});

  lab.run();

  EXPECT_TRUE(lab.report);
}

// ---- servers that lie

struct Alone {
  Alone() {
    client.emplace(NatDiscoveryConfig{.locals = fresh_ports(kInside, 4), .server = kPrimary},
                   random, trace());
    client->start(Instant{});
  }
  // Answers the question under way; where it went.
  std::optional<Path> answer(const std::optional<Address>& other,
                             std::optional<Address> from = {}) {
    PacketBuffer out;
    out.clear();
    const auto path = client->poll_transmit(Instant{}, out);
    if (!path) return path;
    ByteVector raw;
    MessageBuilder builder(Writer(raw), Class::kSuccess, Method::kBinding,
                           MessageView::parse(out.bytes())->transaction());
    builder.add(XorMappedAddress{kWall.with_port(9)});
    if (other) builder.add(OtherAddress{*other});
    Path back = *path;
    if (from) back.remote = *from;
    client->receive(Instant{}, {back, raw});
    return path;
  }
  // Refuses the question under way.
  void refuse() {
    PacketBuffer out;
    out.clear();
    const auto path = client->poll_transmit(Instant{}, out);
    ASSERT_TRUE(path);
    ByteVector raw;
    MessageBuilder(Writer(raw), Class::kError, Method::kBinding,
                   MessageView::parse(out.bytes())->transaction())
        .add(ErrorCode{420, "Unknown Attribute"});
    client->receive(Instant{}, {*path, raw});
  }
  SeededRandom random{1};
  std::optional<NatDiscovery> client;
};

TEST(NatDiscovery, KnocksAtNoStrangeAddress) {
  for (const char* other :
       {"198.51.100.1:3479", "198.51.100.2:3478", "224.0.0.1:3479", "127.0.0.1:3479",
        "0.0.0.0:3479", "198.51.100.2:0", "[2001:db8::1]:3479"}) {
    Alone t;
    t.answer(*parse_address(other));
    for (int i = 0; i < 10; ++i) {
      const auto path = t.answer(std::nullopt);
      EXPECT_TRUE(!path || path->remote == kPrimary || path->remote.same_ip(kWall)) << other;
    }
    EXPECT_EQ(t.client->report().mapping, NatDependence::kUnknown) << other;
  }
}

TEST(NatDiscovery, AServerThatDoesNotChangeItsAddressTellsNothingOfFilters) {
  Alone t;
  for (int i = 0; i < 6; ++i) t.answer(kAlternate);

  EXPECT_EQ(t.client->report().filtering, NatDependence::kUnknown);
  EXPECT_FALSE(t.client->report().why_filtering.empty());
}

TEST(NatDiscovery, AServerThatRefusesToChangeItsAddressTellsNothingOfFilters) {
  Alone t;
  for (int i = 0; i < 3; ++i) t.answer(kAlternate);  // two of mapping, one that opens the filter
  t.refuse();

  EXPECT_EQ(t.client->report().mapping, NatDependence::kEndpointIndependent);
  EXPECT_EQ(t.client->report().filtering, NatDependence::kUnknown);
  EXPECT_FALSE(t.client->report().why_filtering.empty());
  EXPECT_RULE("5780:5#3");
}

TEST(NatDiscovery, HearsNobodyButTheServer) {
  Alone t;
  t.answer(kAlternate, *parse_address("198.51.100.9:3478"));

  EXPECT_FALSE(t.client->report().reached);
}

}  // namespace
}  // namespace glass::stun
