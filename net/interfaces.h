// net/interfaces.h - the addresses that this machine has.
#pragma once

#include <string>
#include <vector>

#include "base/address.h"

namespace glass::net {

struct Interface {
  std::string name;  // "eth0"
  Address address;   // without a port
  bool is_loopback = false;
};

// Of every interface that is up, in the order of the system. Empty where the system tells nothing.
std::vector<Interface> interfaces();

// The addresses that ICE may offer: no loopback and no link-local ones unless there is nothing
// else, then loopback only.
std::vector<Address> usable_addresses();

}  // namespace glass::net
