// Who may talk through a relay. RFC 8656 §9, §10.
#include <chrono>

#include "base/text.h"
#include "conform/turn/suite.h"
#include "conform/turn/turn_probe.h"

namespace glass::conform {
namespace {

using namespace std::chrono_literals;

const std::vector<Accepted> kExpected{
    {kAsExpected, Verdict::kPass}
};
const std::vector<Accepted> k400{
    {"error 400", Verdict::kPass}
};

const Address kSomePeer = *parse_address("192.0.2.200:9");
const Address kSomePeerV6 = *parse_address("[2001:db8::200]:9");

std::string text_of(const ByteVector& bytes) { return printable(as_text(bytes)); }

// What the peer sends arrives; sent again until it does, since datagrams may be lost.
bool comes_in(TurnProbe& p, Peer& peer, std::string_view text, Relayed* got = nullptr) {
  for (int i = 0; i < p.session().timing.tries; ++i) {
    peer.send(p.relayed(), as_bytes(text));
    Relayed heard = p.hear_relayed(p.data_patience());
    if (heard.kind == Relayed::Kind::kNothing) continue;
    if (got != nullptr) *got = std::move(heard);
    return true;
  }
  return false;
}

Outcome none_in(TurnProbe& p) {
  Peer peer(p.session());
  if (!p.has_allocation()) return p.no_allocation();
  peer.send(p.relayed(), as_bytes("too early"));
  (void)p.refresh(std::nullopt);
  if (p.permit(peer.address()).kind != Reply::Kind::kSuccess)
    return inconclusive("no permission to prove it with");
  Relayed first;
  if (!comes_in(p, peer, "in time", &first))
    return inconclusive("nothing is relayed with a permission either");
  return as_text(first.data) == "in time" ? as_expected() : wrong(text_of(first.data) + " came in");
}

Outcome none_out(TurnProbe& p) {
  Peer peer(p.session());
  if (!p.has_allocation()) return p.no_allocation();
  p.send_indication(peer.address(), as_bytes("too early"));
  if (p.permit(peer.address()).kind != Reply::Kind::kSuccess)
    return inconclusive("no permission to prove it with");
  for (int i = 0; i < p.session().timing.tries; ++i) {
    p.send_indication(peer.address(), as_bytes("in time"));
    const Heard heard = peer.hear(p.data_patience());
    if (heard.kind != Heard::Kind::kBytes) continue;
    return as_text(heard.bytes) == "in time" ? as_expected()
                                             : wrong(text_of(heard.bytes) + " went out");
  }
  return inconclusive("nothing is relayed with a permission either");
}

Outcome create(TurnProbe& p) {
  const Peer peer(p.session());
  if (!p.has_allocation()) return p.no_allocation();
  return outcome_of(p.permit(peer.address()));
}

Outcome permission_with(TurnProbe& p, const TurnProbe::Fill& fill) {
  if (!p.has_allocation()) return p.no_allocation();
  return outcome_of(p.ask_signed(Method::kCreatePermission, fill));
}

void malformed_peer(RawStun& request) {
  request.attribute(AttributeType::kXorPeerAddress, ByteVector{0, 1, 2});
}

Outcome other_family(TurnProbe& p) {
  if (!p.has_allocation()) return p.no_allocation();
  return outcome_of(p.permit(p.relayed().is_v4() ? kSomePeerV6 : kSomePeer));
}

Outcome two_peers(TurnProbe& p) {
  const Peer one(p.session());
  const Peer two(p.session());
  return permission_with(p, [&](RawStun& request) {
    request.xor_address(AttributeType::kXorPeerAddress, one.address());
    request.xor_address(AttributeType::kXorPeerAddress, two.address());
  });
}

Outcome none_of_two(TurnProbe& p) {
  Peer peer(p.session());
  if (!p.has_allocation()) return p.no_allocation();
  const Reply reply = p.ask_signed(Method::kCreatePermission, [&](RawStun& request) {
    request.xor_address(AttributeType::kXorPeerAddress, peer.address());
    malformed_peer(request);
  });
  if (reply.code != 400) return outcome_of(reply);
  peer.send(p.relayed(), as_bytes("not permitted"));
  (void)p.refresh(std::nullopt);
  return p.hear_relayed(p.session().timing.grace).kind == Relayed::Kind::kNothing
             ? as_expected()
             : wrong("the other peer was permitted all the same");
}

Outcome port_does_not_count(TurnProbe& p) {
  Peer peer(p.session());
  if (!p.has_allocation()) return p.no_allocation();
  if (const Reply reply = p.permit(peer.address().with_port(1));
      !(reply.kind == Reply::Kind::kSuccess))
    return outcome_of(reply);
  return comes_in(p, peer, "from another port") ? as_expected()
                                                : wrong("nothing came from another port");
}

Outcome permits_at(TurnProbe& p, Duration when, std::optional<Duration> again, bool send_meanwhile,
                   bool expected) {
  Peer peer(p.session());
  if (!p.is_ready_for(peer.address())) return p.no_allocation();
  if (!comes_in(p, peer, "at first")) return inconclusive("nothing is relayed at all");
  Duration passed{};
  const auto wait_until = [&](Duration then) {
    p.session().wire.wait(then - passed);
    passed = then;
  };
  if (again) {
    wait_until(*again);
    if (send_meanwhile)
      p.send_indication(peer.address(), as_bytes("data"));
    else if (p.permit(peer.address()).kind != Reply::Kind::kSuccess)
      return inconclusive("the permission could not be renewed");
  }
  wait_until(when);
  const bool came = comes_in(p, peer, "later");
  if (came == expected) return as_expected();
  return wrong(came ? "data still comes" : "data comes no more");
}

Outcome forbidden(TurnProbe& p, std::string_view address) {
  if (!p.has_allocation()) return p.no_allocation();
  return outcome_of(p.permit(*parse_address(address)));
}

void add_requests(const std::function<void(Case)>& add) {
  add({.id = "turn/8656:10.2#0/create",
       .title = "Asks for a permission",
       .expectation = "Success",
       .outcomes = {{"success", Verdict::kPass}},
       .needs = {"peer"},
       .run = on(create)});
  add({.id = "turn/8656:10.2#1/no-peer",
       .title = "Asks for a permission without XOR-PEER-ADDRESS",
       .expectation = "400 (Bad Request)",
       .cls = Class::kInvalid,
       .outcomes = k400,
       .run = on(+[](TurnProbe& p) { return permission_with(p, {}); })});
  add({.id = "turn/8656:10.2#0/malformed-peer",
       .title = "Asks for a permission with an XOR-PEER-ADDRESS of three bytes",
       .expectation = "400 (Bad Request)",
       .cls = Class::kInvalid,
       .outcomes = k400,
       .run = on(+[](TurnProbe& p) { return permission_with(p, malformed_peer); })});
  add({.id = "turn/8656:10.2#2/other-family",
       .title = "Asks for a permission for a peer of the other family",
       .expectation = "443 (Peer Address Family Mismatch)",
       .cls = Class::kInvalid,
       .outcomes = {{"error 443", Verdict::kPass}},
       .run = on(other_family)});
  add({.id = "turn/8656:10.2#1/two-peers",
       .title = "Asks for a permission with XOR-PEER-ADDRESS twice",
       .expectation = "Success",
       .outcomes = {{"success", Verdict::kPass}},
       .needs = {"peer"},
       .run = on(two_peers)});
  add({.id = "turn/8656:10.2#0/none-of-two",
       .title = "Asks for permissions for a peer and for a malformed one",
       .expectation = "400 (Bad Request), and neither is installed",
       .cls = Class::kInvalid,
       .outcomes = kExpected,
       .needs = {"peer"},
       .run = on(none_of_two)});
  struct Forbidden {
    std::string name;
    std::string_view address;
  };
  for (const auto& [name, address] : {
           Forbidden{"multicast",   "224.0.0.1:9"      },
           Forbidden{"unspecified", "0.0.0.0:9"        },
           Forbidden{"broadcast",   "255.255.255.255:9"}
  })
    add({
        .id = "turn/8656:10.2#3/" + name,
        .title = "Asks for a permission for " + std::string(address),
        .expectation = "A server may forbid it: 403",
        .level = Level::kMay,
        .cls = Class::kInvalid,
        .outcomes = {{"error 403", Verdict::kPass},
                     {"error 400", Verdict::kPass},
                     {"success", Verdict::kLenient}},
        .needs = {"ipv4-relay"},
        .run = [address](Session& session) {
          TurnProbe p(session);
          return forbidden(p, address);
                     }
    });
}

void add_effects(const std::function<void(Case)>& add) {
  add({.id = "turn/8656:9#0/none-in",
       .title = "Lets a peer send before there is a permission",
       .expectation = "Nothing of it comes in",
       .cls = Class::kInopportune,
       .outcomes = kExpected,
       .needs = {"peer"},
       .run = on(none_in)});
  add({.id = "turn/8656:11.2#0/none-out",
       .title = "Sends to a peer before there is a permission",
       .expectation = "Nothing of it goes out",
       .cls = Class::kInopportune,
       .outcomes = kExpected,
       .needs = {"peer"},
       .run = on(none_out)});
  add({.id = "turn/8656:10.2#0/port-does-not-count",
       .title = "Permits a peer by another port, and lets it send",
       .expectation = "A permission is for the IP address alone",
       .outcomes = kExpected,
       .needs = {"peer"},
       .run = on(port_does_not_count)});
  add({
      .id = "turn/8656:9#1/lives-295-seconds",
      .title = "Lets a peer send 295 seconds after the permission",
      .expectation = "A permission lives for 300 seconds",
      .outcomes = kExpected,
      .needs = {"peer", "slow"},
      .run = on(+[](TurnProbe& p) { return permits_at(p, 295s, std::nullopt, false, true); }
        )
  });
  add({
      .id = "turn/8656:9#1/ends-after-300-seconds",
      .title = "Lets a peer send 310 seconds after the permission",
      .expectation = "A permission lives for 300 seconds",
      .cls = Class::kInopportune,
      .outcomes = kExpected,
      .needs = {"peer", "slow"},
      .run = on(+[](TurnProbe& p) { return permits_at(p, 310s, std::nullopt, false, false); }
        )
  });
  add({
      .id = "turn/8656:10.2#0/renewed",
      .title = "Renews a permission after 200 seconds, and lets the peer send after 400",
      .expectation = "The 300 seconds began anew",
      .outcomes = kExpected,
      .needs = {"peer", "slow"},
      .run = on(+[](TurnProbe& p) { return permits_at(p, 400s, 200s, false, true); }
        )
  });
  add({
      .id = "turn/8656:11.2#0/not-renewed-by-data",
      .title = "Sends to the peer after 290 seconds, and lets it send after 310",
      .expectation = "A Send indication renews no permission",
      .cls = Class::kInopportune,
      .outcomes = kExpected,
      .needs = {"peer", "slow"},
      .run = on(+[](TurnProbe& p) { return permits_at(p, 310s, 290s, true, false); }
        )
  });
}

}  // namespace

void add_permission_cases(std::vector<Case>& to) {
  const auto add = [&](Case one) {
    one.needs.insert(one.needs.begin(), "login");
    to.push_back(std::move(one));
  };
  add_requests(add);
  add_effects(add);
}

}  // namespace glass::conform
