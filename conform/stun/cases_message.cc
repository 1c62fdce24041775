// The header, methods, classes, and what is answered at all. RFC 8489 §5, §6.3, §12.
#include "base/text.h"
#include "conform/stun/stun_probe.h"
#include "conform/stun/suite.h"

namespace glass::conform {
namespace {

const std::vector<Accepted> kSilent{
    {"silence", Verdict::kPass},
    {"closed",  Verdict::kPass}
};
const std::vector<Accepted> kSuccess{
    {"success", Verdict::kPass}
};
const std::vector<Accepted> kExpected{
    {kAsExpected, Verdict::kPass}
};

Outcome plain_binding(StunProbe& p) {
  const RawStun request = p.binding();
  const Reply reply = p.ask(request);
  if (reply.kind != Reply::Kind::kSuccess) return outcome_of(reply);
  if (reply.view().method() != Method::kBinding) return wrong("the answer is of another method");
  return outcome_of(reply);
}

// An id of one byte's value all through.
Outcome ask_with_id(StunProbe& p, std::uint8_t byte) {
  TransactionId id;
  id.bytes.fill(byte);
  return outcome_of(p.ask(RawStun(stun::Class::kRequest, Method::kBinding, id)));
}

Outcome judge_mapped(StunProbe& p, const Reply& reply) {
  if (reply.kind != Reply::Kind::kSuccess) return outcome_of(reply);
  const auto mapped = reply.get<stun::XorMappedAddress>();
  if (!mapped) return wrong("the answer has no XOR-MAPPED-ADDRESS that can be read");
  const Address ours = p.path().local;
  const std::string text = to_text(mapped->address) + ", and we asked from " + to_text(ours);
  if (mapped->address == ours) return as_expected(text);
  if (!p.session().has("near")) return inconclusive(text + ": a NAT may be between");
  return wrong(text);
}

Outcome mapped_address(StunProbe& p) { return judge_mapped(p, p.ask(p.binding())); }

Outcome mapped_of_two(StunProbe& first) {
  StunProbe second(first.session());
  if (!second.is_open()) return inconclusive("no second socket");
  const Outcome one = judge_mapped(first, first.ask(first.binding()));
  return one.name == kAsExpected ? judge_mapped(second, second.ask(second.binding())) : one;
}

// The message with `flip` over its first two bits.
Outcome top_bits(StunProbe& p, unsigned bits) {
  return p.silence_after(p.binding().top_bits(bits));
}

Outcome runts(StunProbe& p) {
  const ByteVector whole = p.binding().bytes();
  for (std::size_t size = 0; size < stun::kHeaderSize; ++size) {
    Outcome outcome = p.silence_after(Bytes(whole).first(size));
    if (outcome.name == "silence") continue;
    outcome.detail = decimal(size) + " bytes: " + outcome.detail;
    return outcome;
  }
  return {.name = "silence"};
}

// RFC 3489 had no cookie: who still serves its clients answers with the cookie that it was sent.
Outcome other_cookie(StunProbe& p) { return p.silence_after(p.binding().cookie(0x01020304)); }

Outcome retransmission(StunProbe& p) {
  const RawStun request = p.binding();
  const Reply first = p.ask(request);
  if (first.kind != Reply::Kind::kSuccess) return outcome_of(first);
  const Reply second = p.ask(request);
  if (second.kind != Reply::Kind::kSuccess) return outcome_of(second);
  const auto a = first.get<stun::XorMappedAddress>();
  const auto b = second.get<stun::XorMappedAddress>();
  if (!a || !b || a->address != b->address)
    return wrong("the two answers tell different addresses");
  return as_expected();
}

Outcome same_path_back(StunProbe& p) {
  const Reply reply = p.ask(p.binding());
  if (!reply.is_answer()) return outcome_of(reply);
  const Address asked = p.path().remote;
  if (reply.from != asked)
    return wrong("asked " + to_text(asked) + ", answered by " + to_text(reply.from));
  return as_expected();
}

Outcome indication(StunProbe& p, bool with_unknown) {
  RawStun message(stun::Class::kIndication, Method::kBinding, p.new_id());
  if (with_unknown) message.number(kUnknownRequired, 1);
  return p.silence_after(message);
}

Outcome response(StunProbe& p, stun::Class cls) {
  RawStun message(cls, Method::kBinding, p.new_id());
  if (cls == stun::Class::kSuccess)
    message.xor_address(AttributeType::kXorMappedAddress, p.path().local);
  else
    message.attribute(AttributeType::kErrorCode, ByteVector{0, 0, 4, 0});
  return p.silence_after(message);
}

Outcome many_at_once(StunProbe& p) {
  constexpr int kRequests = 20;
  std::vector<RawStun> requests;
  for (int i = 0; i < kRequests; ++i) requests.push_back(p.binding());
  for (const RawStun& one : requests) p.say(one.bytes());
  std::size_t answered = 0;
  for (std::size_t i = 0; i < requests.size(); ++i)
    if (p.hear(p.session().timing.answer).is_answer()) ++answered;
  if (answered == requests.size()) return as_expected();
  // Datagrams may be lost, but not for good.
  for (const RawStun& one : requests)
    if (!p.ask(one).is_answer()) return wrong("a request among twenty is never answered");
  return as_expected("after repeating");
}

}  // namespace

void add_message_cases(std::vector<Case>& to) {
  const auto add = [&](Case one) { to.push_back(std::move(one)); };
  add({.id = "stun/8489:12#1/binding",
       .title = "Asks a plain Binding request",
       .expectation = "A success response of the Binding method",
       .outcomes = kSuccess,
       .run = on(plain_binding)});
  add({
      .id = "stun/8489:12#2/no-credentials-needed",
      .title = "Asks a Binding request without credentials",
      .expectation = "A basic server answers it: checking them costs more than answering",
      .level = Level::kShould,
      .outcomes = {{"success", Verdict::kPass}, {"error 401", Verdict::kLenient}},
      .run = on(plain_binding)
  });
  add({
      .id = "stun/8489:12#6/no-fingerprint-needed",
      .title = "Asks a Binding request without FINGERPRINT",
      .expectation = "A server may use FINGERPRINT and never requires it",
      .outcomes = {{"success", Verdict::kPass}, {"error 401", Verdict::kPass}},
      .run = on(plain_binding)
  });
  add({.id = "stun/8489:5#7/id-of-zeros",
       .title = "Asks with a transaction id of twelve zero bytes",
       .expectation = "The answer carries the id of the request, whichever it is",
       .outcomes = kSuccess,
       .run = on(+[](StunProbe& p) { return ask_with_id(p, 0); })});
  add({.id = "stun/8489:5#7/id-of-ones",
       .title = "Asks with a transaction id of twelve bytes 0xFF",
       .expectation = "The answer carries the id of the request, whichever it is",
       .outcomes = kSuccess,
       .run = on(+[](StunProbe& p) { return ask_with_id(p, 0xFF); })});
  add({.id = "stun/8489:6.3.1.1#0/mapped-address",
       .title = "Asks for our address",
       .expectation = "XOR-MAPPED-ADDRESS is where the request came from, XORed with the cookie",
       .outcomes = kExpected,
       .run = on(mapped_address)});
  add({.id = "stun/8489:6.3.1.1#0/mapped-address-of-two",
       .title = "Asks from two ports",
       .expectation = "Each is told its own",
       .outcomes = kExpected,
       .run = on(mapped_of_two)});
  add({.id = "stun/8489:6.3.1.2#0/same-path-back",
       .title = "Asks, and looks where the answer comes from",
       .expectation = "It leaves from the address and port that the request went to",
       .outcomes = kExpected,
       .run = on(same_path_back)});
  add({.id = "stun/8489:6.3.1#1/retransmission",
       .title = "Asks the same request twice",
       .expectation = "Both are answered, and alike",
       .outcomes = kExpected,
       .needs = {"open"},
       .run = on(retransmission)});
  add({.id = "stun/8489:6.3.1.2#0/many-at-once",
       .title = "Asks twenty requests without waiting",
       .expectation = "All are answered, in any order",
       .outcomes = kExpected,
       .run = on(many_at_once)});

  for (const unsigned bits : {1U, 2U, 3U})
    add({.id = "stun/8489:5#1/top-bits-" + decimal(bits / 2) + decimal(bits % 2),
         .title = "Sets the first two bits of a Binding request",
         .expectation = "Not STUN: no answer",
         .cls = Class::kInvalid,
         .outcomes = kSilent,
         .run = [bits](Session& session) {
           StunProbe p(session);
           return top_bits(p, bits);
         }});
  add({
      .id = "stun/8489:5#3/another-cookie",
      .title = "Sends a Binding request with another magic cookie",
      .expectation = "No answer; or that of RFC 3489, which knew no cookie",
      .cls = Class::kInvalid,
      .outcomes = {{"silence", Verdict::kPass},
                   {"closed", Verdict::kPass},
                   {"other", Verdict::kPass}},
      .run = on(other_cookie)
  });
  add({.id = "stun/8489:6.3#0/length-beyond-datagram",
       .title = "Sends a Binding request whose length field says 64 bytes more than there are",
       .expectation = "The length is not sensible: no answer",
       .cls = Class::kInvalid,
       .outcomes = kSilent,
       .needs = {"udp"},
       .run = on(+[](StunProbe& p) { return p.silence_after(p.binding().length(64)); })});
  add({.id = "stun/8489:6.3#0/length-uneven",
       .title = "Sends a Binding request with two bytes behind the header, and says so",
       .expectation = "Attributes end on a word, so no length is uneven: no answer",
       .cls = Class::kInvalid,
       .outcomes = kSilent,
       .needs = {"udp"},
       .run = on(
           +[](StunProbe& p) { return p.silence_after(p.binding().append(ByteVector{0, 0})); })});
  add({
      .id = "stun/8489:6.3#0/length-short",
      .title = "Sends a Binding request with eight bytes behind its end",
      .expectation = "The length is not that of the datagram: no answer",
      .cls = Class::kInvalid,
      // What is sensible is not spelled out; who looks no further than the length does no harm.
      .outcomes = {{"silence", Verdict::kPass},
                   {"success", Verdict::kLenient},
                   {"error 401", Verdict::kLenient}},
      .needs = {"udp"},
      .run = on(+[](StunProbe& p) {
        return p.silence_after(p.binding().append(ByteVector(8, 0)).length(0));
                   }
        )
  });
  add({.id = "stun/8489:6.3#0/runts",
       .title = "Sends the first 0, 1, ... 19 bytes of a Binding request",
       .expectation = "Less than a header is no message: no answer",
       .cls = Class::kInvalid,
       .outcomes = kSilent,
       .needs = {"udp"},
       .run = on(runts)});
  add({.id = "stun/8489:6.3#0/unknown-method",
       .title = "Asks with a method that does not exist",
       .expectation = "The method is not supported: no answer",
       .cls = Class::kInvalid,
       .outcomes = kSilent,
       .run = on(
           +[](StunProbe& p) { return p.silence_after(p.request(static_cast<Method>(0x0FF))); })});
  add({.id = "stun/8489:6.3#0/highest-method",
       .title = "Asks with method 0xFFF",
       .expectation = "The method is not supported: no answer",
       .cls = Class::kInvalid,
       .outcomes = kSilent,
       .run = on(
           +[](StunProbe& p) { return p.silence_after(p.request(static_cast<Method>(0xFFF))); })});
  add({.id = "stun/8489:6.3#0/shared-secret",
       .title = "Asks for a shared secret, as RFC 3489 had it",
       .expectation = "The method is reserved since: no answer",
       .cls = Class::kInvalid,
       .outcomes = kSilent,
       .run = on(
           +[](StunProbe& p) { return p.silence_after(p.request(static_cast<Method>(0x002))); })});
  add({.id = "stun/8489:6.3#0/success-unasked",
       .title = "Sends a success response to a question that nobody asked",
       .expectation = "It belongs to no transaction: no answer",
       .cls = Class::kInopportune,
       .outcomes = kSilent,
       .run = on(+[](StunProbe& p) { return response(p, stun::Class::kSuccess); })});
  add({.id = "stun/8489:6.3#0/error-unasked",
       .title = "Sends an error response to a question that nobody asked",
       .expectation = "It belongs to no transaction: no answer",
       .cls = Class::kInopportune,
       .outcomes = kSilent,
       .run = on(+[](StunProbe& p) { return response(p, stun::Class::kError); })});
  add({.id = "stun/8489:6.3.2#0/indication",
       .title = "Sends a Binding indication",
       .expectation = "An indication is never answered",
       .outcomes = kSilent,
       .run = on(+[](StunProbe& p) { return indication(p, false); })});
  add({.id = "stun/8489:6.3.2#0/indication-with-unknown",
       .title = "Sends a Binding indication with an attribute that nobody knows",
       .expectation = "It is dropped: 420 is for requests",
       .cls = Class::kInvalid,
       .outcomes = kSilent,
       .run = on(+[](StunProbe& p) { return indication(p, true); })});
}

}  // namespace glass::conform
