// Finding out what a NAT does, with a server of two addresses. RFC 5780.
#include "base/text.h"
#include "base/writer.h"
#include "conform/stun/stun_probe.h"
#include "conform/stun/suite.h"

namespace glass::conform {
namespace {

const std::vector<Accepted> kExpected{
    {kAsExpected, Verdict::kPass}
};

constexpr std::uint32_t kChangeIp = 4;
constexpr std::uint32_t kChangePort = 2;

// An answer from elsewhere meets the filter of whatever NAT is between.
Outcome no_answer(StunProbe& p, const Reply& reply) {
  if (reply.kind == Reply::Kind::kSilence && !p.session().has("near"))
    return inconclusive("no answer: a NAT or firewall may have dropped it");
  return outcome_of(reply);
}

Outcome changed(StunProbe& p, std::uint32_t flags) {
  const Address asked = p.path().remote;
  const auto other = p.ask(p.binding()).get<stun::OtherAddress>();
  if (!other) return inconclusive("no OTHER-ADDRESS this time");
  const Reply reply = p.ask(p.binding().number(AttributeType::kChangeRequest, flags));
  if (reply.kind != Reply::Kind::kSuccess) return no_answer(p, reply);
  Address expected = (flags & kChangeIp) != 0 ? other->address.with_port(asked.port) : asked;
  if ((flags & kChangePort) != 0) expected.port = other->address.port;
  if (reply.from != expected)
    return wrong("it came from " + to_text(reply.from) + " instead of " + to_text(expected));
  return as_expected();
}

Outcome origin(StunProbe& p, std::uint32_t flags) {
  const Reply reply = p.ask(p.binding().number(AttributeType::kChangeRequest, flags));
  if (reply.kind != Reply::Kind::kSuccess) return no_answer(p, reply);
  const auto told = reply.get<stun::ResponseOrigin>();
  if (!told) return wrong("no RESPONSE-ORIGIN");
  if (told->address == reply.from) return as_expected();
  const std::string text =
      "it says " + to_text(told->address) + ", and came from " + to_text(reply.from);
  return p.session().has("near") ? wrong(text)
                                 : inconclusive(text + ": the server may be behind a NAT");
}

Outcome both_mapped(StunProbe& p) {
  const Reply reply = p.ask(p.binding());
  const auto plain = reply.get<stun::MappedAddress>();
  const auto xored = reply.get<stun::XorMappedAddress>();
  if (!plain || !xored) return wrong("MAPPED-ADDRESS or XOR-MAPPED-ADDRESS is missing");
  if (plain->address == xored->address) return as_expected();
  // Some NATs rewrite addresses wherever they see them: that is what the XOR is for.
  return p.session().has("near") ? wrong("they differ")
                                 : inconclusive("they differ: a NAT may rewrite one");
}

Outcome other_address(StunProbe& p) {
  const Reply reply = p.ask(p.binding());
  const auto other = reply.get<stun::OtherAddress>();
  if (!other) return wrong("no OTHER-ADDRESS");
  const Address asked = p.path().remote;
  if (other->address.same_ip(asked)) return wrong("the IP address is the same");
  if (other->address.port == asked.port) return wrong("the port is the same");
  return as_expected(to_text(other->address));
}

Outcome padding(StunProbe& p) {
  const Reply reply = p.ask(p.binding().attribute(AttributeType::kPadding, ByteVector(256)));
  if (reply.kind != Reply::Kind::kSuccess) return outcome_of(reply);
  return reply.has(AttributeType::kPadding) ? as_expected() : wrong("no PADDING in the answer");
}

RawStun with_response_port(StunProbe& p, std::uint16_t port) {
  return p.binding().number(AttributeType::kResponsePort, std::uint32_t{port} << 16);
}

Outcome padding_and_port(StunProbe& p) {
  return outcome_of(p.ask(with_response_port(p, p.path().local.port)
                              .attribute(AttributeType::kPadding, ByteVector(64))));
}

Outcome response_port(StunProbe& p) {
  StunProbe other(p.session());
  if (!other.is_open()) return inconclusive("no second socket");
  const RawStun request = with_response_port(p, other.path().local.port);
  for (int i = 0; i < p.session().timing.tries; ++i) {
    p.say(request.bytes());
    const Reply there = other.hear_answer(request.id(), p.session().timing.answer);
    if (there.kind == Reply::Kind::kSuccess) return as_expected();
    const Reply here = p.hear_answer(request.id(), p.session().timing.grace);
    if (here.code == 420) return skip("RESPONSE-PORT is optional, and not supported");
    if (here.is_answer()) return wrong("the answer came to the port that asked: " + here.name());
  }
  return p.session().has("near") ? Outcome{.name = "silence"}
                                 : inconclusive("no answer: a NAT may have dropped it");
}

}  // namespace

void add_discovery_cases(std::vector<Case>& to) {
  const auto add = [&](Case one) {
    one.needs.push_back("udp");
    to.push_back(std::move(one));
  };
  add({
      .id = "stun/5780:6.1#2/no-other-address",
      .title = "Asks a server of one address to answer from another",
      .expectation = "It cannot: 420 for CHANGE-REQUEST",
      .cls = Class::kInopportune,
      .outcomes = {{"error 420", Verdict::kPass}},
      .needs = {"no-other-address", "open"},
      .run = on(+[](StunProbe& p) {
        return outcome_of(p.ask(p.binding().number(AttributeType::kChangeRequest, kChangeIp)));
                   }
        )
  });
  add({.id = "stun/5780:6.1#8/other-address",
       .title = "Looks at OTHER-ADDRESS",
       .expectation = "It differs from where we asked in IP address and port",
       .outcomes = kExpected,
       .needs = {"other-address"},
       .run = on(other_address)});
  add({.id = "stun/5780:6.1#1/both-mapped-addresses",
       .title = "Asks a server with OTHER-ADDRESS",
       .expectation = "MAPPED-ADDRESS and XOR-MAPPED-ADDRESS are both there and tell the same",
       .outcomes = kExpected,
       .needs = {"other-address"},
       .run = on(both_mapped)});
  add({.id = "stun/5780:6.1#7/response-origin",
       .title = "Looks at RESPONSE-ORIGIN",
       .expectation = "It is where the answer comes from",
       .outcomes = kExpected,
       .needs = {"other-address"},
       .run = on(+[](StunProbe& p) { return origin(p, 0); })});
  add({.id = "stun/5780:6.1#7/response-origin-changed",
       .title = "Looks at RESPONSE-ORIGIN of an answer from elsewhere",
       .expectation = "It is where the answer comes from",
       .outcomes = kExpected,
       .needs = {"other-address"},
       .run = on(+[](StunProbe& p) { return origin(p, kChangeIp | kChangePort); })});
  add({.id = "stun/5780:6.1#3/change-port",
       .title = "Asks for an answer from the other port",
       .expectation = "It comes from the same IP address and the other port",
       .outcomes = kExpected,
       .needs = {"other-address"},
       .run = on(+[](StunProbe& p) { return changed(p, kChangePort); })});
  add({.id = "stun/5780:6.1#4/change-ip",
       .title = "Asks for an answer from the other IP address",
       .expectation = "It comes from there, and from the same port",
       .outcomes = kExpected,
       .needs = {"other-address"},
       .run = on(+[](StunProbe& p) { return changed(p, kChangeIp); })});
  add({.id = "stun/5780:6.1#5/change-both",
       .title = "Asks for an answer from the other IP address and port",
       .expectation = "It comes from OTHER-ADDRESS",
       .outcomes = kExpected,
       .needs = {"other-address"},
       .run = on(+[](StunProbe& p) { return changed(p, kChangeIp | kChangePort); })});
  add({.id = "stun/5780:6.1#6/change-nothing",
       .title = "Sends CHANGE-REQUEST without a flag",
       .expectation = "The answer comes from where we asked",
       .outcomes = kExpected,
       .needs = {"other-address"},
       .run = on(+[](StunProbe& p) { return changed(p, 0); })});
  add({
      .id = "stun/5780:6.1#9/padding",
      .title = "Asks with PADDING",
      .expectation = "The answer has PADDING, too",
      .outcomes = {{kAsExpected, Verdict::kPass}, {"error 420", Verdict::kLenient}},
      .needs = {"other-address"},
      .run = on(padding)
  });
  add({
      .id = "stun/5780:6.1#11/padding-and-response-port",
      .title = "Asks with PADDING and RESPONSE-PORT, which would flood somebody",
      .expectation = "400 (Bad Request)",
      .cls = Class::kInvalid,
      .outcomes = {{"error 400", Verdict::kPass}, {"error 420", Verdict::kLenient}},
      .needs = {"other-address"},
      .run = on(padding_and_port)
  });
  add({.id = "stun/5780:7.5#1/response-port",
       .title = "Asks for the answer to another port of ours",
       .expectation = "It goes there",
       .outcomes = kExpected,
       .needs = {"other-address"},
       .run = on(response_port)});
}

}  // namespace glass::conform
