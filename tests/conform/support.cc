#include "tests/conform/support.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/support/source_dir.h"

namespace glass::conform::test {
namespace {

// Section and number to level, of one RFC.
std::map<std::string, std::string> index_of(const std::string& rfc) {
  std::map<std::string, std::string> levels;
  std::ifstream in(std::string(glass::test::source_dir()) + "/rfc-notes/index/rfc" + rfc + ".tsv");
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string section;
    std::string number;
    std::string level;
    words >> section >> number >> level;
    levels[section + '#' + number] = level;
  }
  return levels;
}

}  // namespace

std::vector<const Case*> pointers(const std::vector<Case>& cases) {
  std::vector<const Case*> out;
  for (const Case& one : cases) out.push_back(&one);
  return out;
}

RunReport run_all(Suite& suite, Subject& subject, const Login& login, Transport transport) {
  InProcessWire wire(subject, kTarget, kOurs);
  RunOptions options;
  options.login = login;
  options.transport = transport;
  return run_cases(suite, pointers(suite.cases()), wire, options);
}

void expect_clean(const RunReport& report, const std::set<std::string>& lacking) {
  for (const CaseResult& one : report.results) {
    const bool is_excused =
        one.verdict == Verdict::kSkip &&
        (std::ranges::any_of(one.what->needs,
                             [&](const std::string& need) { return lacking.contains(need); }) ||
         lacking.contains(one.what->id));
    EXPECT_TRUE(one.verdict == Verdict::kPass || is_excused)
        << one.what->id << ": " << to_text(one.verdict) << ": " << one.outcome.name << ": "
        << one.outcome.detail;
  }
}

void expect_well_described(const std::vector<Case>& cases, std::string_view prefix) {
  std::set<std::string> ids;
  for (const Case& one : cases) {
    EXPECT_TRUE(ids.insert(one.id).second) << one.id << " twice";
    EXPECT_TRUE(one.id.starts_with(prefix)) << one.id;
    EXPECT_EQ(std::ranges::count(one.id, '/'), 2) << one.id;
    EXPECT_FALSE(one.title.empty() || one.expectation.empty()) << one.id;
    EXPECT_FALSE(one.outcomes.empty()) << one.id;
    const std::string rule(one.rule());
    const std::size_t colon = rule.find(':');
    const auto levels = index_of(rule.substr(0, colon));
    const auto level = levels.find(rule.substr(colon + 1));
    if (level == levels.end()) {
      ADD_FAILURE() << one.id << ": no such rule";
      continue;
    }
    // A section as a whole (#0) has no keyword: the case says how much it means.
    if (level->second != "info") {
      EXPECT_EQ(level->second, to_text(one.level)) << one.id;
    }
  }
}

}  // namespace glass::conform::test
