// The data path of a TURN client: RFC 8656 §11 (indications), §12 (channels).
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
#include "stun/message.h"
#include "stun/turn/attributes.h"
#include "stun/turn/client.h"
#include "stun/turn/client_core.h"
#include "stun/turn/data_head.h"

namespace glass::stun::turn {

std::optional<Path> Client::Core::wrap(Instant now, const Address& peer, PacketBuffer& out) {
  // RFC 8656 §11.1: without a permission the server would throw it away.
  if (!machine_.is<Active>() || !is_permitted(now, peer)) {
    trace_.rule("8656:11.1#1"_rule);
    return std::nullopt;
  }
  const std::size_t size = out.size();
  if (size > kDataMax || out.headroom() < kDataHeadMax ||
      out.headroom() + size + 3 > PacketBuffer::kCapacity)
    return std::nullopt;
  const Binding* binding = find_binding(peer);
  if (binding != nullptr && binding->active && now < binding->expires) {
    trace_.rule("8656:12#2"_rule);
    wrap_channel_data(out, binding->number);
    if (is_padded()) {
      trace_.rule("8656:12.5#2"_rule);
      std::ranges::fill(out.append(padding_of(size)), std::uint8_t{0});
    }
    return path_;
  }
  trace_.rule("8656:11.1#2"_rule);
  if (asks_dont_fragment_) trace_.rule("8656:11.1#3"_rule);
  const DataHead head = data_head(Method::kSend, ids_.next(), peer, size, asks_dont_fragment_);
  copy_bytes(head.view(), out.prepend(head.size));
  std::ranges::fill(out.append(padding_of(size)), std::uint8_t{0});
  return path_;
}

std::optional<Relayed> Client::Core::unwrap(Instant now, const Received& in) {
  if (in.path != path_ || in.bytes.empty() || !machine_.is<Active>()) return std::nullopt;
  if (in.bytes[0] >= 0x40) {
    const auto channel = parse_channel_data(in.bytes);
    if (!channel) return std::nullopt;
    // RFC 8656 §12: also before the answer to our ChannelBind has come.
    const Binding* binding = find_number(channel->channel);
    if (binding == nullptr || now >= binding->expires) return std::nullopt;
    if (!binding->active) {
      trace_.rule("8656:12#4"_rule);
    } else if (!is_permitted(now, binding->peer)) {
      return std::nullopt;
    }
    return Relayed{binding->peer, in.bytes.subspan(4, channel->data.size())};
  }
  const auto message = MessageView::parse(in.bytes);
  if (!message || !message->is(Class::kIndication, Method::kData)) return std::nullopt;
  const auto peer = get<XorPeerAddress>(*message);
  const auto data = message->find(AttributeType::kData);
  if (!peer || !data || !is_permitted(now, peer->address) ||
      !unknown_required(*message, kTurnAttributes).empty())
    return std::nullopt;
  return Relayed{peer->address,
                 in.bytes.subspan(data->offset + kAttributeHeaderSize, data->value.size())};
}

}  // namespace glass::stun::turn
