#include "sim/nat.h"

#include <array>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "tests/sim/toys.h"
#include "tests/support/rules.h"

namespace glass::sim {
namespace {

using namespace std::chrono_literals;
using test::at_ip;
using enum Dependence;
using enum Router::Side;

const Address kHost = at_ip("10.0.0.5:7000");
const Address kOther = at_ip("10.0.0.6:7000");
const Address kWall = at_ip("203.0.113.5:0");
const Address kServer = at_ip("198.51.100.1:3478");
const Address kServerOtherPort = at_ip("198.51.100.1:3479");
const Address kPeer = at_ip("198.51.100.2:9000");

// A NAT that is asked directly: no world around it.
struct Box {
  explicit Box(const NatBehaviour& behaviour, std::vector<Address> outside = {kWall},
               std::uint64_t seed = 1)
      : nat(behaviour, outside, seed, test::test_trace(Layer::kNet)) {}

  // The outside endpoint that a packet gets; unspecified: it was dropped.
  Address out(const Address& from, const Address& to, Transport transport = Transport::kUdp) {
    Header header{transport, from, to};
    last = nat.forward(now, kInside, header);
    note();
    received = header;
    return last.onward == Router::Verdict::Onward::kDrop ? Address{} : header.source;
  }
  // The inside endpoint that a packet reaches; unspecified: it was dropped.
  Address in(const Address& from, const Address& to, Transport transport = Transport::kUdp) {
    Header header{transport, from, to};
    last = nat.forward(now, kOutside, header);
    note();
    return last.onward == Router::Verdict::Onward::kDrop ? Address{} : header.target;
  }

  // As a world would trace it.
  void note() const {
    if (last.onward == Router::Verdict::Onward::kDrop)
      test::test_trace(Layer::kNet).drop(last.rule, last.why, {});
  }

  Nat nat;
  Instant now{};
  Router::Verdict last;
  Header received;
};

NatBehaviour nat_of(std::string_view text) { return parse_nat(text).value(); }

TEST(Nat, EndpointIndependentMappingIsTheSameForEverybody) {
  Box t(nat_of("ei/apd"));

  const Address seen = t.out(kHost, kServer);

  EXPECT_EQ(seen, at_ip("203.0.113.5:7000"));
  EXPECT_EQ(t.out(kHost, kPeer), seen);
  EXPECT_EQ(t.nat.table(t.now).size(), 1U);
  EXPECT_RULE("4787:4.1#0");
  EXPECT_RULE("4787:4.1#1");
}

TEST(Nat, AddressDependentMappingLooksAtTheRemoteAddressAlone) {
  Box t(nat_of("ad/ei"));

  const Address seen = t.out(kHost, kServer);

  EXPECT_EQ(t.out(kHost, kServerOtherPort), seen);
  EXPECT_NE(t.out(kHost, kPeer), seen);
}

TEST(Nat, AddressAndPortDependentMappingDiffersForEachRemoteEnd) {
  Box t(nat_of("apd/ei"));

  const Address seen = t.out(kHost, kServer);

  EXPECT_NE(t.out(kHost, kServerOtherPort), seen);
  EXPECT_EQ(t.out(kHost, kServer), seen);
}

// RFC 4787 §5: who gets in, when only kServer was written to.
TEST(Nat, FiltersAreChosenApartFromMappings) {
  for (const Dependence mapping : {kNone, kAddress, kAddressAndPort}) {
    for (const auto& [filtering, other_port, stranger] : {
             std::tuple{kNone,           true,  true },
             std::tuple{kAddress,        true,  false},
             std::tuple{kAddressAndPort, false, false}
    }) {
      Box t({.mapping = mapping, .filtering = filtering});
      const Address seen = t.out(kHost, kServer);

      EXPECT_EQ(t.in(kServer, seen), kHost);
      EXPECT_EQ(t.in(kServerOtherPort, seen) == kHost, other_port);
      EXPECT_EQ(t.in(kPeer, seen) == kHost, stranger);
      EXPECT_EQ(t.last.rule == "4787:5#0"_rule, !stranger);
    }
  }
  EXPECT_RULE("4787:5#1");
  EXPECT_RULE("4787:5#2");
}

TEST(Nat, ADropNamesTheRuleOfTheFilter) {
  Box t(nat_of("ei/ad"));
  const Address seen = t.out(kHost, kServer);

  t.in(kPeer, seen);

  EXPECT_EQ(t.last.why, "filtered: nothing was sent to that address (address-dependent)");
  t.in(kPeer, seen.with_port(7001));
  EXPECT_EQ(t.last.why, "no mapping has that port");
}

TEST(Nat, FilterStateBelongsToOneMappingUnlessToldOtherwise) {
  NatBehaviour behaviour = nat_of("apd/ad");
  Box strict(behaviour);
  behaviour.filter_scope = FilterScope::kEndpoint;
  Box shared(behaviour);

  const Address strict_seen = strict.out(kHost, kServer);
  const Address shared_seen = shared.out(kHost, kServer);
  strict.out(kHost, kPeer);
  shared.out(kHost, kPeer);

  EXPECT_EQ(strict.in(kPeer, strict_seen), Address{});
  EXPECT_EQ(shared.in(kPeer, shared_seen), kHost);
}

// --- Ports (RFC 4787 §4.2) ---

TEST(NatPorts, AreKeptUntilTheyCollide) {
  Box t(nat_of("ei/ei"));

  EXPECT_EQ(t.out(kHost, kServer).port, 7000);
  EXPECT_EQ(t.out(kOther, kServer).port, 7002);  // the next one of the same parity
  EXPECT_RULE("4787:4.2.1#1");
  EXPECT_RULE("4787:4.2.1#3");
  EXPECT_RULE("4787:4.2.2#1");
}

TEST(NatPorts, OverloadedOnesAreToldApartByTheRemoteEnd) {
  Box t(nat_of("linux"));

  const Address seen = t.out(kHost, kServer);
  EXPECT_EQ(t.out(kOther, kPeer), seen);

  EXPECT_EQ(t.in(kServer, seen), kHost);
  EXPECT_EQ(t.in(kPeer, seen), kOther);
}

TEST(NatPorts, BelowAThousandStayThere) {
  Box t({.ports = PortAssignment::kRandom});

  EXPECT_LT(t.out(kHost.with_port(500), kServer).port, 1024);
  EXPECT_GE(t.out(kHost, kServer).port, 1024);
  EXPECT_RULE("4787:4.2.1#2");
}

TEST(NatPorts, SequentialOnesFollowEachOther) {
  Box t({.mapping = kAddressAndPort, .ports = PortAssignment::kSequential, .parity = false});

  const std::uint16_t first = t.out(kHost, kServer).port;

  EXPECT_EQ(t.out(kHost, kPeer).port, first + 1);
  EXPECT_EQ(t.out(kHost, kServerOtherPort).port, first + 2);
}

TEST(NatPorts, RandomOnesComeFromTheSeed) {
  Box one(nat_of("symmetric"), {kWall}, 7);
  Box same(nat_of("symmetric"), {kWall}, 7);
  Box other(nat_of("symmetric"), {kWall}, 8);

  const Address seen = one.out(kHost, kServer);

  EXPECT_EQ(same.out(kHost, kServer), seen);
  EXPECT_NE(other.out(kHost, kServer), seen);
}

TEST(NatPorts, NeighboursStayNeighbours) {
  Box t({.ports = PortAssignment::kRandom, .contiguity = true});

  const std::uint16_t rtp = t.out(kHost, kServer).port;

  EXPECT_EQ(t.out(kHost.with_port(7001), kServer).port, rtp + 1);
  EXPECT_RULE("4787:4.2.3#0");
}

TEST(NatPorts, RunOut) {
  Box t({.mapping = kAddressAndPort,
         .ports = PortAssignment::kSequential,
         .parity = false,
         .first_port = 2000,
         .last_port = 2001});

  t.out(kHost, kServer);
  t.out(kHost, kPeer);

  EXPECT_EQ(t.out(kHost, kServerOtherPort), Address{});
  EXPECT_EQ(t.last.why, "no port is left");
  EXPECT_RULE("4787:4.2.1#0");
}

TEST(NatPorts, TheTableIsBounded) {
  Box t({.mapping = kAddressAndPort, .max_mappings = 2});

  t.out(kHost, kServer);
  t.out(kHost, kPeer);

  EXPECT_EQ(t.out(kHost, kServerOtherPort), Address{});
  EXPECT_EQ(t.last.why, "the table of mappings is full");
}

TEST(NatPorts, HaveAFamilyAndATransport) {
  Box t(nat_of("ei/ei"));

  EXPECT_EQ(t.out(at_ip("[2001:db8::1]:1"), at_ip("[2001:db8::2]:1")), Address{});
  EXPECT_RULE("4787:2#0");
  EXPECT_EQ(t.out(kHost, kServer, Transport::kTcp).port, 7000);
  EXPECT_EQ(t.out(kHost, kServer).port, 7000);
  EXPECT_EQ(t.in(kServer, kWall.with_port(7000), Transport::kTcp), kHost);
  EXPECT_EQ(t.nat.table(t.now).size(), 2U);
}

// --- Several outside addresses (RFC 4787 §4.1) ---

TEST(NatPool, PairedGivesAHostOneAddress) {
  Box t({.mapping = kAddressAndPort}, {kWall, at_ip("203.0.113.6:0"), at_ip("203.0.113.7:0")});

  const Address first = t.out(kHost, kServer);

  for (std::uint16_t port = 1; port < 20; ++port)
    EXPECT_TRUE(t.out(kHost, kPeer.with_port(port)).same_ip(first));
  EXPECT_FALSE(t.out(kOther, kServer).same_ip(first));
  EXPECT_RULE("4787:4.1#2");
}

TEST(NatPool, ArbitraryDoesNot) {
  Box t({.mapping = kAddressAndPort, .pooling = Pooling::kArbitrary},
        {kWall, at_ip("203.0.113.6:0")});
  const Address first = t.out(kHost, kServer);

  bool has_differed = false;
  for (std::uint16_t port = 1; port < 20; ++port)
    has_differed |= !t.out(kHost, kPeer.with_port(port)).same_ip(first);

  EXPECT_TRUE(has_differed);
}

// --- Hairpinning (RFC 4787 §6) ---

TEST(NatHairpin, TheReceiverSeesTheOutsideAddress) {
  Box t(nat_of("full-cone"));
  const Address other = t.out(kOther, kServer);

  const Address seen = t.out(kHost, other);

  EXPECT_EQ(t.last.onward, Router::Verdict::Onward::kInside);
  EXPECT_EQ(t.received.target, kOther);
  EXPECT_EQ(seen, at_ip("203.0.113.5:7002"));
  EXPECT_RULE("4787:6#1");
  EXPECT_RULE("4787:6#2");
}

TEST(NatHairpin, OrTheInsideAddress) {
  NatBehaviour behaviour = nat_of("full-cone");
  behaviour.hairpinning = Hairpinning::kInternalSource;
  Box t(behaviour);

  EXPECT_EQ(t.out(kHost, t.out(kOther, kServer)), kHost);
  EXPECT_EQ(t.received.target, kOther);
  EXPECT_NO_RULE("4787:6#2");
}

TEST(NatHairpin, MayBeMissing) {
  NatBehaviour behaviour = nat_of("full-cone");
  behaviour.hairpinning = Hairpinning::kNone;
  Box t(behaviour);

  EXPECT_EQ(t.out(kHost, t.out(kOther, kServer)), Address{});
  EXPECT_EQ(t.last.why, "this NAT does no hairpinning");
  EXPECT_EQ(t.last.rule, "4787:6#1"_rule);
}

TEST(NatHairpin, PassesTheFilterOfTheReceiver) {
  Box t(nat_of("port-restricted-cone"));
  const Address host = t.out(kHost, kServer);
  const Address other = t.out(kOther, kServer);

  EXPECT_EQ(t.out(kHost, other), Address{});  // kOther has not written to kHost yet
  EXPECT_EQ(t.out(kOther, host), other);      // kHost has just written to kOther
  EXPECT_EQ(t.out(kHost, other), host);
}

// --- Time (RFC 4787 §4.3) ---

TEST(NatTime, AMappingLivesAsLongAsItIsUsed) {
  Box t({.ports = PortAssignment::kRandom, .lifetime = 30s});
  const Address seen = t.out(kHost, kServer);

  t.now += 29s;
  EXPECT_EQ(t.out(kHost, kServer), seen);
  EXPECT_RULE("4787:4.3#5");
  t.now += 29s;
  EXPECT_EQ(t.in(kServer, seen), kHost);
  t.now += 1s;

  EXPECT_TRUE(t.nat.table(t.now).empty());
  EXPECT_EQ(t.in(kServer, seen), Address{});
  EXPECT_NE(t.out(kHost, kServer), seen);
  EXPECT_RULE("4787:4.3#0");
}

TEST(NatTime, WhatComesInRefreshesIfItMay) {
  NatBehaviour behaviour{.lifetime = 30s, .refreshed_by_inbound = true};
  Box t(behaviour);
  const Address seen = t.out(kHost, kServer);

  for (int i = 0; i < 10; ++i) {
    t.now += 20s;
    EXPECT_EQ(t.in(kServer, seen), kHost);
  }
  EXPECT_RULE("4787:4.3#6");
}

TEST(NatTime, WhatGoesOutNeedNot) {
  Box t({.lifetime = 30s, .refreshed_by_outbound = false});
  t.out(kHost, kServer);

  t.now += 20s;
  t.out(kHost, kServer);
  t.now += 10s;

  EXPECT_TRUE(t.nat.table(t.now).empty());
  EXPECT_NO_RULE("4787:4.3#5");
}

TEST(NatTime, TcpLivesLonger) {
  Box t({.lifetime = 30s});
  const Address seen = t.out(kHost, kServer, Transport::kTcp);

  t.now += 1h;

  EXPECT_EQ(t.in(kServer, seen, Transport::kTcp), kHost);
}

// --- What befalls it ---

TEST(NatFate, ARebootForgetsEverything) {
  Box t(nat_of("full-cone"));
  const Address seen = t.out(kHost, kServer);

  t.nat.reboot();

  EXPECT_EQ(t.in(kServer, seen), Address{});
  EXPECT_EQ(t.out(kHost, kServer), seen);
}

TEST(NatFate, ARebindingMovesEveryMapping) {
  Box t(nat_of("full-cone"));
  const Address seen = t.out(kHost, kServer);

  t.nat.rebind();

  EXPECT_EQ(t.in(kServer, seen), Address{});
  EXPECT_NE(t.out(kHost, kServer), seen);
}

TEST(NatFate, TheProviderGivesOutAnotherAddress) {
  Box t(nat_of("full-cone"));
  t.out(kHost, kServer);

  t.nat.renumber(std::array{at_ip("203.0.113.77:0")});

  EXPECT_EQ(t.out(kHost, kServer), at_ip("203.0.113.77:7000"));
}

TEST(NatTable, SaysWhoIsAdmittedAndUntilWhen) {
  Box t(nat_of("ei/ad"));
  t.out(kHost, kServer);
  t.now += 1min;
  t.out(kHost, kPeer);

  const auto table = t.nat.table(t.now);

  ASSERT_EQ(table.size(), 1U);
  EXPECT_EQ(table[0].inside, kHost);
  EXPECT_EQ(table[0].outside, at_ip("203.0.113.5:7000"));
  EXPECT_EQ(table[0].remote, Address{});
  EXPECT_EQ(table[0].admitted, (std::vector{kServer.with_port(0), kPeer.with_port(0)}));
  EXPECT_EQ(table[0].expires, Instant{} + 6min);
}

TEST(NatNames, AreReadAsTheyAreWritten) {
  for (const std::string text :
       {"ei/ei", "ei/ad", "ei/apd", "ad/ei", "ad/ad", "ad/apd", "apd/ei", "apd/ad", "apd/apd"})
    EXPECT_EQ(short_text(nat_of(text)), text);
  EXPECT_EQ(short_text(nat_of("symmetric")), "apd/apd");
  EXPECT_FALSE(parse_nat("conical").has_value());
}

}  // namespace
}  // namespace glass::sim
