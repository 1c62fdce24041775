#include "stun/turn/peers.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>

#include "base/address.h"
#include "base/time.h"

namespace glass::stun::turn {

bool Peers::permits(Instant now, const Address& peer) const {
  const Address ip = peer.with_port(0);
  const auto found = std::ranges::lower_bound(permissions_, ip, {}, &Permission::ip);
  return found != permissions_.end() && found->ip == ip && now < found->expires;
}

bool Peers::permit(Instant now, const Address& peer) {
  const Address ip = peer.with_port(0);
  auto place = std::ranges::lower_bound(permissions_, ip, {}, &Permission::ip);
  if (place == permissions_.end() || place->ip != ip) {
    if (permissions_.size() == kPermissionsMax) {
      forget_expired_permissions(now);
      if (permissions_.size() == kPermissionsMax) return false;
      place = std::ranges::lower_bound(permissions_, ip, {}, &Permission::ip);
    }
    place = permissions_.insert(place, Permission{.ip = ip});
  }
  place->expires = now + kPermissionLifetime;
  return true;
}

std::size_t Peers::room(Instant now) const {
  const auto active = std::ranges::count_if(
      permissions_, [&](const Permission& permission) { return now < permission.expires; });
  return kPermissionsMax - static_cast<std::size_t>(active);
}

const Address* Peers::peer_of(Instant now, std::uint16_t number) const {
  const auto found = std::ranges::lower_bound(channels_, number, {}, &Channel::number);
  if (found == channels_.end() || found->number != number || now >= found->expires) return nullptr;
  return &found->peer;
}

std::optional<std::uint16_t> Peers::channel_of(Instant now, const Address& peer) const {
  const auto peer_at = [this](std::uint16_t at) -> const Address& { return channels_[at].peer; };
  const auto found = std::ranges::lower_bound(by_peer_, peer, {}, peer_at);
  if (found == by_peer_.end() || channels_[*found].peer != peer || now >= channels_[*found].expires)
    return std::nullopt;
  return channels_[*found].number;
}

Peers::Bound Peers::may_bind(Instant now, std::uint16_t number, const Address& peer) const {
  if (const Address* bound = peer_of(now, number))
    return *bound == peer ? Bound::kYes : Bound::kNumberTaken;
  if (channel_of(now, peer)) return Bound::kPeerTaken;
  const auto active =
      std::ranges::count_if(channels_, [&](const Channel& c) { return now < c.expires; });
  return static_cast<std::size_t>(active) < kChannelsMax ? Bound::kYes : Bound::kFull;
}

Peers::Bound Peers::bind(Instant now, std::uint16_t number, const Address& peer) {
  const Bound verdict = may_bind(now, number, peer);
  if (verdict != Bound::kYes) return verdict;
  forget_expired_channels(now);
  auto place = std::ranges::lower_bound(channels_, number, {}, &Channel::number);
  if (place == channels_.end() || place->number != number)
    place = channels_.insert(place, Channel{.number = number, .peer = peer});
  place->expires = now + kChannelLifetime;
  index_channels();
  return Bound::kYes;
}

void Peers::forget_family(bool v4) {
  std::erase_if(permissions_, [&](const Permission& p) { return p.ip.is_v4() == v4; });
  std::erase_if(channels_, [&](const Channel& c) { return c.peer.is_v4() == v4; });
  index_channels();
}

void Peers::forget_expired_permissions(Instant now) {
  std::erase_if(permissions_, [&](const Permission& p) { return now >= p.expires; });
}

void Peers::forget_expired_channels(Instant now) {
  std::erase_if(channels_, [&](const Channel& c) { return now >= c.expires; });
}

void Peers::index_channels() {
  by_peer_.resize(channels_.size());
  std::iota(by_peer_.begin(), by_peer_.end(), std::uint16_t{0});
  std::ranges::sort(by_peer_, {},
                    [this](std::uint16_t at) -> const Address& { return channels_[at].peer; });
}

}  // namespace glass::stun::turn
