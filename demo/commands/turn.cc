#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <optional>
#include <string>

#include "demo/commands/commands.h"
#include "demo/json.h"
#include "demo/turn_probe.h"

namespace glass::demo {
namespace {

double ms(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

void print_step(std::string_view name, const std::string& text,
                const std::optional<Duration>& took) {
  if (took) fmt::print("  {:<12}{:<58}{:>8.1f} ms\n", name, text, ms(*took));
}

void print_words(const TurnProbeOptions& options, const TurnReport& report) {
  fmt::print("{}\n", to_text(options.uri));
  if (report.relayed)
    print_step("allocated",
               fmt::format("{}, for {} s", to_text(*report.relayed), report.lifetime.count()),
               report.allocated);
  if (report.mapped)
    fmt::print("  {:<12}{} is how the server sees us\n", "", to_text(*report.mapped));
  print_step("permission", "the server lets both of our relayed addresses talk", report.permitted);
  print_step("indication", "data went through both of them and back", report.indication);
  print_step("channel", "the same with four bytes of header", report.channel);
  if (!report.failure) fmt::print("This relay works.\n");
}

void print_json(const TurnProbeOptions& options, const TurnReport& report) {
  const auto step = [](const std::optional<Duration>& took) {
    return took ? Json(ms(*took)) : Json();
  };
  const auto address = [](const std::optional<Address>& one) {
    return one ? Json(to_text(*one)) : Json();
  };
  Json json{
      {"schema",        1                      },
      {"uri",           to_text(options.uri)   },
      {"ok",            !report.failure        },
      {"relayed",       address(report.relayed)},
      {"mapped",        address(report.mapped) },
      {"lifetime_s",    report.lifetime.count()},
      {"allocate_ms",   step(report.allocated) },
      {"permission_ms", step(report.permitted) },
      {"indication_ms", step(report.indication)},
      {"channel_ms",    step(report.channel)   },
      {"code",          report.code            }
  };
  if (report.failure) {
    json["stage"] = report.failure->stage;
    json["cause"] = report.failure->cause;
  }
  fmt::print("{}\n", write_json(json));
}

}  // namespace

int run_turn(const TurnOptions& options) {
  auto uri = parse_ice_uri(options.uri);
  if (!uri || !uri->is_turn)
    return report({kExitUsage, "reading the command line", options.uri,
                   uri ? "that is a STUN server" : uri.error(),
                   "glass turn turn:host:3478?transport=udp --user NAME"});
  const char* const password = std::getenv("GLASS_TURN_PASSWORD");
  const TurnProbeOptions probe{.uri = *uri,
                               .username = options.user,
                               .password = !options.password.empty() ? options.password
                                           : password != nullptr     ? password
                                                                     : "",
                               .ca_file = options.ca_file,
                               .accepts_all = options.insecure,
                               .patience = std::chrono::seconds(options.timeout_seconds)};
  const TurnReport found = probe_turn(probe);
  options.json ? print_json(probe, found) : print_words(probe, found);
  std::fflush(stdout);
  return found.failure ? report(*found.failure) : kExitDone;
}

}  // namespace glass::demo
