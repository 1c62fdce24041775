#include "sim/router.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/address.h"
#include "base/check.h"

namespace glass::sim {

void Routes::add(HostId segment, const Address& address, HostId owner) {
  std::vector<HostId>& owners = owners_[{segment, address}];
  CHECK(owners.empty() || address.is_multicast());  // an address has one owner
  owners.push_back(owner);
}

void Routes::remove(HostId segment, const Address& address, HostId owner) {
  const auto entry = owners_.find({segment, address});
  if (entry == owners_.end()) return;
  std::erase(entry->second, owner);
  if (entry->second.empty()) owners_.erase(entry);
}

void Routes::remove_all(HostId owner) {
  for (auto entry = owners_.begin(); entry != owners_.end();) {
    std::erase(entry->second, owner);
    entry = entry->second.empty() ? owners_.erase(entry) : std::next(entry);
  }
}

std::vector<HostId> Routes::find(HostId segment, const Address& address) const {
  auto entry = owners_.find({segment, address});
  if (entry == owners_.end()) entry = owners_.find({segment, address.with_port(0)});
  return entry == owners_.end() ? std::vector<HostId>{} : entry->second;
}

bool Routes::owns(HostId segment, const Address& address, HostId owner) const {
  const std::vector<HostId> owners = find(segment, address);
  return std::ranges::find(owners, owner) != owners.end();
}

}  // namespace glass::sim
