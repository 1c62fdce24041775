// demo/scenarios/first_light.h - the smallest whole story: two peers behind a link say hello.
//
// Alice and Bob ask a STUN server for their addresses, agree by a signaling that takes its time,
// find a path, shake hands and send one message each way over the channel "chat". Virtual time: the
// same seed gives the same bytes.  Tested by: tests/demo/first_light_test.cc
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/trace.h"

namespace glass::demo {

struct FirstLightOptions {
  std::uint64_t seed = 1;
  std::uint32_t loss_per_million = 0;
  Duration delay = std::chrono::milliseconds(25);  // one way
};

struct FirstLightResult {
  bool done = false;  // both messages arrived
  Instant connected = kNever;
  Instant ended = kNever;
  std::string failure;  // what a peer complained of
};

// The lanes of its trace, by node.
std::vector<std::string> first_light_names();
// Replaces OpenSSL's dice while it runs.
FirstLightResult first_light(const FirstLightOptions& options, Sink& sink);

}  // namespace glass::demo
