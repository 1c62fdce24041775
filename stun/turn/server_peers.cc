// Permissions, channels and errors from the network on a TURN server: RFC 8656 §10.2, §11.5, §12.2.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "stun/attributes.h"
#include "stun/message.h"
#include "stun/turn/allocation.h"
#include "stun/turn/attributes.h"
#include "stun/turn/peers.h"
#include "stun/turn/server.h"
#include "stun/turn/server_core.h"

namespace glass::stun::turn {
namespace {

// RFC 8656 §11.5: which errors are worth telling.
bool is_about_delivery(bool v4, std::uint8_t type) {
  return v4 ? type == 3 || type == 11 : type >= 1 && type <= 3;
}

// RFC 8656 §18.13: only what is too big says how large it may be.
bool tells_mtu(bool v4, std::uint8_t type, std::uint8_t code) {
  return v4 ? type == 3 && code == 4 : type == 2;
}

}  // namespace

void Server::Core::on_create_permission(const Asking& asking) {
  Allocation* allocation = own_allocation(asking);
  if (allocation == nullptr) return;
  std::vector<Address> peers;
  for (const Attribute& attribute : asking.message.attributes()) {
    if (attribute.is_ignored || attribute.type != AttributeType::kXorPeerAddress) continue;
    Reader value(attribute.value);
    XorPeerAddress peer;
    if (!peer.read(value, asking.message.transaction()) || !value.ok() || value.left() > 0)
      return refuse(asking, 400, "8656:10.2#1"_rule, "a malformed peer");
    peers.push_back(peer.address);
  }
  if (peers.empty()) return refuse(asking, 400, "8656:10.2#1"_rule, "no peer");
  for (const Address& peer : peers)
    if (!allocation->has_family_of(peer))
      return refuse(asking, 443, "8656:10.2#2"_rule, "a peer of another family");
  for (const Address& peer : peers)
    if (const auto why = refusal_of(peer, false))
      return refuse(asking, 403, "8656:10.2#3"_rule, *why);
  // All of them or none.
  if (peers.size() > allocation->peers.room(asking.now)) {
    for (const Address& peer : peers)
      if (!allocation->peers.permits(asking.now, peer))
        return refuse(asking, 508, "8656:10.2#0"_rule, "too many permissions");
  }
  trace_.rule("8656:9#1"_rule);
  for (const Address& peer : peers) (void)allocation->peers.permit(asking.now, peer);
  succeed(asking);
}

void Server::Core::on_channel_bind(const Asking& asking) {
  Allocation* allocation = own_allocation(asking);
  if (allocation == nullptr) return;
  const auto number = get<ChannelNumber>(asking.message);
  const auto peer = get<XorPeerAddress>(asking.message);
  if (!number || !peer)
    return refuse(asking, 400, "8656:12.2#0"_rule, "no channel number, or no peer");
  if (number->number < kChannelMin || number->number > config_.channel_max)
    return refuse(asking, 400, "8656:12.2#0"_rule, "a number that is no channel's");
  const auto verdict = allocation->peers.may_bind(asking.now, number->number, peer->address);
  if (verdict == Peers::Bound::kNumberTaken)
    return refuse(asking, 400, "8656:12.2#0"_rule, "the channel is bound to another peer");
  if (verdict == Peers::Bound::kPeerTaken)
    return refuse(asking, 400, "8656:12.2#0"_rule, "the peer is bound to another channel");
  if (!allocation->has_family_of(peer->address))
    return refuse(asking, 443, "8656:12.2#1"_rule, "a peer of another family");
  if (const auto why = refusal_of(peer->address, true))
    return refuse(asking, 403, "8656:12.2#2"_rule, *why);
  const bool has_room = allocation->peers.room(asking.now) > 0 ||
                        allocation->peers.permits(asking.now, peer->address);
  if (verdict == Peers::Bound::kFull || !has_room)
    return refuse(asking, 508, "8656:12.2#0"_rule, "too many channels or permissions");
  trace_.rule("8656:12#0"_rule, Fact{"channel", number->number});
  (void)allocation->peers.permit(asking.now, peer->address);
  (void)allocation->peers.bind(asking.now, number->number, peer->address);
  succeed(asking);
}

void Server::Core::on_icmp(Instant now, const IcmpError& error) {
  const bool v4 = error.peer.is_v4();
  const auto slot = by_relay_.find(error.relayed);
  if (!slot || !is_about_delivery(v4, error.type))
    return trace_.drop("8656:11.5#0"_rule, "an ICMP error that concerns no allocation", {});
  // RFC 8656 §11.5: whoever reports it, what counts is to whom the datagram was sent.
  trace_.rule("8656:11.5#1"_rule);
  const Allocation& allocation = slots_[*slot];
  if (!allocation.peers.permits(now, error.peer))
    return trace_.drop("8656:11.5#0"_rule, "about a peer without a permission", {});
  trace_.rule("8656:11.5#2"_rule);
  Answer answer = begin_answer(Class::kIndication, Method::kData, ids_.next());
  answer.builder.add(XorPeerAddress{error.peer});
  const bool with_data = tells_mtu(v4, error.type, error.code);
  if (!with_data) trace_.rule("8656:18.13#2"_rule);
  answer.builder.add(Icmp{
      .icmp_type = error.type, .icmp_code = error.code, .error_data = with_data ? error.data : 0});
  push(allocation.way_to_client(), answer.packet.bytes());
}

}  // namespace glass::stun::turn
