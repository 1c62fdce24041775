// The data path of a TURN server: RFC 8656 §11 (indications), §12.4 to §12.7 (channels). forward()
// decides without a word; what it passes over comes back to explain_*(), which names the rule.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/rule.h"
#include "base/time.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "stun/message.h"
#include "stun/turn/allocation.h"
#include "stun/turn/attributes.h"
#include "stun/turn/data_head.h"
#include "stun/turn/server.h"
#include "stun/turn/server_core.h"

namespace glass::stun::turn {
namespace {

constexpr std::uint8_t kSendTypeLow = 0x16;  // of a Send indication: 0x0016

bool is_padded(const Path& client) { return client.transport != Transport::kUdp; }

void put_head(Hop& hop, Bytes head) {
  copy_bytes(head, hop.head_bytes);
  hop.head_size = static_cast<std::uint8_t>(head.size());
}

}  // namespace

// Relayed addresses and listening addresses differ; a driver that does not tell us which are the
// listening ones costs one more look-up.
bool Server::Core::is_from_client(const Path& path) const {
  if (path.transport != Transport::kUdp) return true;
  if (std::ranges::find(config_.listening, path.local) != config_.listening.end()) return true;
  return !by_relay_.contains(path.local);
}

// RFC 8656 §12, table 3: the first byte is that of a channel number.
bool Server::Core::is_channel_data(Bytes bytes) const {
  return !bytes.empty() && bytes[0] >= kChannelMin >> 8 && bytes[0] <= config_.channel_max >> 8;
}

std::optional<Hop> Server::Core::forward(Instant now, const Received& in) {
  if (now >= due_.next()) on_time(now);
  if (is_from_client(in.path)) {
    if (in.bytes.size() < 4) return std::nullopt;
    const auto slot = by_client_.find(in.path);
    return slot ? forward_from_client(now, *slot, in) : std::nullopt;
  }
  const auto slot = by_relay_.find(in.path.local);
  return slot ? forward_from_peer(now, slots_[*slot], in) : std::nullopt;
}

std::optional<Hop> Server::Core::forward_from_client(Instant now, std::uint32_t slot,
                                                     const Received& in) {
  Allocation& allocation = slots_[slot];
  if (allocation.transport != Transport::kUdp) return std::nullopt;
  std::optional<Hop> hop;
  if (is_channel_data(in.bytes)) {
    hop = forward_channel_data(now, allocation, in.bytes);
  } else if (in.bytes[0] == 0 && in.bytes[1] == kSendTypeLow) {
    hop = forward_send(now, allocation, in.bytes);
  }
  if (!hop || !may_pass(now, allocation, &Buckets::up, hop->body.size())) return std::nullopt;
  if (allocation.old_client && in.path == allocation.client) leave_old_path(allocation);
  return hop;
}

std::optional<Hop> Server::Core::forward_channel_data(Instant now, Allocation& allocation,
                                                      Bytes bytes) {
  const auto data = parse_channel_data(bytes, nullptr, config_.channel_max);
  if (!data) return std::nullopt;
  const Address* peer = allocation.peers.peer_of(now, data->channel);
  if (peer == nullptr) return std::nullopt;
  // RFC 8656 §12.6: nothing is refreshed by it.
  trace_.rule("8656:12.6#2"_rule);
  Hop hop;
  hop.path = {Transport::kUdp, allocation.relay(peer->is_v4())->address, *peer};
  hop.body = data->data;
  return hop;
}

std::optional<Hop> Server::Core::forward_send(Instant now, Allocation& allocation, Bytes bytes) {
  const auto message = MessageView::parse(bytes);
  if (!message || check_fingerprint(*message) == Verdict::kWrong) return std::nullopt;
  const auto peer = get<XorPeerAddress>(*message);
  const auto data = message->find(AttributeType::kData);
  if (!peer || !data || !allocation.peers.permits(now, peer->address) ||
      !allocation.has_family_of(peer->address) || !may_send_to(peer->address) ||
      !unknown_required(*message, kTurnAttributes).empty())
    return std::nullopt;
  const bool dont_fragment = message->has(AttributeType::kDontFragment);
  if (dont_fragment && !config_.dont_fragment) return std::nullopt;
  trace_.rule("8656:11.2#0"_rule);
  Hop hop;
  hop.path = {Transport::kUdp, allocation.relay(peer->address.is_v4())->address, peer->address};
  hop.body = data->value;
  hop.dont_fragment = dont_fragment;
  return hop;
}

std::optional<Hop> Server::Core::forward_from_peer(Instant now, Allocation& allocation,
                                                   const Received& in) {
  const Address& peer = in.path.remote;
  if (allocation.transport != Transport::kUdp || in.bytes.size() > kDataMax ||
      !allocation.peers.permits(now, peer) ||
      !may_pass(now, allocation, &Buckets::down, in.bytes.size()))
    return std::nullopt;
  Hop hop;
  hop.path = allocation.way_to_client();
  hop.body = in.bytes;
  if (const auto channel = allocation.peers.channel_of(now, peer)) {
    trace_.rule("8656:12.5#1"_rule);
    const std::size_t size = in.bytes.size();
    hop.head_bytes[0] = static_cast<std::uint8_t>(*channel >> 8);
    hop.head_bytes[1] = static_cast<std::uint8_t>(*channel);
    hop.head_bytes[2] = static_cast<std::uint8_t>(size >> 8);
    hop.head_bytes[3] = static_cast<std::uint8_t>(size);
    hop.head_size = 4;
    if (is_padded(hop.path)) {
      trace_.rule("8656:12.5#2"_rule);
      hop.padding = padding_of(size);
    }
    return hop;
  }
  trace_.rule("8656:11.3#1"_rule);
  put_head(hop, data_head(Method::kData, ids_.next(), peer, in.bytes.size()).view());
  hop.padding = padding_of(in.bytes.size());
  return hop;
}

// RFC 8656 §5: a limit on the bandwidth of an allocation, and of a user's allocations together.
bool Server::Core::may_pass(Instant now, Allocation& allocation, Bucket Buckets::* way,
                            std::size_t size) {
  return (allocation.buckets.*way).take(now, size) &&
         (allocation.account->buckets.*way).take(now, size);
}

void Server::Core::send_hop(const Hop& hop) {
  if (hop.size() > blocks_.block_size())
    return trace_.drop(Rule{}, "data that is larger than a packet buffer", hop.body);
  scratch_.assign(hop.body);
  copy_bytes(hop.head(), scratch_.prepend(hop.head_size));
  std::ranges::fill(scratch_.append(hop.padding), std::uint8_t{0});
  push(hop.path, scratch_.bytes(), hop.dont_fragment);
}

void Server::Core::explain_peer_data(Instant now, const Allocation& allocation,
                                     const Received& in) {
  if (allocation.transport != Transport::kUdp)
    return trace_.drop("6062:5.1#6"_rule, "a datagram for a TCP allocation", in.bytes);
  if (!allocation.peers.permits(now, in.path.remote))
    return trace_.drop("8656:9#0"_rule, "from a peer without a permission", in.bytes);
  if (in.bytes.size() > kDataMax)
    return trace_.drop("8656:11.3#0"_rule, "larger than a datagram can be", in.bytes);
  trace_.drop("8656:5#12"_rule, "above the limit of bandwidth", in.bytes);
}

void Server::Core::explain_channel_data(Instant now, const Received& in) {
  const auto slot = by_client_.find(in.path);
  if (!slot) return trace_.drop("8656:5#6"_rule, "ChannelData without an allocation", in.bytes);
  if (slots_[*slot].transport != Transport::kUdp)
    return trace_.drop("6062:5.1#0"_rule, "ChannelData on a TCP allocation", in.bytes);
  const auto data = parse_channel_data(in.bytes, nullptr, config_.channel_max);
  if (!data) return trace_.drop("8656:12.6#0"_rule, "ChannelData that is cut short", in.bytes);
  if (slots_[*slot].peers.peer_of(now, data->channel) == nullptr)
    return trace_.drop("8656:12.6#0"_rule, "ChannelData on a channel that is not bound", in.bytes);
  trace_.drop("8656:5#12"_rule, "above the limit of bandwidth", in.bytes);
}

void Server::Core::explain_send(Instant now, const Received& in, const MessageView& message) {
  const auto slot = by_client_.find(in.path);
  if (!slot)
    return trace_.drop("8656:5#6"_rule, "a Send indication without an allocation", in.bytes);
  const Allocation& allocation = slots_[*slot];
  if (allocation.transport != Transport::kUdp)
    return trace_.drop("6062:5.1#0"_rule, "a Send indication on a TCP allocation", in.bytes);
  const auto peer = get<XorPeerAddress>(message);
  if (!peer || !message.has(AttributeType::kData))
    return trace_.drop("8656:11.2#1"_rule, "a Send indication without peer or data", in.bytes);
  if (!unknown_required(message, kTurnAttributes).empty())
    return trace_.drop("8489:6.3.2#0"_rule, "an unknown comprehension-required attribute",
                       in.bytes);
  if (message.has(AttributeType::kDontFragment) && !config_.dont_fragment)
    return trace_.drop("8656:11.2#0"_rule, "DONT-FRAGMENT, which we cannot do", in.bytes);
  if (!allocation.peers.permits(now, peer->address))
    return trace_.drop("8656:11.2#0"_rule, "to a peer without a permission", in.bytes);
  if (!may_send_to(peer->address))
    return trace_.drop("8656:11.2#2"_rule, "to an address of the server", in.bytes);
  trace_.drop("8656:5#12"_rule, "above the limit of bandwidth", in.bytes);
}

// RFC 8016 §3.2.2: the client has used the new 5-tuple, so the old one is over.
void Server::Core::leave_old_path(Allocation& allocation) {
  trace_.rule("8016:3.2.2#5"_rule);
  by_client_.erase(*allocation.old_client);
  allocation.old_client.reset();
}

}  // namespace glass::stun::turn
