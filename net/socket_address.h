// net/socket_address.h - Address to and from what the kernel's calls take. Only for net/*.cc.
#pragma once

#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/bytes.h"

namespace glass::net {

// Fills `out`; how many bytes of it count.
inline socklen_t to_kernel(const Address& address, sockaddr_storage& out) {
  out = {};
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    std::memcpy(&v4.sin_addr, address.ip_bytes().data(), sizeof v4.sin_addr);
    std::memcpy(&out, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(address.port);
  std::memcpy(&v6.sin6_addr, address.ip.data(), sizeof v6.sin6_addr);
  std::memcpy(&out, &v6, sizeof v6);
  return sizeof v6;
}

// An empty Address for any other family.
inline Address from_kernel(const sockaddr_storage& in) {
  if (in.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &in, sizeof v4);
    return Address::v4(ntohl(v4.sin_addr.s_addr), ntohs(v4.sin_port));
  }
  Address address;
  if (in.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &in, sizeof v6);
    std::memcpy(address.ip.data(), &v6.sin6_addr, address.ip.size());
    address.port = ntohs(v6.sin6_port);
  }
  return address;
}

}  // namespace glass::net
