// demo/scenarios/faults.h - the bugs to be found: each is one named fault in one of two peers.
//
// The peers are whole and right; the fault is made where the packets of one of them leave or
// arrive, as a bug in its code would make them. Who looks at the trace is to name the packet. The
// packets that a fault touched are marked (demo/scenarios/duo.h).  Tested by:
// tests/scenarios/faults_test.cc
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/trace.h"
#include "demo/scenarios/duo.h"

namespace glass::demo {

struct Fault {
  std::string_view name;     // its scenario is "bug-" and this
  std::string_view culprit;  // "alice", "bob"
  std::string_view text;     // what is wrong, in a sentence
  bool connects;             // do they get to talk in spite of it?
};

std::span<const Fault> faults();
// By the name of the scenario, "bug-crc", or its number in the list, "bug-4", which gives nothing
// away; null: there is none.
const Fault* find_fault(std::string_view scenario);

struct FaultOptions {
  std::uint64_t seed = 1;
  sim::Impairment way{.delay = std::chrono::milliseconds(25)};
};
struct FaultResult {
  bool connected = false;
  std::string failure;  // what a peer complained of, at the end
};
// Replaces OpenSSL's dice while it runs.
FaultResult run_fault(const Fault& fault, const FaultOptions& options, Sink* sink);

}  // namespace glass::demo
