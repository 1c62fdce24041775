// demo/scenarios/first_light.h - the smallest whole story: two peers say hello and share a file.
//
// Alice and Bob ask a STUN server for their addresses, agree by a signaling that takes its time,
// find a path, shake hands, send one message each way over the channel "chat" and a file from Alice
// to Bob over the channel "files". Virtual time: the same seed gives the same bytes.
// Tested by: tests/demo/first_light_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/trace.h"
#include "demo/scenarios/fork.h"

namespace glass::demo {

struct FirstLightOptions {
  std::uint64_t seed = 1;
  std::uint32_t loss_per_million = 0;
  Duration delay = std::chrono::milliseconds(25);  // one way
  Duration jitter{};
  std::uint32_t reorder_per_million = 0;
  std::size_t file_size = 20'000;
  std::optional<Fork> fork{};
};

struct FirstLightResult {
  bool done = false;  // both messages and the file arrived, the file with the same SHA-256
  Instant connected = kNever;
  Instant greeted = kNever;  // both messages arrived
  Instant ended = kNever;
  std::string sha256;   // of the file, in hex
  std::string failure;  // what a peer complained of
};

// The lanes of its trace, by node.
std::vector<std::string> first_light_names();
// Replaces OpenSSL's dice while it runs.
FirstLightResult first_light(const FirstLightOptions& options, Sink& sink);

}  // namespace glass::demo
