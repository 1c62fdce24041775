// demo/scenarios/lessons.h - the meetings that have a name, each with what it is there to show.
//
// Tested by: tests/demo/lessons_test.cc
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "demo/scenarios/meeting.h"

namespace glass::demo {

struct Lesson {
  std::string_view name;
  std::string_view text;  // one or two sentences
  // "apd/ad", "symmetric"...; empty: a public address.
  std::string_view alice_nat{};
  std::string_view bob_nat{};
  std::string_view alice_cgnat{};
  std::string_view shared_cgnat{};
  sim::Hairpinning hairpinning = sim::Hairpinning::kExternalSource;  // of the shared CGNAT
  sim::Traffic alice_traffic{};
  bool ipv6 = false;
  std::uint32_t loss_per_million = 0;
  Duration delay = std::chrono::milliseconds(25);
  std::optional<Mishap> mishap{};
  bool turn = true;
};

std::span<const Lesson> lessons();
const Lesson* find_lesson(std::string_view name);
MeetingOptions meeting_of(const Lesson& lesson, std::uint64_t seed);

}  // namespace glass::demo
