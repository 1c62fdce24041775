// conform/profile.h - what is known of a target: which cases fail, and which are not to be run.
//
// A file of lines: "xfail ID  why" or "skip ID  why"; a # begins a comment. An ID ends in * to mean
// all that begin so. Kept in conform/profiles/ for the targets whose reports are in
// conform/reports/.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "conform/case.h"

namespace glass::conform {

struct Exemption {
  std::string id;   // or a prefix and *
  std::string why;  // may be empty

  [[nodiscard]] bool matches(std::string_view case_id) const;
};

struct Profile {
  std::vector<Exemption> xfails;
  std::vector<Exemption> skips;

  // Appends what the text says. The error names the line.
  Result<void, std::string> add(std::string_view text);
};

// The one that matches, if any.
const Exemption* find(const std::vector<Exemption>& list, std::string_view case_id);

// Which cases run.
struct Selection {
  std::vector<std::string> prefixes{};  // none: all
  Level level = Level::kMust;           // and all above
  bool slow = false;                    // those that wait for minutes, too
  Profile profile{};
};
// The error names the prefix or exemption that matches no case of `all`.
Result<std::vector<const Case*>, std::string> select(const std::vector<Case>& all,
                                                     const Selection& selection);

}  // namespace glass::conform
