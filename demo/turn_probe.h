// demo/turn_probe.h - is this TURN server any good? What `glass turn` finds out.
//
// Two allocations on the same server name each other as peers, so that data goes the whole way
// through the relay and back without a third machine: by Send indications first, then by channels.
// Tested by: tests/relay/turn_host_test.cc
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/address.h"
#include "base/time.h"
#include "demo/exit_code.h"
#include "demo/ice_uri.h"

namespace glass::demo {

struct TurnProbeOptions {
  IceUri uri;
  std::string username;
  std::string password;
  std::string ca_file;       // whom to trust for turns:, in place of the system's authorities
  bool accepts_all = false;  // no check of the certificate
  Duration patience = std::chrono::seconds(15);
};

// As far as it came.
struct TurnReport {
  Address server;
  std::optional<Address> relayed;
  std::optional<Address> mapped;
  std::chrono::seconds lifetime{};
  std::optional<Duration> allocated;  // how long each step took
  std::optional<Duration> permitted;
  std::optional<Duration> indication;  // round trip of data through both relayed addresses
  std::optional<Duration> channel;     // the same as ChannelData
  unsigned code = 0;                   // of the error response that ended it
  std::optional<Failure> failure;
};

TurnReport probe_turn(const TurnProbeOptions& options);

}  // namespace glass::demo
