#include "net/interfaces.h"

#include <cstring>
#include <ifaddrs.h>
#include <net/if.h>  // NOLINT(misc-include-cleaner): IFF_UP comes from a file behind it
#include <netinet/in.h>
#include <sys/socket.h>
#include <vector>

#include "base/address.h"
#include "net/socket_address.h"

namespace glass::net {

std::vector<Interface> interfaces() {
  std::vector<Interface> found;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return found;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    sockaddr_storage name{};
    std::memcpy(&name, entry->ifa_addr,
                family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    found.push_back({.name = entry->ifa_name,
                     .address = from_kernel(name).with_port(0),
                     .is_loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0});
  }
  freeifaddrs(list);
  return found;
}

std::vector<Address> usable_addresses() {
  std::vector<Address> usable;
  std::vector<Address> loopback;
  for (const Interface& interface : interfaces()) {
    if (interface.is_loopback) {
      loopback.push_back(interface.address);
    } else if (!interface.address.is_link_local()) {
      usable.push_back(interface.address);
    }
  }
  return usable.empty() ? loopback : usable;
}

}  // namespace glass::net
