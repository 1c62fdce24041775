// Send and Data indications. RFC 8656 §11.
#include "base/text.h"
#include "conform/turn/suite.h"
#include "conform/turn/turn_probe.h"

namespace glass::conform {
namespace {

const std::vector<Accepted> kExpected{
    {kAsExpected, Verdict::kPass}
};

ByteVector some_data(std::size_t size) {
  ByteVector data(size);
  for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<std::uint8_t>(i * 7);
  return data;
}

// What the peer gets after `say`, said again until anything comes.
Heard out(TurnProbe& p, Peer& peer, const std::function<void()>& say) {
  for (int i = 0; i < p.session().timing.tries; ++i) {
    say();
    Heard heard = peer.hear(p.data_patience());
    if (heard.kind == Heard::Kind::kBytes) return heard;
  }
  return {};
}

Outcome sends(TurnProbe& p, std::size_t size) {
  Peer peer(p.session());
  if (!p.is_ready_for(peer.address())) return p.no_allocation();
  const ByteVector data = some_data(size);
  const Heard heard = out(p, peer, [&] { p.send_indication(peer.address(), data); });
  if (heard.kind != Heard::Kind::kBytes) return wrong("nothing came out");
  if (heard.bytes != data) return wrong("other bytes came out: " + decimal(heard.bytes.size()));
  if (heard.from != p.relayed())
    return wrong("they came from " + to_text(heard.from) + " instead of " + to_text(p.relayed()));
  return as_expected();
}

Relayed in(TurnProbe& p, Peer& peer, Bytes data) {
  for (int i = 0; i < p.session().timing.tries; ++i) {
    peer.send(p.relayed(), data);
    Relayed heard = p.hear_relayed(p.data_patience());
    if (heard.kind != Relayed::Kind::kNothing) return heard;
  }
  return {};
}

Outcome receives(TurnProbe& p, std::size_t size) {
  Peer peer(p.session());
  if (!p.is_ready_for(peer.address())) return p.no_allocation();
  const ByteVector data = some_data(size);
  const Relayed heard = in(p, peer, data);
  if (heard.kind == Relayed::Kind::kNothing) return wrong("nothing came in");
  if (heard.kind != Relayed::Kind::kIndication)
    return wrong("it is no Data indication with a DATA attribute");
  if (!heard.peer) return wrong("no XOR-PEER-ADDRESS");
  if (*heard.peer != peer.address())
    return wrong(to_text(*heard.peer) + " instead of " + to_text(peer.address()));
  return heard.data == data ? as_expected() : wrong("other bytes came in");
}

// Nothing of `bad` reaches the peer, and what is sent rightly behind it does.
Outcome nothing_out(TurnProbe& p, const std::function<void(TurnProbe&, const Peer&)>& bad) {
  Peer peer(p.session());
  if (!p.is_ready_for(peer.address())) return p.no_allocation();
  bad(p, peer);
  const Heard heard = out(p, peer, [&] { p.send_indication(peer.address(), as_bytes("right")); });
  if (heard.kind != Heard::Kind::kBytes)
    return inconclusive("what is right does not come out either");
  return as_text(heard.bytes) == "right" ? as_expected()
                                         : wrong(decimal(heard.bytes.size()) + " bytes came out");
}

RawStun send_message(TurnProbe& p, stun::Class cls = stun::Class::kIndication) {
  return {cls, Method::kSend, p.new_id()};
}

Outcome no_data(TurnProbe& p) {
  return nothing_out(p, [](TurnProbe& probe, const Peer& peer) {
    probe.say(
        send_message(probe).xor_address(AttributeType::kXorPeerAddress, peer.address()).bytes());
  });
}

Outcome no_peer(TurnProbe& p) {
  return nothing_out(p, [](TurnProbe& probe, const Peer&) {
    probe.say(send_message(probe).text(AttributeType::kData, "to nobody").bytes());
  });
}

Outcome malformed_peer(TurnProbe& p) {
  return nothing_out(p, [](TurnProbe& probe, const Peer&) {
    probe.say(send_message(probe)
                  .attribute(AttributeType::kXorPeerAddress, ByteVector{0, 1, 2})
                  .text(AttributeType::kData, "to nobody")
                  .bytes());
  });
}

Outcome unknown_required(TurnProbe& p) {
  return nothing_out(p, [](TurnProbe& probe, const Peer& peer) {
    probe.send_indication(peer.address(), as_bytes("unknown"),
                          [](RawStun& message) { message.number(kUnknownRequired, 0); });
  });
}

Outcome wrong_fingerprint(TurnProbe& p) {
  return nothing_out(p, [](TurnProbe& probe, const Peer& peer) {
    probe.send_indication(peer.address(), as_bytes("wrong"),
                          [](RawStun& message) { message.fingerprint(1); });
  });
}

Outcome as_request(TurnProbe& p) {
  return nothing_out(p, [](TurnProbe& probe, const Peer& peer) {
    probe.say(send_message(probe, stun::Class::kRequest)
                  .xor_address(AttributeType::kXorPeerAddress, peer.address())
                  .text(AttributeType::kData, "as a request")
                  .bytes());
  });
}

Outcome data_from_client(TurnProbe& p) {
  return nothing_out(p, [](TurnProbe& probe, const Peer& peer) {
    RawStun message(stun::Class::kIndication, Method::kData, probe.new_id());
    message.xor_address(AttributeType::kXorPeerAddress, peer.address());
    message.text(AttributeType::kData, "the wrong way");
    probe.say(message.bytes());
  });
}

Outcome never_answered(TurnProbe& p) {
  Peer peer(p.session());
  if (!p.is_ready_for(peer.address())) return p.no_allocation();
  p.set_good([&p] {
    RawStun request = p.request(Method::kRefresh);
    sign(request, p.signing());
    return request;
  });
  RawStun message = send_message(p);
  message.xor_address(AttributeType::kXorPeerAddress, peer.address());
  message.text(AttributeType::kData, "no answer, please");
  return p.silence_after(message);
}

}  // namespace

void add_data_cases(std::vector<Case>& to) {
  const auto add = [&](Case one) {
    one.needs = {"login", "peer"};
    to.push_back(std::move(one));
  };
  for (const std::size_t size : {std::size_t{1}, std::size_t{0}, std::size_t{1200}}) {
    add({.id = "turn/8656:11.2#0/send-" + decimal(size),
         .title = "Sends " + decimal(size) + " bytes by a Send indication",
         .expectation = "They go to the peer as they are, from the relayed address",
         .outcomes = kExpected,
         .run = [size](Session& session) {
           TurnProbe p(session);
           return sends(p, size);
         }});
    add({.id = "turn/8656:11.3#1/receive-" + decimal(size),
         .title = "Lets the peer send " + decimal(size) + " bytes",
         .expectation = "A Data indication with the peer's address and these bytes",
         .outcomes = kExpected,
         .run = [size](Session& session) {
           TurnProbe p(session);
           return receives(p, size);
         }});
  }
  const auto dropped = [&](std::string id, std::string title, Outcome (*program)(TurnProbe&)) {
    add({.id = "turn/" + std::move(id),
         .title = std::move(title),
         .expectation = "It is dropped without a word",
         .cls = Class::kInvalid,
         .outcomes = kExpected,
         .run = on(program)});
  };
  dropped("8656:11.2#1/no-data", "Sends an indication without DATA", no_data);
  dropped("8656:11.2#1/no-peer", "Sends an indication without XOR-PEER-ADDRESS", no_peer);
  dropped("8656:11.2#0/malformed-peer", "Sends an indication with a malformed XOR-PEER-ADDRESS",
          malformed_peer);
  dropped("8489:6.3.2#0/unknown-required", "Sends an indication with an unknown attribute",
          unknown_required);
  dropped("8489:6.3#0/send-request", "Sends Send as a request, which it never is", as_request);
  dropped("8489:6.3#0/data-from-client", "Sends a Data indication, which is the server's to send",
          data_from_client);
  add({
      .id = "turn/8489:6.3#0/wrong-fingerprint",
      .title = "Sends an indication with a wrong FINGERPRINT",
      .expectation = "It is dropped; a server that does not use the extension may ignore it",
      .cls = Class::kInvalid,
      .outcomes = {{kAsExpected, Verdict::kPass}, {"wrong", Verdict::kLenient}},
      .run = on(wrong_fingerprint)
  });
  add({.id = "turn/8489:6.3.2#0/never-answered",
       .title = "Sends a good indication",
       .expectation = "An indication is never answered",
       .outcomes = {{"silence", Verdict::kPass}},
       .run = on(never_answered)});
}

}  // namespace glass::conform
