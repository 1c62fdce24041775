// stun/turn/relay_ports.h - the seam through which a TURN server gets its relayed addresses.
#pragma once

#include "base/address.h"

namespace glass::stun::turn {

// Whoever owns sockets implements it. The server picks the port; what arrives at an open address
// goes into Server::receive() with path.local = that address.
class RelayPorts {
 public:
  virtual ~RelayPorts() = default;
  // kUdp: a socket to send and receive datagrams; kTcp: one that listens and connects (RFC 6062
  // §5.1). `address` is what clients and peers will be told: a driver behind a NAT binds another.
  // False: taken by somebody else, or not to be had.
  virtual bool open(Transport transport, const Address& address) = 0;
  virtual void close(Transport transport, const Address& address) = 0;
};

// Where every port of the relay's address is the server's own already: a simulated network.
class AnyPort final : public RelayPorts {
 public:
  bool open(Transport /*transport*/, const Address& /*address*/) override { return true; }
  void close(Transport /*transport*/, const Address& /*address*/) override {}
};

}  // namespace glass::stun::turn
