// Keeping an allocation and giving it back. RFC 8656 §8.
#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "conform/turn/suite.h"
#include "conform/turn/turn_probe.h"
#include "stun/turn/attributes.h"

namespace glass::conform {
namespace {

using namespace std::chrono_literals;

const std::vector<Accepted> kExpected{
    {kAsExpected, Verdict::kPass}
};

std::optional<std::uint32_t> lifetime(const Reply& reply) {
  const auto found = reply.get<stun::turn::Lifetime>();
  return found ? std::optional(found->value) : std::nullopt;
}

Outcome refreshed(TurnProbe& p, std::optional<std::uint32_t> asked) {
  const auto usual = lifetime(p.allocate());
  if (!usual) return p.no_allocation();
  const Reply reply = p.refresh(asked);
  if (reply.kind != Reply::Kind::kSuccess) return outcome_of(reply);
  const auto got = lifetime(reply);
  if (!got) return wrong("no LIFETIME");
  const std::uint32_t most = std::max(*usual, asked.value_or(0));
  const std::string text = decimal(*got) + " s; the default is " + decimal(*usual) + " s";
  return *got >= *usual && *got <= most ? as_expected(text) : wrong(text);
}

Outcome deleted(TurnProbe& p) {
  if (!p.has_allocation()) return p.no_allocation();
  const Reply reply = p.refresh(0);
  if (reply.kind != Reply::Kind::kSuccess) return outcome_of(reply);
  return lifetime(reply) == 0U ? as_expected() : wrong("the answer has no LIFETIME of zero");
}

Outcome gone(TurnProbe& p) {
  if (!p.has_allocation()) return p.no_allocation();
  if (p.refresh(0).kind != Reply::Kind::kSuccess) return inconclusive("it was not deleted");
  return outcome_of(p.refresh(std::nullopt));
}

Outcome anew(TurnProbe& p) {
  if (!p.has_allocation()) return p.no_allocation();
  if (p.refresh(0).kind != Reply::Kind::kSuccess) return inconclusive("it was not deleted");
  return outcome_of(p.allocate());
}

Outcome relays_no_more(TurnProbe& p) {
  Peer peer(p.session());
  if (!p.is_ready_for(peer.address())) return p.no_allocation();
  const Address relayed = p.relayed();
  peer.send(relayed, as_bytes("before"));
  if (p.hear_relayed(p.data_patience()).kind == Relayed::Kind::kNothing)
    return inconclusive("nothing is relayed while it lives");
  if (p.refresh(0).kind != Reply::Kind::kSuccess) return inconclusive("it was not deleted");
  peer.send(relayed, as_bytes("after"));
  // What comes to nobody's port may be refused; what must not happen is that it comes to us.
  (void)p.refresh(std::nullopt);
  return p.hear_relayed(p.session().timing.grace).kind == Relayed::Kind::kNothing
             ? as_expected()
             : wrong("data of the peer still comes");
}

Outcome other_family(TurnProbe& p) {
  if (!p.has_allocation()) return p.no_allocation();
  const std::uint32_t other = p.relayed().is_v4() ? 2 : 1;
  return outcome_of(p.ask_signed(Method::kRefresh, [&](RawStun& request) {
    request.number(AttributeType::kRequestedAddressFamily, other << 24);
  }));
}

Outcome lives_until(TurnProbe& p, bool refresh_before) {
  const auto usual = lifetime(p.allocate());
  if (!usual) return p.no_allocation();
  const auto whole = std::chrono::seconds(*usual);
  p.session().wire.wait(whole - 10s);
  if (refresh_before) {
    const Reply reply = p.refresh(std::nullopt);
    if (reply.kind != Reply::Kind::kSuccess) return outcome_of(reply);
  }
  p.session().wire.wait(20s);
  return outcome_of(p.refresh(std::nullopt));
}

}  // namespace

void add_refresh_cases(std::vector<Case>& to) {
  const auto add = [&](Case one) {
    one.needs.insert(one.needs.begin(), "login");
    to.push_back(std::move(one));
  };
  add({.id = "turn/8656:8.2#0/without-lifetime",
       .title = "Refreshes without LIFETIME",
       .expectation = "The default lifetime begins anew, and the answer says it",
       .outcomes = kExpected,
       .run = on(+[](TurnProbe& p) { return refreshed(p, std::nullopt); })});
  add({.id = "turn/8656:8.2#0/lifetime-1",
       .title = "Refreshes with LIFETIME 1",
       .expectation = "Less than the default lifetime becomes the default lifetime",
       .outcomes = kExpected,
       .run = on(+[](TurnProbe& p) { return refreshed(p, 1); })});
  add({.id = "turn/8656:8.2#0/lifetime-1200",
       .title = "Refreshes with LIFETIME 1200",
       .expectation = "The answer is not below the default and not above what was asked",
       .outcomes = kExpected,
       .run = on(+[](TurnProbe& p) { return refreshed(p, 1200); })});
  add({.id = "turn/8656:8.2#0/deleted",
       .title = "Refreshes with LIFETIME 0",
       .expectation = "Success, with LIFETIME 0",
       .outcomes = kExpected,
       .run = on(deleted)});
  add({.id = "turn/8656:8.2#0/gone",
       .title = "Refreshes an allocation that was deleted",
       .expectation = "437 (Allocation Mismatch)",
       .cls = Class::kInopportune,
       .outcomes = {{"error 437", Verdict::kPass}},
       .run = on(gone)});
  add({.id = "turn/8656:8.2#0/anew",
       .title = "Allocates where an allocation was deleted",
       .expectation = "The 5-tuple is free: success",
       .outcomes = {{"success", Verdict::kPass}},
       .run = on(anew)});
  add({.id = "turn/8656:8.2#0/relays-no-more",
       .title = "Sends to the relayed address of an allocation that was deleted",
       .expectation = "Nothing is relayed",
       .cls = Class::kInopportune,
       .outcomes = kExpected,
       .needs = {"peer"},
       .run = on(relays_no_more)});
  add({.id = "turn/8656:8.2#1/other-family",
       .title = "Refreshes the other family than the allocation has",
       .expectation = "443 (Peer Address Family Mismatch)",
       .cls = Class::kInvalid,
       .outcomes = {{"error 443", Verdict::kPass}},
       .run = on(other_family)});
  add({.id = "turn/8656:8.2#0/expires",
       .title = "Refreshes ten seconds after the lifetime is over",
       .expectation = "437: the allocation is gone",
       .cls = Class::kInopportune,
       .outcomes = {{"error 437", Verdict::kPass}},
       .needs = {"slow"},
       .run = on(+[](TurnProbe& p) { return lives_until(p, false); })});
  add({.id = "turn/8656:8.2#0/lives-on",
       .title = "Refreshes ten seconds before the lifetime is over, and again ten after",
       .expectation = "The first began it anew: success",
       .outcomes = {{"success", Verdict::kPass}},
       .needs = {"slow"},
       .run = on(+[](TurnProbe& p) { return lives_until(p, true); })});
}

}  // namespace glass::conform
