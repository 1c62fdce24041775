// sim/router.h - who is where, and what stands between a private network and the one around it.
//
// A segment is a network in which everyone reaches everyone: the internet, or the inside of a
// router. A segment bears the id of its gateway. NATs (RFC 4787) are Routers; a router inside
// another one's segment is a NAT behind a NAT.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/rule.h"
#include "base/strong.h"
#include "base/time.h"

namespace glass::sim {

// A host or a router: Where.node of its records. Zero is the network itself.
using HostId = Strong<struct HostTag, std::uint16_t>;
inline constexpr HostId kInternet{};

// What a router sees of a packet.
struct Header {
  Transport transport = Transport::kUdp;
  Address source;
  Address target;
};

class Router {
 public:
  enum class Side : std::uint8_t { kInside, kOutside };
  struct Verdict {
    enum class Onward : std::uint8_t { kDrop, kInside, kOutside };
    Onward onward = Onward::kDrop;
    std::string_view why;  // of a drop; lives as long as the router
    Rule rule;             // of a drop, where a standard asks for it
  };
  virtual ~Router() = default;
  // A packet comes in from one side and may be given other addresses. Inside to inside is
  // hairpinning. A router keeps no packets and has no timers: it looks at `now` instead.
  virtual Verdict forward(Instant now, Side from, Header& header) = 0;
};

// Which ids own an address in a segment. An owner of port 0 has every port that nobody else has.
class Routes {
 public:
  void add(HostId segment, const Address& address, HostId owner);
  void remove(HostId segment, const Address& address, HostId owner);
  void remove_all(HostId owner);
  // One owner, or none; any number for a multicast address. In the order they were added.
  [[nodiscard]] std::vector<HostId> find(HostId segment, const Address& address) const;
  [[nodiscard]] bool owns(HostId segment, const Address& address, HostId owner) const;

 private:
  std::map<std::pair<HostId, Address>, std::vector<HostId>> owners_;
};

}  // namespace glass::sim
