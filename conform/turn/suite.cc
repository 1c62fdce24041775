#include "conform/turn/suite.h"

#include "base/text.h"
#include "conform/turn/turn_probe.h"

namespace glass::conform {
namespace {

constexpr std::uint32_t kIpv6 = 2;

void look_at_challenge(TurnProbe& p, Session& session) {
  const Signing how = p.signing();
  if (how.modern) session.facts["password-algorithms"] = "SHA-256 is offered";
  const auto features = features_of_nonce(how.challenge.nonce);
  if (features && features->anonymity) session.facts["anonymity"] = "the nonce says so";
}

void look_at_relays(Session& session) {
  TurnProbe p(session);
  const Peer peer(session);
  const Reply reply = p.allocate();
  if (reply.kind != Reply::Kind::kSuccess) {
    session.facts["refused"] = reply.name();
    return;
  }
  session.facts["login"] = "user " + printable(session.login.user);
  session.facts["relayed"] = to_text(p.relayed());
  if (p.relayed().is_v4()) session.facts["ipv4-relay"] = "by default";
  if (reply.has(AttributeType::kSoftware))
    session.facts["software"] = printable(reply.text_of(AttributeType::kSoftware));
  if (!peer.is_open()) return;
  const Reply permitted = p.permit(peer.address());
  if (permitted.kind == Reply::Kind::kSuccess)
    session.facts["peer"] = to_text(peer.address());
  else
    session.facts["peer-refused"] = permitted.name();
}

}  // namespace

TurnSuite::TurnSuite() {
  add_credential_cases(cases_);
  add_allocate_cases(cases_);
  add_refresh_cases(cases_);
  add_permission_cases(cases_);
  add_data_cases(cases_);
  add_channel_cases(cases_);
}

// An Allocate request without credentials: whoever serves TURN answers it, with 401 as a rule.
Life TurnSuite::is_alive(Session& session, Duration* took) {
  StunProbe p(session);
  if (!p.is_open()) return Life::kDead;
  RawStun request = p.request(Method::kAllocate);
  request.number(AttributeType::kRequestedTransport, std::uint32_t{17} << 24);
  const Instant begin = session.wire.now();
  const Reply reply = p.ask(request);
  if (took != nullptr) *took = session.wire.now() - begin;
  if (reply.is_answer()) return Life::kAlive;
  return reply.kind == Reply::Kind::kRefused ? Life::kDead : Life::kSilent;
}

void TurnSuite::look(Session& session) {
  if (session.transport != Transport::kTls) session.facts["plain"] = "its port is that of UDP, too";
  session.facts[session.transport == Transport::kUdp ? "datagram" : "stream"] =
      std::string(to_text(session.transport));
  {
    TurnProbe p(session);
    if (p.be_challenged()) {
      session.facts["realm"] = printable(p.signing().challenge.realm);
      look_at_challenge(p, session);
    }
    if (p.is_open() && (session.wire.is_virtual() || p.path().remote.is_loopback()))
      session.facts["near"] = "no NAT can be between";
  }
  look_at_relays(session);
  if (!session.has("login")) return;
  {
    TurnProbe p(session);
    if (p.has_allocation([](RawStun& request) {
          request.number(AttributeType::kRequestedAddressFamily, kIpv6 << 24);
        }))
      session.facts["ipv6-relay"] = to_text(p.relayed());
  }
  if (session.login.other_user.empty()) return;
  TurnProbe p(session);
  p.become_other_user();
  const Reply reply = p.ask_signed(Method::kRefresh);
  // Without an allocation that is 437 for whoever is known, and 401 for whoever is not.
  if (reply.code == 437) session.facts["two-users"] = printable(session.login.other_user);
}

}  // namespace glass::conform
