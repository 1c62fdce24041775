#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <unistd.h>
#include <utility>

#include "conform/live_wire.h"
#include "conform/report/report.h"
#include "conform/runner.h"
#include "conform/stun/suite.h"
#include "conform/turn/suite.h"
#include "crypto/os_random.h"
#include "demo/commands/commands.h"
#include "demo/embedded.h"
#include "demo/ice_uri.h"
#include "demo/safe_text.h"
#include "net/resolve.h"

namespace glass::demo {
namespace {

using conform::CaseResult;
using conform::RunReport;

Failure usage(std::string tried, std::string cause) {
  return {kExitUsage, "reading the command line", std::move(tried), std::move(cause),
          "glass conform --help"};
}

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

bool write_text(const std::string& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  return out.good();
}

Failure cannot_write(const std::string& path) {
  return {kExitLocal, "writing the report", safe_text(path), "it cannot be written", ""};
}

// A suite and how to reach its target.
struct Subject {
  std::unique_ptr<conform::Suite> suite;
  std::string name;
  IceUri uri;
  std::optional<net::TlsContext> tls;
};

Result<Subject, Failure> find_subject(const ConformOptions& options) {
  Subject subject;
  auto uri = parse_ice_uri(options.target);
  if (!uri) return std::unexpected(usage(safe_text(options.target), uri.error()));
  subject.uri = *std::move(uri);
  subject.name = subject.uri.is_turn ? "turn" : "stun";
  if (subject.uri.is_turn)
    subject.suite = std::make_unique<conform::TurnSuite>();
  else
    subject.suite = std::make_unique<conform::StunSuite>();
  return subject;
}

// "id" or "id=why"
conform::Exemption exemption(const std::string& text) {
  const std::size_t cut = text.find('=');
  if (cut == std::string::npos) return {.id = text, .why = {}};
  return {.id = text.substr(0, cut), .why = text.substr(cut + 1)};
}

Result<conform::Selection, Failure> read_selection(const ConformOptions& options) {
  conform::Selection selection{.prefixes = options.ids, .slow = options.slow};
  if (options.strict || options.level == "should") selection.level = conform::Level::kShould;
  if (options.level == "may") selection.level = conform::Level::kMay;
  if (!options.profile.empty()) {
    const auto text = read_text(options.profile);
    if (!text)
      return std::unexpected(Failure{kExitLocal, "reading the profile", safe_text(options.profile),
                                     "it cannot be read", ""});
    if (const auto added = selection.profile.add(*text); !added)
      return std::unexpected(usage(safe_text(options.profile), added.error()));
  }
  for (const std::string& one : options.skip) selection.profile.skips.push_back(exemption(one));
  for (const std::string& one : options.xfail) selection.profile.xfails.push_back(exemption(one));
  return selection;
}

Result<std::unique_ptr<conform::LiveWire>, Failure> connect(const ConformOptions& options,
                                                            Subject& subject) {
  const auto found = net::resolve_now(subject.uri.host, subject.uri.port);
  if (!found)
    return std::unexpected(Failure{kExitUnreachable, "finding the target",
                                   safe_text(subject.uri.host), found.error(), "check the name"});
  conform::LiveTarget target{.address = found->front(),
                             .tls_address = found->front(),
                             .name = subject.uri.host,
                             .patience = std::chrono::milliseconds(options.timeout_ms)};
  if (subject.uri.transport == Transport::kTls) {
    auto tls =
        net::TlsContext::client({.ca_file = options.ca_file, .accepts_all = options.insecure});
    if (!tls)
      return std::unexpected(
          Failure{kExitLocal, "reading the authorities", options.ca_file, tls.error(), ""});
    subject.tls = std::move(*tls);
    target.tls = &*subject.tls;
  }
  auto wire = conform::LiveWire::make(target);
  if (!wire)
    return std::unexpected(Failure{kExitUnreachable, "reaching the target", to_text(target.address),
                                   wire.error().text, "check the network of this machine"});
  return *std::move(wire);
}

// The first line of `file`, or what stands in the environment.
Result<std::string, Failure> read_password(const std::string& file, const char* variable) {
  if (file.empty()) {
    const char* const text = std::getenv(variable);
    return std::string(text != nullptr ? text : "");
  }
  auto text = read_text(file);
  if (!text)
    return std::unexpected(
        Failure{kExitLocal, "reading the password", safe_text(file), "it cannot be read", ""});
  text->resize(std::min(text->find_first_of("\r\n"), text->size()));
  return *std::move(text);
}

Result<conform::Login, Failure> read_login(const ConformOptions& options) {
  conform::Login login{.user = options.user, .other_user = options.other_user};
  login.password = TRY(read_password(options.password_file, "GLASS_TURN_PASSWORD"));
  login.other_password =
      TRY(read_password(options.other_password_file, "GLASS_TURN_OTHER_PASSWORD"));
  return login;
}

bool wants_capture(const CaseResult& one, bool strict) {
  return conform::is_failure(one.verdict, strict) || one.verdict == conform::Verdict::kXfail;
}

std::optional<Failure> write_files(const ConformOptions& options, const RunReport& report,
                                   const conform::ReportOptions& how, std::uint64_t epoch) {
  if (!options.junit.empty() && !write_text(options.junit, junit_report(report, how)))
    return cannot_write(options.junit);
  if (!options.html.empty() && !write_text(options.html, html_report(report, how)))
    return cannot_write(options.html);
  if (options.pcap.empty()) return std::nullopt;
  std::error_code error;
  std::filesystem::create_directories(options.pcap, error);
  for (const CaseResult& one : report.results) {
    if (!wants_capture(one, options.strict)) continue;
    const std::string path = options.pcap + "/" + pcapng_name(one);
    if (!write_text(path, pcapng_of(one, epoch))) return cannot_write(path);
  }
  return std::nullopt;
}

bool wants_colour() {
  const char* const term = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr &&
         (term == nullptr || std::string_view(term) != "dumb");
}

std::uint64_t fresh_seed() {
  crypto::OsRandom random;
  return random.u32();
}

}  // namespace

int run_conform(const ConformOptions& options, std::string_view version) {
  auto subject = find_subject(options);
  if (!subject) return report(subject.error());
  const auto selection = read_selection(options);
  if (!selection) return report(selection.error());
  const auto cases = conform::select(subject->suite->cases(), *selection);
  if (!cases)
    return report(usage(safe_text(cases.error()), "no case begins so; --list shows all of them"));
  if (options.list) {
    std::fputs(conform::list_cases(*cases).c_str(), stdout);
    return kExitDone;
  }

  const auto login = read_login(options);
  if (!login) return report(login.error());
  const auto epoch = static_cast<std::uint64_t>(std::time(nullptr));
  auto wire = connect(options, *subject);
  if (!wire) return report(wire.error());
  const explain::Notes notes = embedded_notes();
  const conform::ReportOptions how{.notes = &notes,
                                   .version = std::string(version),
                                   .strict = options.strict,
                                   .colour = !options.json && wants_colour()};
  conform::RunOptions run{.transport = subject->uri.transport,
                          .selection = *selection,
                          .login = *login,
                          .seed = options.seed ? *options.seed : fresh_seed(),
                          .timeout = std::chrono::milliseconds(options.timeout_ms)};
  if (options.verbose)
    run.on_result = [&](const CaseResult& one) {
      std::fputs(text_line(one, {.notes = nullptr, .version = {}}).c_str(), stderr);
    };
  RunReport result = run_cases(*subject->suite, *cases, **wire, run);
  result.target = to_text(subject->uri);
  result.suite = subject->name;
  std::fputs((options.json ? json_report(result, how) : text_report(result, how)).c_str(), stdout);
  std::fflush(stdout);
  if (const auto failure = write_files(options, result, how, epoch)) return report(*failure);
  if (!result.reached)
    return report({kExitUnreachable, "reaching the target", safe_text(options.target),
                   "nobody answers there", "check the address, the port and the transport"});
  return result.failed(options.strict) ? kExitFailed : kExitDone;
}

}  // namespace glass::demo
