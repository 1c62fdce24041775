// Allocating a relayed address, and what every TURN message has to obey. RFC 8656 §5 to §7.
#include <algorithm>
#include <chrono>
#include <memory>

#include "base/text.h"
#include "conform/turn/suite.h"
#include "conform/turn/turn_probe.h"
#include "stun/turn/attributes.h"

namespace glass::conform {
namespace {

using namespace std::chrono_literals;
using Add = std::function<void(Case)>;

const std::vector<Accepted> kExpected{
    {kAsExpected, Verdict::kPass}
};
const std::vector<Accepted> kSuccess{
    {"success", Verdict::kPass}
};
const std::vector<Accepted> k400{
    {"error 400", Verdict::kPass}
};

constexpr std::uint32_t kIpv4 = 1;
constexpr std::uint32_t kIpv6 = 2;
constexpr std::uint8_t kReserve = 0x80;  // the R bit of EVEN-PORT
const ByteVector kSomeToken{1, 2, 3, 4, 5, 6, 7, 8};

void family(RawStun& request, std::uint32_t value) {
  request.number(AttributeType::kRequestedAddressFamily, value << 24);
}
void additional_family(RawStun& request, std::uint32_t value) {
  request.number(AttributeType::kAdditionalAddressFamily, value << 24);
}
void even_port(RawStun& request, std::uint8_t bits) {
  request.attribute(AttributeType::kEvenPort, ByteVector{bits});
}
void token(RawStun& request, Bytes value) {
  request.attribute(AttributeType::kReservationToken, value);
}

Outcome allocate(TurnProbe& p, void (*fill)(RawStun&)) { return outcome_of(p.allocate(fill)); }

// Allocate whose REQUESTED-TRANSPORT is what `fill` adds, if anything.
Outcome allocate_bare(TurnProbe& p, void (*fill)(RawStun&)) {
  return outcome_of(p.ask_signed(Method::kAllocate, fill));
}

Outcome parts_of_answer(TurnProbe& p) {
  const Reply reply = p.allocate();
  if (reply.kind != Reply::Kind::kSuccess) return outcome_of(reply);
  if (!reply.get<stun::turn::XorRelayedAddress>()) return wrong("no XOR-RELAYED-ADDRESS");
  if (!reply.get<stun::turn::Lifetime>()) return wrong("no LIFETIME");
  if (!reply.get<stun::XorMappedAddress>()) return wrong("no XOR-MAPPED-ADDRESS");
  return as_expected();
}

Outcome mapped_address(TurnProbe& p) {
  const auto mapped = p.allocate().get<stun::XorMappedAddress>();
  if (!mapped) return wrong("no XOR-MAPPED-ADDRESS");
  if (mapped->address == p.path().local) return as_expected();
  const std::string text = to_text(mapped->address) + " instead of " + to_text(p.path().local);
  return p.session().has("near") ? wrong(text) : inconclusive(text + ": a NAT may be between");
}

Outcome port_is_dynamic(TurnProbe& p) {
  if (!p.has_allocation()) return p.no_allocation();
  return p.relayed().port >= 49152 ? as_expected()
                                   : Outcome{.name = "low", .detail = decimal(p.relayed().port)};
}

Outcome port_is_not_well_known(TurnProbe& p) {
  if (!p.has_allocation()) return p.no_allocation();
  return p.relayed().port > 1023 ? as_expected()
                                 : Outcome{.name = "low", .detail = decimal(p.relayed().port)};
}

Outcome twice(TurnProbe& p) {
  if (!p.has_allocation()) return p.no_allocation();
  return outcome_of(p.ask_signed(Method::kAllocate, [](RawStun& request) {
    request.number(AttributeType::kRequestedTransport, std::uint32_t{17} << 24);
  }));
}

Outcome retransmission(TurnProbe& p) {
  RawStun request = p.request(Method::kAllocate);
  request.number(AttributeType::kRequestedTransport, std::uint32_t{17} << 24);
  sign(request, p.signing());
  const Reply first = p.ask(request);
  if (first.kind != Reply::Kind::kSuccess) return outcome_of(first);
  const Reply second = p.ask(request);
  (void)p.refresh(0);
  if (second.kind != Reply::Kind::kSuccess) return outcome_of(second);
  const auto a = first.get<stun::turn::XorRelayedAddress>();
  const auto b = second.get<stun::turn::XorRelayedAddress>();
  if (!a || !b) return wrong("no XOR-RELAYED-ADDRESS");
  return a->address == b->address ? as_expected() : wrong("the answers tell different addresses");
}

Outcome all_differ(TurnProbe& p) {
  std::vector<std::unique_ptr<TurnProbe>> all;
  std::vector<Address> relayed;
  for (int i = 0; i < 5; ++i) {
    all.push_back(std::make_unique<TurnProbe>(p.session()));
    if (!all.back()->has_allocation()) return all.back()->no_allocation();
    relayed.push_back(all.back()->relayed());
  }
  std::ranges::sort(relayed);
  return std::ranges::adjacent_find(relayed) == relayed.end() ? as_expected()
                                                              : wrong("two are the same");
}

Outcome default_is_ipv4(TurnProbe& p) {
  if (!p.has_allocation()) return p.no_allocation();
  return p.relayed().is_v4() ? as_expected() : wrong(to_text(p.relayed()));
}

Outcome ipv6(TurnProbe& p) {
  const Reply reply = p.allocate([](RawStun& request) { family(request, kIpv6); });
  if (reply.kind != Reply::Kind::kSuccess) return outcome_of(reply);
  return p.relayed().is_v4() ? wrong("it relays at " + to_text(p.relayed())) : outcome_of(reply);
}

Outcome both_families(TurnProbe& p) {
  const Reply reply = p.allocate([](RawStun& request) { additional_family(request, kIpv6); });
  if (reply.kind != Reply::Kind::kSuccess) return outcome_of(reply);
  std::size_t addresses = 0;
  for (const stun::Attribute& one : reply.view().attributes())
    if (one.type == AttributeType::kXorRelayedAddress) ++addresses;
  if (addresses == 2) return as_expected("two relayed addresses");
  if (reply.has(AttributeType::kAddressErrorCode)) return as_expected("one, and why not two");
  return {.name = "one", .detail = "one relayed address, and not a word why"};
}

Outcome even(TurnProbe& p) {
  const Reply reply = p.allocate([](RawStun& request) { even_port(request, 0); });
  if (reply.kind != Reply::Kind::kSuccess) return outcome_of(reply);
  return p.relayed().port % 2 == 0 ? as_expected() : wrong(to_text(p.relayed()));
}

// An allocation with the port behind it kept for somebody; the token. nullopt: `outcome` says why.
std::optional<ByteVector> reserve(TurnProbe& p, Outcome& outcome) {
  const Reply reply = p.allocate([](RawStun& request) { even_port(request, kReserve); });
  outcome = outcome_of(reply);
  if (reply.kind != Reply::Kind::kSuccess) return std::nullopt;
  if (p.relayed().port % 2 != 0) {
    outcome = wrong("an uneven port: " + to_text(p.relayed()));
    return std::nullopt;
  }
  const auto found = reply.view().find(AttributeType::kReservationToken);
  if (!found || found->value.size() != 8) {
    outcome = wrong("no RESERVATION-TOKEN of eight bytes");
    return std::nullopt;
  }
  return ByteVector(found->value.begin(), found->value.end());
}

Outcome reserves(TurnProbe& p) {
  Outcome outcome;
  return reserve(p, outcome) ? as_expected() : outcome;
}

Outcome redeems_after(TurnProbe& p, Duration wait) {
  Outcome outcome;
  const auto kept = reserve(p, outcome);
  if (!kept) return outcome;
  p.session().wire.wait(wait);
  TurnProbe other(p.session());
  const Reply reply = other.allocate([&](RawStun& request) { token(request, *kept); });
  if (reply.kind != Reply::Kind::kSuccess) return outcome_of(reply);
  Address next = p.relayed();
  ++next.port;
  return other.relayed() == next ? as_expected()
                                 : wrong(to_text(other.relayed()) + " instead of " + to_text(next));
}

std::optional<std::uint32_t> lifetime_of(TurnProbe& p, std::optional<std::uint32_t> asked) {
  TurnProbe one(p.session());
  const auto lifetime = one.allocate([&](RawStun& request) {
                             if (asked) request.number(AttributeType::kLifetime, *asked);
                           })
                            .get<stun::turn::Lifetime>();
  return lifetime ? std::optional(lifetime->value) : std::nullopt;
}

Outcome short_lifetime(TurnProbe& p, std::uint32_t asked) {
  const auto usual = lifetime_of(p, std::nullopt);
  const auto got = lifetime_of(p, asked);
  if (!usual || !got) return inconclusive("no LIFETIME to compare");
  if (*usual == 0) return wrong("a lifetime of zero");
  return *got == *usual ? as_expected(decimal(*usual) + " s")
                        : wrong(decimal(*got) + " s instead of the default, " + decimal(*usual));
}

Outcome longer_lifetime(TurnProbe& p) {
  constexpr std::uint32_t kAsked = 1200;
  const auto usual = lifetime_of(p, std::nullopt);
  const auto got = lifetime_of(p, kAsked);
  if (!usual || !got) return inconclusive("no LIFETIME to compare");
  const bool is_right = *got >= *usual && *got <= std::max(*usual, kAsked);
  const std::string text = decimal(*got) + " s; the default is " + decimal(*usual) + " s";
  return is_right ? as_expected(text) : wrong(text);
}

Outcome longest_lifetime(TurnProbe& p) {
  const auto got = lifetime_of(p, 0xFFFFFFFF);
  if (!got) return inconclusive("no LIFETIME");
  return *got <= 3600 ? as_expected(decimal(*got) + " s")
                      : Outcome{.name = "longer", .detail = decimal(*got) + " s"};
}

// A request of the other user on an allocation of the first.
Outcome as_other_user(TurnProbe& p, Method method) {
  if (!p.has_allocation()) return p.no_allocation();
  const Peer peer(p.session());
  p.become_other_user();
  return outcome_of(p.ask_signed(method, [&](RawStun& request) {
    if (method == Method::kChannelBind)
      request.number(AttributeType::kChannelNumber, std::uint32_t{0x4000} << 16);
    if (method != Method::kRefresh && peer.is_open())
      request.xor_address(AttributeType::kXorPeerAddress, peer.address());
  }));
}

Outcome without_allocation(TurnProbe& p, Method method) {
  return outcome_of(p.ask_signed(method, [&](RawStun& request) {
    if (method == Method::kChannelBind)
      request.number(AttributeType::kChannelNumber, std::uint32_t{0x4000} << 16);
    if (method != Method::kRefresh)
      request.xor_address(AttributeType::kXorPeerAddress, *parse_address("192.0.2.200:9"));
  }));
}

// The good request behind a message that deserves no answer.
void use_good_request(TurnProbe& p) {
  p.set_good([&p] {
    RawStun request = p.request(Method::kRefresh);
    sign(request, p.signing());
    return request;
  });
}

Outcome indication_without(TurnProbe& p) {
  (void)p.be_challenged();
  use_good_request(p);
  RawStun message(stun::Class::kIndication, Method::kSend, p.new_id());
  message.xor_address(AttributeType::kXorPeerAddress, *parse_address("192.0.2.200:9"));
  message.text(AttributeType::kData, "nobody's");
  return p.silence_after(message);
}

Outcome channel_data_without(TurnProbe& p) {
  (void)p.be_challenged();
  use_good_request(p);
  return p.silence_after(ByteVector{0x40, 0, 0, 4, 1, 2, 3, 4});
}

Outcome software(TurnProbe& p) {
  const Reply reply = p.allocate();
  if (!reply.is_answer()) return outcome_of(reply);
  return reply.has(AttributeType::kSoftware) ? as_expected() : Outcome{.name = "absent"};
}

Outcome udp_is_served(TurnProbe& p) {
  StunProbe other(p.session(), Transport::kUdp);
  RawStun request = other.request(Method::kAllocate);
  request.number(AttributeType::kRequestedTransport, std::uint32_t{17} << 24);
  return outcome_of(other.ask(request));
}

void add_answers(const Add& add) {
  add({.id = "turn/8656:7.2#0/answer",
       .title = "Allocates",
       .expectation = "XOR-RELAYED-ADDRESS, LIFETIME and XOR-MAPPED-ADDRESS",
       .outcomes = kExpected,
       .needs = {"login"},
       .run = on(parts_of_answer)});
  add({.id = "turn/8656:7.2#0/mapped-address",
       .title = "Allocates",
       .expectation = "XOR-MAPPED-ADDRESS is where the request came from",
       .outcomes = kExpected,
       .needs = {"login"},
       .run = on(mapped_address)});
  add({
      .id = "turn/8656:7.2#11/dynamic-port",
      .title = "Allocates",
      .expectation = "The relayed port is one of 49152 to 65535",
      .level = Level::kShould,
      .outcomes = {{kAsExpected, Verdict::kPass}, {"low", Verdict::kLenient}},
      .needs = {"login"},
      .run = on(port_is_dynamic)
  });
  add({
      .id = "turn/8656:7.2#12/no-well-known-port",
      .title = "Allocates",
      .expectation = "The relayed port is above 1023",
      .level = Level::kShould,
      .outcomes = {{kAsExpected, Verdict::kPass}, {"low", Verdict::kLenient}},
      .needs = {"login"},
      .run = on(port_is_not_well_known)
  });
  add({.id = "turn/8656:6#1/unique",
       .title = "Allocates five times",
       .expectation = "All relayed addresses differ",
       .outcomes = kExpected,
       .needs = {"login"},
       .run = on(all_differ)});
  add({.id = "turn/8656:7.2#0/twice",
       .title = "Allocates again on the same 5-tuple",
       .expectation = "437 (Allocation Mismatch)",
       .cls = Class::kInopportune,
       .outcomes = {{"error 437", Verdict::kPass}},
       .needs = {"login"},
       .run = on(twice)});
  add({
      .id = "turn/8489:6.3.1#1/allocate-retransmitted",
      .title = "Sends the same Allocate request twice, transaction id and all",
      .expectation = "Both are answered with the same relayed address",
      .cls = Class::kInopportune,
      .outcomes = kExpected,
      .needs = {"login", "datagram"},
      .run = on(retransmission)
  });
  add({
      .id = "turn/8656:5#9/software",
      .title = "Looks for SOFTWARE in an Allocate response",
      .expectation = "It is there",
      .level = Level::kShould,
      .outcomes = {{kAsExpected, Verdict::kPass}, {"absent", Verdict::kLenient}},
      .needs = {"login"},
      .run = on(software)
  });
  add({
      .id = "turn/8656:5#11/udp",
      .title = "Asks over UDP",
      .expectation = "Every server serves UDP",
      .outcomes = {{"error 401", Verdict::kPass}, {"success", Verdict::kPass}},
      .needs = {"plain"},
      .run = on(udp_is_served)
  });
}

void add_transports(const Add& add) {
  add({.id = "turn/8656:7.2#0/no-transport",
       .title = "Allocates without REQUESTED-TRANSPORT",
       .expectation = "400 (Bad Request)",
       .cls = Class::kInvalid,
       .outcomes = k400,
       .needs = {"login"},
       .run = on(+[](TurnProbe& p) { return allocate_bare(p, nullptr); })});
  add({.id = "turn/8656:7.2#0/transport-malformed",
       .title = "Allocates with a REQUESTED-TRANSPORT of one byte",
       .expectation = "400 (Bad Request)",
       .cls = Class::kInvalid,
       .outcomes = k400,
       .needs = {"login"},
       .run = on(+[](TurnProbe& p) {
         return allocate_bare(p, [](RawStun& request) {
           request.attribute(AttributeType::kRequestedTransport, ByteVector{17});
         });
       })});
  add({.id = "turn/8656:7.2#0/transport-unknown",
       .title = "Allocates with REQUESTED-TRANSPORT 99",
       .expectation = "442 (Unsupported Transport Protocol)",
       .cls = Class::kInvalid,
       .outcomes = {{"error 442", Verdict::kPass}},
       .needs = {"login"},
       .run = on(+[](TurnProbe& p) {
         return allocate_bare(p, [](RawStun& request) {
           request.number(AttributeType::kRequestedTransport, std::uint32_t{99} << 24);
         });
       })});
  add({
      .id = "turn/8656:7.2#0/dont-fragment",
      .title = "Allocates with DONT-FRAGMENT",
      .expectation = "Success, or 420 where the server cannot set the bit",
      .outcomes = {{"success", Verdict::kPass}, {"error 420", Verdict::kPass}},
      .needs = {"login"},
      .run = on(+[](TurnProbe& p) {
        return allocate(p,
                        [](RawStun& request) { request.attribute(AttributeType::kDontFragment); });
                   }
        )
  });
}

void add_families(const Add& add) {
  add({
      .id = "turn/8656:7.2#6/ipv4-by-default",
      .title = "Allocates without naming a family",
      .expectation = "The relayed address is of IPv4",
      .outcomes = kExpected,
      .needs = {"login", "ipv4-relay"},
      .run = on(default_is_ipv4)
  });
  add({
      .id = "turn/8656:7.2#4/unknown-family",
      .title = "Allocates with REQUESTED-ADDRESS-FAMILY 7",
      .expectation = "440 (Address Family not Supported)",
      .cls = Class::kInvalid,
      .outcomes = {{"error 440", Verdict::kPass}, {"error 400", Verdict::kLenient}},
      .needs = {"login"},
      .run = on(+[](TurnProbe& p) {
        return allocate(p, [](RawStun& request) { family(request, 7); });
                   }
        )
  });
  add({
      .id = "turn/8656:7.2#4/ipv6",
      .title = "Allocates with REQUESTED-ADDRESS-FAMILY for IPv6",
      .expectation = "An IPv6 address, or 440",
      .outcomes = {{"success", Verdict::kPass}, {"error 440", Verdict::kPass}},
      .needs = {"login"},
      .run = on(ipv6)
  });
  add({
      .id = "turn/8656:7.2#0/ipv6-besides",
      .title = "Allocates with ADDITIONAL-ADDRESS-FAMILY for IPv6",
      .expectation = "Two relayed addresses, or one and ADDRESS-ERROR-CODE",
      .outcomes = {{kAsExpected, Verdict::kPass}, {"error 508", Verdict::kPass}},
      .needs = {"login"},
      .run = on(both_families)
  });
  add({.id = "turn/8656:7.2#0/ipv4-besides",
       .title = "Allocates with ADDITIONAL-ADDRESS-FAMILY for IPv4",
       .expectation = "400 (Bad Request)",
       .cls = Class::kInvalid,
       .outcomes = k400,
       .needs = {"login"},
       .run = on(+[](TurnProbe& p) {
         return allocate(p, [](RawStun& request) { additional_family(request, kIpv4); });
       })});
  add({.id = "turn/8656:7.2#0/both-family-attributes",
       .title = "Allocates with REQUESTED- and ADDITIONAL-ADDRESS-FAMILY",
       .expectation = "400 (Bad Request)",
       .cls = Class::kInvalid,
       .outcomes = k400,
       .needs = {"login"},
       .run = on(+[](TurnProbe& p) {
         return allocate(p, [](RawStun& request) {
           family(request, kIpv4);
           additional_family(request, kIpv6);
         });
       })});
}

void add_ports(const Add& add) {
  const auto refused = [&](std::string id, std::string title, void (*fill)(RawStun&)) {
    add({.id = "turn/8656:7.2#0/" + std::move(id),
         .title = std::move(title),
         .expectation = "400 (Bad Request)",
         .cls = Class::kInvalid,
         .outcomes = k400,
         .needs = {"login"},
         .run = [fill](Session& session) {
           TurnProbe p(session);
           return allocate(p, fill);
         }});
  };
  add({.id = "turn/8656:7.2#0/even-port",
       .title = "Allocates with EVEN-PORT",
       .expectation = "The relayed port is even",
       .outcomes = kExpected,
       .needs = {"login"},
       .run = on(even)});
  add({.id = "turn/8656:7.2#0/reservation",
       .title = "Allocates with EVEN-PORT and its R bit",
       .expectation = "The port is even, and a token stands for the next one",
       .outcomes = kExpected,
       .needs = {"login"},
       .run = on(reserves)});
  add({.id = "turn/8656:7.2#0/redeemed",
       .title = "Allocates with a token",
       .expectation = "The relayed port is the one that was kept",
       .outcomes = kExpected,
       .needs = {"login"},
       .run = on(+[](TurnProbe& p) { return redeems_after(p, 0s); })});
  add({
      .id = "turn/8656:7.2#10/redeemed-late",
      .title = "Allocates with a token after 29 seconds",
      .expectation = "A reservation holds for at least 30 seconds",
      .outcomes = kExpected,
      .needs = {"login", "slow"},
      .run = on(+[](TurnProbe& p) { return redeems_after(p, 29s);            }
        )
  });
  add({.id = "turn/8656:7.2#0/unknown-token",
       .title = "Allocates with a token that nobody gave",
       .expectation = "508 (Insufficient Capacity)",
       .cls = Class::kInvalid,
       .outcomes = {{"error 508", Verdict::kPass}},
       .needs = {"login"},
       .run = on(+[](TurnProbe& p) {
         return allocate(p, [](RawStun& request) { token(request, kSomeToken); });
       })});
  refused("token-and-even-port", "Allocates with a token and EVEN-PORT", [](RawStun& request) {
    token(request, kSomeToken);
    even_port(request, 0);
  });
  refused("token-and-family", "Allocates with a token and REQUESTED-ADDRESS-FAMILY",
          [](RawStun& request) {
            token(request, kSomeToken);
            family(request, kIpv4);
          });
  refused("token-and-additional-family", "Allocates with a token and ADDITIONAL-ADDRESS-FAMILY",
          [](RawStun& request) {
            token(request, kSomeToken);
            additional_family(request, kIpv6);
          });
  refused("reservation-and-additional-family",
          "Allocates with EVEN-PORT, its R bit, and ADDITIONAL-ADDRESS-FAMILY",
          [](RawStun& request) {
            even_port(request, kReserve);
            additional_family(request, kIpv6);
          });
}

void add_lifetimes(const Add& add) {
  for (const std::uint32_t asked : {0U, 1U})
    add({.id = "turn/8656:7.2#0/lifetime-" + decimal(asked),
         .title = "Allocates with LIFETIME " + decimal(asked),
         .expectation = "Less than the default lifetime becomes the default lifetime",
         .outcomes = kExpected,
         .needs = {"login"},
         .run = [asked](Session& session) {
           TurnProbe p(session);
           return short_lifetime(p, asked);
         }});
  add({.id = "turn/8656:7.2#0/lifetime-1200",
       .title = "Allocates with LIFETIME 1200",
       .expectation = "The answer is not below the default and not above what was asked",
       .outcomes = kExpected,
       .needs = {"login"},
       .run = on(longer_lifetime)});
  add({
      .id = "turn/8656:7.2#14/lifetime-of-ages",
      .title = "Allocates with the largest LIFETIME there is",
      .expectation = "At most an hour is given",
      .level = Level::kShould,
      .outcomes = {{kAsExpected, Verdict::kPass}, {"longer", Verdict::kLenient}},
      .needs = {"login"},
      .run = on(longest_lifetime)
  });
}

void add_general(const Add& add) {
  struct Named {
    Method method;
    std::string name;
  };
  for (const auto& [method, name] : {
           Named{Method::kRefresh,          "refresh"          },
           Named{Method::kCreatePermission, "create-permission"},
           Named{Method::kChannelBind,      "channel-bind"     }
  }) {
    add({
        .id = "turn/8656:5#5/" + name + "-of-another",
        .title = "Sends " + name + " as another user on an allocation",
        .expectation = "441 (Wrong Credentials)",
        .cls = Class::kInvalid,
        .outcomes = {{"error 441", Verdict::kPass}},
        .needs = {"login", "two-users"},
        .run = [method](Session& session) {
          TurnProbe p(session);
          return as_other_user(p, method);
                     }
    });
    add({.id = "turn/8656:5#6/" + name + "-without-allocation",
         .title = "Sends " + name + " without an allocation",
         .expectation = "437 (Allocation Mismatch)",
         .cls = Class::kInopportune,
         .outcomes = {{"error 437", Verdict::kPass}},
         .needs = {"login"},
         .run = [method](Session& session) {
           TurnProbe p(session);
           return without_allocation(p, method);
         }});
  }
  const std::vector<Accepted> silent{
      {"silence", Verdict::kPass   },
      {"closed",  Verdict::kLenient}
  };
  add({.id = "turn/8656:5#6/send-without-allocation",
       .title = "Sends a Send indication without an allocation",
       .expectation = "It is ignored",
       .cls = Class::kInopportune,
       .outcomes = silent,
       .needs = {"login"},
       .run = on(indication_without)});
  add({.id = "turn/8656:5#6/channel-data-without-allocation",
       .title = "Sends ChannelData without an allocation",
       .expectation = "It is ignored",
       .cls = Class::kInopportune,
       .outcomes = silent,
       .needs = {"login"},
       .run = on(channel_data_without)});
}

}  // namespace

void add_allocate_cases(std::vector<Case>& to) {
  const Add add = [&](Case one) { to.push_back(std::move(one)); };
  add_answers(add);
  add_transports(add);
  add_families(add);
  add_ports(add);
  add_lifetimes(add);
  add_general(add);
}

}  // namespace glass::conform
