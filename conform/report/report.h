// conform/report/report.h - one result, told in five ways: to people, to programs, to build
// servers, as a page, and as captures.
//
// Pure functions from a RunReport to text; who calls them writes the files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "conform/runner.h"
#include "explain/notes.h"

namespace glass::conform {

struct ReportOptions {
  const explain::Notes* notes = nullptr;  // what the rules say, in our words; null: not shown
  std::string version{};                  // of the tool
  bool strict = false;                    // lenient counts as failed
  bool colour = false;                    // for a terminal
};

// One line: "pass  stun/8489:12#1/binding".
std::string text_line(const CaseResult& result, const ReportOptions& options);
// Failures first, each with what was done, expected and seen; then the counts.
std::string text_report(const RunReport& report, const ReportOptions& options);
// One object on one line, schema 1: conform/README.md.
std::string json_report(const RunReport& report, const ReportOptions& options);
// JUnit XML: a deviation is a failure, a crash an error.
std::string junit_report(const RunReport& report, const ReportOptions& options);
// One page that needs neither a network nor other files.
std::string html_report(const RunReport& report, const ReportOptions& options);
// What was said in a case, as Wireshark opens it. `epoch_seconds`: wall time of Instant{}.
std::string pcapng_of(const CaseResult& result, std::uint64_t epoch_seconds);
// "stun-8489-6.3.1-0-unknown.pcapng"
std::string pcapng_name(const CaseResult& result);
// id, level, class, title: one line a case.
std::string list_cases(const std::vector<const Case*>& cases);

}  // namespace glass::conform
