#include "base/text.h"

#include <algorithm>
#include <array>

#include "conform/report/report.h"
#include "conform/report/shared.h"
#include "explain/story/summary.h"

namespace glass::conform {
namespace {

constexpr std::array kWorstFirst{Verdict::kCrash,   Verdict::kDeviation,    Verdict::kXpass,
                                 Verdict::kLenient, Verdict::kInconclusive, Verdict::kXfail};
constexpr std::array kAll{Verdict::kPass,  Verdict::kLenient,     Verdict::kDeviation,
                          Verdict::kCrash, Verdict::kXpass,       Verdict::kXfail,
                          Verdict::kSkip,  Verdict::kInconclusive};
constexpr std::size_t kPacketsShown = 12;

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  out.resize(std::max(width, out.size()), ' ');
  return out;
}

std::string coloured(std::string_view text, Verdict verdict, bool on) {
  if (!on) return std::string(text);
  const bool is_bad = is_failure(verdict, false);
  const std::string_view code = is_bad                      ? "\x1b[31m"
                                : verdict == Verdict::kPass ? "\x1b[32m"
                                                            : "\x1b[33m";
  return std::string(code) + std::string(text) + "\x1b[0m";
}

std::string packets(const CaseResult& one) {
  std::string out;
  std::size_t shown = 0;
  for (const Said& said : one.said) {
    if (++shown > kPacketsShown) break;
    out += "              " + padded(milliseconds(said.at - one.said.front().at), 12) +
           (said.by_us ? " > " : " < ") +
           (said.note.empty() ? explain::summarize(said.bytes) : said.note) + '\n';
  }
  if (one.said.size() > kPacketsShown)
    out += "              ... and " + decimal(one.said.size() - kPacketsShown) + " more\n";
  return out;
}

std::string details(const CaseResult& one, const ReportOptions& options) {
  std::string out =
      coloured(padded(to_text(one.verdict), 13), one.verdict, options.colour) + one.what->id + '\n';
  out += "    does      " + one.what->title + '\n';
  out += "    expects   " + one.what->expectation + '\n';
  out += "    saw       " + seen_text(one.outcome) + '\n';
  if (!one.why.empty()) out += "    known     " + one.why + '\n';
  if (const explain::Note* note = note_of(*one.what, options.notes))
    out += "    rule      " + note->level + " - " + note->title + '\n';
  return out + packets(one);
}

std::string head(const RunReport& report) {
  std::string out = report.target;
  if (!report.reached) return out + ": no answer\n";
  out +=
      ", round trip " + milliseconds(report.round_trip) + ", seed " + decimal(report.seed) + '\n';
  for (const auto& [name, text] : report.facts) out += "  " + padded(name, 20) + text + '\n';
  return out;
}

}  // namespace

std::string seen_text(const Outcome& outcome) {
  return outcome.detail.empty() ? outcome.name : outcome.name + ": " + outcome.detail;
}

const explain::Note* note_of(const Case& one, const explain::Notes* notes) {
  if (notes == nullptr) return nullptr;
  const std::string_view rule = one.rule();
  const std::size_t colon = rule.find(':');
  const std::size_t hash = rule.find('#');
  const auto rfc = parse_decimal(rule.substr(0, colon), UINT16_MAX);
  const auto item = parse_decimal(rule.substr(hash + 1), UINT16_MAX);
  if (!rfc || !item) return nullptr;
  return notes->find({static_cast<std::uint16_t>(*rfc), rule.substr(colon + 1, hash - colon - 1),
                      static_cast<std::uint16_t>(*item)});
}

std::string text_line(const CaseResult& result, const ReportOptions& options) {
  std::string line = coloured(padded(to_text(result.verdict), 13), result.verdict, options.colour) +
                     result.what->id;
  if (result.verdict != Verdict::kPass) line += "  (" + seen_text(result.outcome) + ")";
  return line + '\n';
}

std::string text_report(const RunReport& report, const ReportOptions& options) {
  std::string out = head(report) + '\n';
  for (const Verdict verdict : kWorstFirst)
    for (const CaseResult& one : report.results)
      if (one.verdict == verdict && report.reached) out += details(one, options) + '\n';
  std::string counts;
  for (const Verdict verdict : kAll) {
    const std::size_t count = report.count(verdict);
    if (count == 0) continue;
    counts += (counts.empty() ? "" : ", ") + decimal(count) + ' ' + std::string(to_text(verdict));
  }
  return out + decimal(report.results.size()) + " cases: " + counts + '\n';
}

std::string list_cases(const std::vector<const Case*>& cases) {
  std::string out;
  for (const Case* one : cases)
    out += padded(one->id, 56) + ' ' + padded(to_text(one->level), 7) +
           std::string(to_text(one->cls)) + "  " + one->title + '\n';
  return out;
}

}  // namespace glass::conform
