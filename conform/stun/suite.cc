#include "conform/stun/suite.h"

#include "base/text.h"
#include "conform/stun/stun_probe.h"

namespace glass::conform {
namespace {

void look_at_answer(const Reply& reply, Session& session) {
  if (reply.has(AttributeType::kSoftware))
    session.facts["software"] = printable(reply.text_of(AttributeType::kSoftware));
  if (reply.has(AttributeType::kFingerprint)) session.facts["fingerprint"] = "in its answers";
  if (const auto other = reply.get<stun::OtherAddress>())
    session.facts["other-address"] = to_text(other->address);
}

}  // namespace

Life binding_life(Session& session, Duration* took) {
  StunProbe probe(session);
  if (!probe.is_open()) return Life::kDead;
  const Instant begin = session.wire.now();
  const Reply reply = probe.ask(probe.binding());
  if (took != nullptr) *took = session.wire.now() - begin;
  if (reply.is_answer()) return Life::kAlive;
  return reply.kind == Reply::Kind::kRefused ? Life::kDead : Life::kSilent;
}

StunSuite::StunSuite() {
  add_message_cases(cases_);
  add_attribute_cases(cases_);
  add_stream_cases(cases_);
  add_discovery_cases(cases_);
}

Life StunSuite::is_alive(Session& session, Duration* took) { return binding_life(session, took); }

void StunSuite::look(Session& session) {
  StunProbe probe(session);
  const Reply reply = probe.ask(probe.binding());
  look_at_answer(reply, session);
  if (reply.kind == Reply::Kind::kSuccess) session.facts["open"] = "Binding without credentials";
  if (probe.is_open() && (session.wire.is_virtual() || probe.path().remote.is_loopback()))
    session.facts["near"] = "no NAT can be between";
  if (session.transport == Transport::kUdp) session.facts["udp"] = "asked over it";
  const StunProbe tcp(session, Transport::kTcp);
  if (tcp.is_open()) session.facts["tcp"] = "takes connections";
}

}  // namespace glass::conform
