#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <utility>

#include "demo/commands/commands.h"
#include "demo/safe_text.h"

extern char** environ;  // POSIX names it, no header does

namespace glass::demo {
namespace {

constexpr std::size_t kMaxLogLine = 4000;

// Best effort: a machine without a desktop has no browser to open.
void open_in_browser(const std::string& url) {
  std::string program = "xdg-open";
  std::string argument = url;
  std::array<char*, 3> arguments{program.data(), argument.data(), nullptr};
  pid_t child = 0;
  if (posix_spawnp(&child, program.c_str(), nullptr, nullptr, arguments.data(), environ) != 0)
    fmt::print(stderr, "glass: no xdg-open here; open the page by hand\n");
}

}  // namespace

void log_line(std::string_view line) {
  fmt::print(stderr, "{}\n", safe_text(line, kMaxLogLine));
  std::fflush(stderr);
}

int run_until_signal(Lab& lab) {
  int stopped_by = 0;
  lab.loop().on_signal({SIGINT, SIGTERM}, [&](int signal) {
    stopped_by = signal;
    lab.shut_down();
  });
  lab.loop().run();
  return stopped_by == 0 ? kExitDone : 128 + stopped_by;
}

int run_lab(LabOptions options, bool open_browser) {
  options.log = log_line;
  auto lab = Lab::start(options);
  if (!lab) return report(lab.error());
  fmt::print("GlassRTC lab\n  page       {}\n  STUN       stun:{}\n  downloads  {}\n",
             (*lab)->url(), (*lab)->stun(), options.downloads);
  if (options.host.empty()) fmt::print("  Only this machine can reach it. Stop with Ctrl-C.\n");
  std::fflush(stdout);
  if (open_browser) {
    std::signal(SIGCHLD, SIG_IGN);  // the browser is nobody's business
    open_in_browser((*lab)->url());
  }
  return run_until_signal(**lab);
}

}  // namespace glass::demo
