// explain/story/ladder.h - who said what to whom, and when: a story as a list to read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "explain/notes.h"
#include "explain/sinks/recorder.h"

namespace glass::explain {

struct LadderOptions {
  bool rules = true;
  bool states = true;
  bool timers = false;
  bool metrics = false;
  const Notes* notes = nullptr;  // captions of rules
  Instant from{};
  Instant until = kNever;
};

struct LadderLine {
  enum class Kind : std::uint8_t { kPacket, kInside, kState, kRule, kDrop, kTimer, kMetric };
  Instant at;
  Kind kind = Kind::kPacket;
  std::string who;
  std::string whom;          // of a packet
  bool arrived = true;       // of a packet
  Duration took{};           // of a packet that arrived
  bool towards_who = false;  // who received it; its sender is not part of the story
  std::string text;
};

std::vector<LadderLine> ladder(const Story& story, const LadderOptions& options = {});

//      0.000 ms  alice ---> bob    STUN Binding request ...             (25.000 ms)
//      1.000 ms  alice --X  bob    DTLS ClientHello                     lost
//     25.000 ms  bob               ice agent: checking -> connected
std::string print(const std::vector<LadderLine>& lines);

}  // namespace glass::explain
