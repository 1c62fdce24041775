#include <algorithm>

#include "base/text.h"
#include "conform/report/report.h"
#include "conform/report/shared.h"
#include "explain/fields.h"
#include "explain/hexview.h"
#include "explain/story/summary.h"

namespace glass::conform {
namespace {

constexpr std::size_t kPacketsMax = 200;  // of one case; the pcapng has all of them

constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--line:#8886;--soft:#8882}
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
code,pre{font:13px/1.4 ui-monospace,monospace}pre{overflow-x:auto;background:var(--soft);padding:.6rem;margin:.3rem 0}
.v{font-weight:600;white-space:nowrap}.pass{color:#1a7f37}.lenient,.inconclusive,.xfail,.skip{color:#9a6700}.deviation,.crash,.xpass{color:#cf222e}
details{border-left:3px solid var(--line);padding-left:1rem;margin:1rem 0}
summary{cursor:pointer}dl{display:grid;grid-template-columns:8rem 1fr;gap:.2rem 1rem}dt{opacity:.7}dd{margin:0}
.ladder details{margin:.2rem 0}.sent>summary::before{content:"us \2192 target  ";opacity:.7}.received>summary::before{content:"us \2190 target  ";opacity:.7}
@media (prefers-color-scheme:dark){.pass{color:#3fb950}.lenient,.inconclusive,.xfail,.skip{color:#d29922}.deviation,.crash,.xpass{color:#f85149}}
)";

std::string html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<std::uint8_t>(c) < 0x20 && c != '\n')
      out += ' ';
    else
      out += c;
  }
  return out;
}

std::string badge(Verdict verdict) {
  const std::string name(to_text(verdict));
  return "<span class=\"v " + name + "\">" + name + "</span>";
}

// A byte of anybody's choice never becomes markup or broken UTF-8.
std::string safe(std::string_view text) {
  std::string out;
  std::string_view left = text;
  while (!left.empty()) {
    const std::size_t end = std::min(left.find('\n'), left.size());
    out += printable(left.substr(0, end));
    if (end < left.size()) out += '\n';
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return html(out);
}

std::string packet_html(const Said& said, Instant begin) {
  const std::string when = milliseconds(said.at - begin);
  if (!said.note.empty()) return "<p><code>" + when + "</code> " + html(said.note) + "</p>\n";
  const std::string where = to_text(said.path.local) + (said.by_us ? " → " : " ← ") +
                            to_text(said.path.remote) + " over " +
                            std::string(to_text(said.path.transport));
  return "<details class=\"" + std::string(said.by_us ? "sent" : "received") +
         "\"><summary><code>" + when + "</code> " + safe(explain::summarize(said.bytes)) +
         "</summary>\n<p>" + html(where) + ", " + decimal(said.bytes.size()) + " bytes</p><pre>" +
         safe(explain::hexview(said.bytes, explain::annotate(said.bytes))) + "</pre></details>\n";
}

std::string case_html(const CaseResult& one, const ReportOptions& options) {
  const auto entry = [](std::string_view name, const std::string& text) {
    return "<dt>" + std::string(name) + "</dt><dd>" + text + "</dd>";
  };
  std::string out = "<details open id=\"" + html(one.what->id) + "\"><summary>" +
                    badge(one.verdict) + " <code>" + html(one.what->id) + "</code></summary>\n<dl>";
  out += entry("does", html(one.what->title)) + entry("expects", html(one.what->expectation)) +
         entry("saw", safe(seen_text(one.outcome)));
  if (!one.why.empty()) out += entry("known", html(one.why));
  if (const explain::Note* note = note_of(*one.what, options.notes))
    out += entry("rule", html(note->level + " - " + note->title) + "<br>" + html(note->text));
  out += "</dl>\n<div class=\"ladder\">\n";
  std::size_t shown = 0;
  for (const Said& said : one.said) {
    if (++shown > kPacketsMax) break;
    out += packet_html(said, one.said.front().at);
  }
  if (one.said.size() > kPacketsMax)
    out += "<p>" + decimal(one.said.size() - kPacketsMax) + " more are left out.</p>\n";
  return out + "</div></details>\n";
}

std::string row(const CaseResult& one) {
  const bool has_page = one.verdict != Verdict::kPass && one.verdict != Verdict::kSkip;
  const std::string id = "<code>" + html(one.what->id) + "</code>";
  return "<tr><td>" + badge(one.verdict) + "</td><td>" +
         (has_page ? "<a href=\"#" + html(one.what->id) + "\">" + id + "</a>" : id) + "</td><td>" +
         std::string(to_text(one.what->level)) + "</td><td>" + html(one.what->title) + "</td><td>" +
         safe(seen_text(one.outcome)) + "</td></tr>\n";
}

}  // namespace

std::string html_report(const RunReport& report, const ReportOptions& options) {
  std::string out = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>" +
                    html(report.target) + " - glass conform</title>\n<style>" +
                    std::string(kStyle) + "</style>\n<h1>" + html(report.target) + "</h1>\n<p>";
  out += report.reached ? "Round trip " + milliseconds(report.round_trip) + ", seed " +
                              decimal(report.seed) + ", glass " + html(options.version) + "."
                        : "Nobody answered.";
  out += "</p>\n<table>";
  for (const auto& [name, text] : report.facts)
    out += "<tr><th>" + html(name) + "</th><td>" + safe(text) + "</td></tr>";
  out += "</table>\n<p>" + decimal(report.results.size()) + " cases: ";
  for (const Verdict verdict :
       {Verdict::kPass, Verdict::kLenient, Verdict::kDeviation, Verdict::kCrash, Verdict::kXpass,
        Verdict::kXfail, Verdict::kSkip, Verdict::kInconclusive})
    if (const std::size_t count = report.count(verdict); count > 0)
      out += decimal(count) + ' ' + badge(verdict) + ' ';
  out += "</p>\n";
  for (const Verdict verdict : {Verdict::kCrash, Verdict::kDeviation, Verdict::kXpass,
                                Verdict::kLenient, Verdict::kInconclusive, Verdict::kXfail})
    if (report.reached)
      for (const CaseResult& one : report.results)
        if (one.verdict == verdict) out += case_html(one, options);
  out +=
      "<h2>All "
      "cases</h2>\n<table><tr><th></th><th>case</th><th>level</th><th>does</th><th>saw</th></tr>\n";
  for (const CaseResult& one : report.results) out += row(one);
  return out + "</table>\n</html>\n";
}

}  // namespace glass::conform
