// stun/turn/peers.h - the peers of one allocation on a server: permissions and channels.
//
// Two short sorted lists with limits. What has expired is gone at that very instant, whether or not
// its memory has been reused. RFC 8656 §9 (permissions), §12 (channels).
// Tested by: tests/stun/turn/tables_test.cc
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.h"
#include "base/time.h"

namespace glass::stun::turn {

inline constexpr Duration kPermissionLifetime = std::chrono::minutes(5);  // RFC 8656 §9
inline constexpr Duration kChannelLifetime = std::chrono::minutes(10);    // RFC 8656 §12
inline constexpr std::size_t kPermissionsMax = 256;                       // of one allocation
inline constexpr std::size_t kChannelsMax = 256;

struct Permission {
  Address ip;  // port 0: RFC 8656 §9 looks at addresses alone
  Instant expires{};
};
struct Channel {
  std::uint16_t number = 0;
  Address peer;
  Instant expires{};
};

class Peers {
 public:
  enum class Bound : std::uint8_t { kYes, kNumberTaken, kPeerTaken, kFull };

  [[nodiscard]] bool permits(Instant now, const Address& peer) const;
  // Installs or refreshes. False: there are kPermissionsMax of other addresses.
  bool permit(Instant now, const Address& peer);
  // How many more permissions there is room for.
  [[nodiscard]] std::size_t room(Instant now) const;

  // Binds or refreshes; the permission is the caller's to install.
  Bound bind(Instant now, std::uint16_t number, const Address& peer);
  // What bind() would say.
  [[nodiscard]] Bound may_bind(Instant now, std::uint16_t number, const Address& peer) const;
  [[nodiscard]] const Address* peer_of(Instant now, std::uint16_t number) const;
  [[nodiscard]] std::optional<std::uint16_t> channel_of(Instant now, const Address& peer) const;

  // RFC 8656 §8.1: one half of a dual allocation goes, and these with it.
  void forget_family(bool v4);

  // Both may hold what has expired.
  [[nodiscard]] const std::vector<Permission>& permissions() const { return permissions_; }
  [[nodiscard]] const std::vector<Channel>& channels() const { return channels_; }

 private:
  void forget_expired_permissions(Instant now);
  void forget_expired_channels(Instant now);
  void index_channels();

  std::vector<Permission> permissions_;  // by address
  std::vector<Channel> channels_;        // by number
  std::vector<std::uint16_t> by_peer_;   // places in channels_, by peer
};

}  // namespace glass::stun::turn
