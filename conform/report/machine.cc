// The reports that programs read: JSON, JUnit, pcapng.
#include <chrono>

#include "base/text.h"
#include "conform/report/report.h"
#include "conform/report/shared.h"
#include "explain/json.h"
#include "explain/sinks/out.h"
#include "explain/sinks/pcapng.h"
#include "explain/story/summary.h"

namespace glass::conform {
namespace {

// Microseconds as a decimal fraction of a second or a millisecond.
std::string fraction(Duration duration, std::uint64_t unit_in_us) {
  const auto us = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
  std::string rest = decimal(us % unit_in_us);
  const std::size_t digits = decimal(unit_in_us).size() - 1;
  return decimal(us / unit_in_us) + '.' + std::string(digits - rest.size(), '0') + rest;
}
std::string in_ms(Duration duration) { return fraction(duration, 1000); }
std::string in_seconds(Duration duration) { return fraction(duration, 1'000'000); }

std::string joined(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) out += (out.size() == 1 ? "" : ",") + item;
  return out + ']';
}

std::string packet_json(const Said& said, Instant begin) {
  explain::JsonObject json;
  json.raw("at_ms", in_ms(said.at - begin))
      .text("direction", said.by_us ? "sent" : "received")
      .text("transport", to_text(said.path.transport))
      .text("local", to_text(said.path.local))
      .text("remote", to_text(said.path.remote));
  if (!said.note.empty())
    json.text("note", said.note);
  else
    json.text("summary", explain::summarize(said.bytes)).text("bytes", hex(said.bytes));
  return json.take();
}

std::string case_json(const CaseResult& one) {
  explain::JsonObject json;
  json.text("id", one.what->id)
      .text("title", one.what->title)
      .text("verdict", to_text(one.verdict))
      .text("rule", one.what->rule())
      .text("level", to_text(one.what->level))
      .text("class", to_text(one.what->cls))
      .text("expected", one.what->expectation)
      .text("outcome", one.outcome.name)
      .text("seen", one.outcome.detail)
      .raw("took_ms", in_ms(one.took));
  if (!one.why.empty()) json.text("why", one.why);
  if (one.verdict != Verdict::kPass && one.verdict != Verdict::kSkip) {
    std::vector<std::string> packets;
    for (const Said& said : one.said) packets.push_back(packet_json(said, one.said.front().at));
    json.raw("packets", joined(packets));
  }
  return json.take();
}

std::string xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (byte < 0x20 || byte > 0x7E)
      out += '?';
    else
      out += c;
  }
  return out;
}

std::string junit_case(const CaseResult& one, bool strict) {
  const std::string_view id = one.what->id;
  const std::size_t cut = id.rfind('/');
  std::string out = "  <testcase classname=\"" + xml(id.substr(0, cut)) + "\" name=\"" +
                    xml(id.substr(cut + 1)) + "\" time=\"" + in_seconds(one.took) + "\"";
  const std::string seen = xml(seen_text(one.outcome));
  const std::string said = xml("does: " + one.what->title + "; expects: " + one.what->expectation +
                               "; saw: " + seen_text(one.outcome));
  if (one.verdict == Verdict::kCrash)
    return out + ">\n    <error type=\"crash\" message=\"" + seen + "\">" + said +
           "</error>\n  </testcase>\n";
  if (is_failure(one.verdict, strict))
    return out + ">\n    <failure type=\"" + std::string(to_text(one.verdict)) + "\" message=\"" +
           seen + "\">" + said + "</failure>\n  </testcase>\n";
  if (one.verdict == Verdict::kPass || one.verdict == Verdict::kLenient) return out + "/>\n";
  const std::string why = one.why.empty() ? "" : " (" + xml(one.why) + ")";
  return out + ">\n    <skipped message=\"" + std::string(to_text(one.verdict)) + ": " + seen +
         why + "\"/>\n  </testcase>\n";
}

}  // namespace

std::string json_report(const RunReport& report, const ReportOptions& options) {
  explain::JsonObject facts;
  for (const auto& [name, text] : report.facts) facts.text(name, text);
  explain::JsonObject counts;
  for (const Verdict verdict :
       {Verdict::kPass, Verdict::kLenient, Verdict::kDeviation, Verdict::kCrash, Verdict::kSkip,
        Verdict::kInconclusive, Verdict::kXfail, Verdict::kXpass})
    counts.number(to_text(verdict), report.count(verdict));
  std::vector<std::string> cases;
  for (const CaseResult& one : report.results) cases.push_back(case_json(one));
  explain::JsonObject json;
  json.number("schema", 1)
      .text("tool", "glass " + options.version)
      .text("target", report.target)
      .text("suite", report.suite)
      .number("seed", report.seed)
      .raw("reached", report.reached ? "true" : "false")
      .raw("failed", report.failed(options.strict) ? "true" : "false")
      .raw("round_trip_ms", in_ms(report.round_trip))
      .raw("facts", facts.take())
      .raw("counts", counts.take())
      .raw("cases", joined(cases));
  return json.take() + '\n';
}

std::string junit_report(const RunReport& report, const ReportOptions& options) {
  std::size_t failures = 0;
  std::size_t skipped = 0;
  Duration took{};
  std::string cases;
  for (const CaseResult& one : report.results) {
    const bool failed = is_failure(one.verdict, options.strict);
    if (failed && one.verdict != Verdict::kCrash) ++failures;
    if (!failed && one.verdict != Verdict::kPass && one.verdict != Verdict::kLenient) ++skipped;
    took += one.took;
    cases += junit_case(one, options.strict);
  }
  const std::string numbers = " tests=\"" + decimal(report.results.size()) + "\" failures=\"" +
                              decimal(failures) + "\" errors=\"" +
                              decimal(report.count(Verdict::kCrash)) + "\" skipped=\"" +
                              decimal(skipped) + "\" time=\"" + in_seconds(took) + "\"";
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + numbers +
         ">\n <testsuite name=\"glass conform " + xml(report.target) + "\"" + numbers + ">\n" +
         cases + " </testsuite>\n</testsuites>\n";
}

std::string pcapng_of(const CaseResult& result, std::uint64_t epoch_seconds) {
  std::string out;
  {
    const std::vector<std::string> names{"glass conform " + result.what->id};
    explain::Pcapng sink(
        {.epoch_seconds = epoch_seconds, .at_node = 0, .comments = false, .names = &names},
        explain::to_string(out));
    for (const Said& said : result.said) {
      if (!said.note.empty()) continue;
      sink.now(said.at);
      sink.packet({.node = 0, .layer = Layer::kNet},
                  {.direction = said.by_us ? Direction::kSent : Direction::kReceived,
                   .path = &said.path,
                   .bytes = said.bytes});
    }
  }
  return out;
}

std::string pcapng_name(const CaseResult& result) {
  std::string name = result.what->id;
  for (char& c : name)
    if (c == '/' || c == ':' || c == '#') c = '-';
  return name + ".pcapng";
}

}  // namespace glass::conform
