// STUN over TCP: no framing but its own length field. RFC 8489 §6.2.2, §6.3.1.2, §12.
#include <chrono>
#include <memory>

#include "base/text.h"
#include "conform/stun/stun_probe.h"
#include "conform/stun/suite.h"

namespace glass::conform {
namespace {

using namespace std::chrono_literals;

const std::vector<Accepted> kExpected{
    {kAsExpected, Verdict::kPass}
};

// A case over a connection of its own.
std::function<Outcome(Session&)> over_tcp(Outcome (*program)(StunProbe&)) {
  return [program](Session& session) -> Outcome {
    StunProbe p(session, Transport::kTcp);
    if (!p.is_open()) return {.name = "refused", .detail = "no connection"};
    return program(p);
  };
}

Outcome binding(StunProbe& p) { return outcome_of(p.ask(p.binding())); }

Outcome mapped(StunProbe& p) {
  const Reply reply = p.ask(p.binding());
  if (reply.kind != Reply::Kind::kSuccess) return outcome_of(reply);
  const auto told = reply.get<stun::XorMappedAddress>();
  if (!told) return wrong("no XOR-MAPPED-ADDRESS");
  if (told->address == p.path().local) return as_expected();
  const std::string text = to_text(told->address) + " instead of " + to_text(p.path().local);
  return p.session().has("near") ? wrong(text) : inconclusive(text + ": a NAT may be between");
}

Outcome in_single_bytes(StunProbe& p) {
  const RawStun request = p.binding().text(AttributeType::kSoftware, "byte by byte");
  const ByteVector bytes = request.bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    p.say(Bytes(bytes).subspan(i, 1));
    p.session().wire.wait(1ms);
  }
  return outcome_of(p.hear_answer(request.id(), p.session().timing.answer * 4));
}

Outcome two_in_one(StunProbe& p) {
  const RawStun first = p.binding();
  const RawStun second = p.binding();
  ByteVector both = first.bytes();
  const ByteVector more = second.bytes();
  both.insert(both.end(), more.begin(), more.end());
  p.say(both);
  std::size_t answers = 0;
  for (int i = 0; i < 2; ++i)
    if (p.hear(p.session().timing.answer * 4).is_answer()) ++answers;
  return answers == 2 ? as_expected() : wrong(decimal(answers) + " of 2 were answered");
}

Outcome one_and_a_half(StunProbe& p) {
  const RawStun first = p.binding();
  const RawStun second = p.binding();
  ByteVector bytes = first.bytes();
  const ByteVector more = second.bytes();
  bytes.insert(bytes.end(), more.begin(), more.begin() + 10);
  p.say(bytes);
  const Reply one = p.hear_answer(first.id(), p.session().timing.answer * 4);
  if (!one.is_answer()) return outcome_of(one);
  p.say(Bytes(more).subspan(10));
  return outcome_of(p.hear_answer(second.id(), p.session().timing.answer * 4));
}

Outcome again_later(StunProbe& p) {
  const Reply first = p.ask(p.binding());
  if (!first.is_answer()) return outcome_of(first);
  p.session().wire.wait(1500ms);
  return outcome_of(p.ask(p.binding()));
}

Outcome garbage(StunProbe& p) {
  p.say(ByteVector(64, 0xFF));
  const Reply reply = p.hear(p.session().timing.answer * 4);
  return outcome_of(reply);
}

Outcome uneven_length(StunProbe& p) {
  p.say(p.binding().append(ByteVector{0, 0}).bytes());
  return outcome_of(p.hear(p.session().timing.answer * 4));
}

// A message that is announced and never comes must not keep others from being served.
Outcome unfinished(StunProbe& p) {
  p.say(p.binding().length(40).bytes());
  StunProbe other(p.session(), Transport::kTcp);
  return outcome_of(other.ask(other.binding()));
}

Outcome twenty_connections(StunProbe& p) {
  std::vector<std::unique_ptr<StunProbe>> all;
  for (int i = 0; i < 20; ++i)
    all.push_back(std::make_unique<StunProbe>(p.session(), Transport::kTcp));
  for (const auto& one : all) {
    Reply reply = one->ask(one->binding());
    if (!reply.is_answer()) return outcome_of(reply);
  }
  return outcome_of(p.ask(p.binding()));
}

Outcome unknown_required(StunProbe& p) {
  return outcome_of(p.ask(p.binding().number(kUnknownRequired, 0)));
}

}  // namespace

void add_stream_cases(std::vector<Case>& to) {
  const auto add = [&](Case one) { to.push_back(std::move(one)); };
  const std::vector<Accepted> served{
      {"success",   Verdict::kPass},
      {"error 401", Verdict::kPass}
  };
  add({.id = "stun/8489:12#4/tcp",
       .title = "Asks a Binding request over TCP",
       .expectation = "A server supports UDP and TCP",
       .outcomes = served,
       .run = over_tcp(binding)});
  add({.id = "stun/8489:6.3.1.1#0/mapped-address-tcp",
       .title = "Asks for our address over TCP",
       .expectation = "XOR-MAPPED-ADDRESS is our end of the connection",
       .outcomes = kExpected,
       .needs = {"tcp"},
       .run = over_tcp(mapped)});
  add({
      .id = "stun/8489:6.3.1#0/unknown-required-tcp",
      .title = "Asks over TCP with an attribute that nobody knows",
      .expectation = "420 (Unknown Attribute)",
      .cls = Class::kInvalid,
      .outcomes = {{"error 420", Verdict::kPass}},
      .needs = {"tcp", "open"},
      .run = over_tcp(unknown_required)
  });
  add({.id = "stun/8489:6.2.2#0/in-single-bytes",
       .title = "Sends a request over TCP byte by byte",
       .expectation = "It is answered when it is whole",
       .outcomes = served,
       .needs = {"tcp"},
       .run = over_tcp(in_single_bytes)});
  add({.id = "stun/8489:6.2.2#3/two-in-one-segment",
       .title = "Sends two requests over TCP at once",
       .expectation = "A client need not wait between them: both are answered",
       .level = Level::kMay,
       .outcomes = kExpected,
       .needs = {"tcp"},
       .run = over_tcp(two_in_one)});
  add({.id = "stun/8489:6.2.2#3/one-and-a-half",
       .title = "Sends one request and half of the next over TCP, then the rest",
       .expectation = "Both are answered",
       .level = Level::kMay,
       .outcomes = served,
       .needs = {"tcp"},
       .run = over_tcp(one_and_a_half)});
  add({
      .id = "stun/8489:6.2.2#6/stays-open",
      .title = "Asks over TCP again after a second and a half",
      .expectation = "The server leaves closing to the client",
      .level = Level::kShould,
      .outcomes = {{"success", Verdict::kPass},
                   {"error 401", Verdict::kPass},
                   {"closed", Verdict::kLenient}},
      .needs = {"tcp"},
      .run = over_tcp(again_later)
  });
  add({
      .id = "stun/8489:6.2.2#0/garbage",
      .title = "Sends 64 bytes 0xFF over TCP",
      .expectation = "Not STUN: no answer, or the end of the connection",
      .cls = Class::kInvalid,
      .outcomes = {{"closed", Verdict::kPass},
                   {"refused", Verdict::kPass},
                   {"silence", Verdict::kPass}},
      .needs = {"tcp"},
      .run = over_tcp(garbage)
  });
  add({
      .id = "stun/8489:6.3#0/length-uneven-tcp",
      .title = "Sends a request over TCP with two bytes behind the header, and says so",
      .expectation = "No length is uneven: no answer, or the end of the connection",
      .cls = Class::kInvalid,
      .outcomes = {{"closed", Verdict::kPass},
                   {"refused", Verdict::kPass},
                   {"silence", Verdict::kPass}},
      .needs = {"tcp"},
      .run = over_tcp(uneven_length)
  });
  add({.id = "stun/8489:6.2.2#0/unfinished",
       .title = "Announces 40 bytes over TCP, sends none, and asks over another connection",
       .expectation = "The other connection is served",
       .cls = Class::kInvalid,
       .outcomes = served,
       .needs = {"tcp"},
       .run = over_tcp(unfinished)});
  add({
      .id = "stun/8489:6.2.2#9/twenty-connections",
      .title = "Asks over twenty connections",
      .expectation = "All are served",
      .level = Level::kShould,
      .outcomes = {{"success", Verdict::kPass},
                   {"error 401", Verdict::kPass},
                   {"refused", Verdict::kLenient},
                   {"closed", Verdict::kLenient}},
      .needs = {"tcp"},
      .run = over_tcp(twenty_connections)
  });
}

}  // namespace glass::conform
