// sdp/diff.h - what two descriptions say differently, section by section.
//
// Sections are compared with those of the same mid, or else of the same place; the order of the
// lines in a section does not count.  Tested by: diff_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sdp/description.h"

namespace glass::sdp {

enum class DiffSide : std::uint8_t { kFirst, kSecond };

// A line that only one of the two has.
struct LineChange {
  DiffSide side = DiffSide::kFirst;
  std::size_t line = 0;  // in that description
  std::string text{};    // "a=sendrecv"
  friend bool operator==(const LineChange&, const LineChange&) = default;
};

struct SectionDiff {
  std::string name{};                 // "session", "section 0: audio, mid a"
  std::vector<LineChange> changes{};  // the first's lines, then the second's
};

// Only what differs; equal descriptions have nothing. Line endings do not count.
[[nodiscard]] std::vector<SectionDiff> diff(const Description& first, const Description& second);

}  // namespace glass::sdp
