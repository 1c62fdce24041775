#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>
#include <utility>

#include "base/text.h"
#include "demo/commands/commands.h"

namespace glass::demo {
namespace {

constexpr Duration kPlainEvery = std::chrono::seconds(5);  // where no terminal shows the progress

// Lines for people on stderr; a progress line replaces the last one where there is a terminal.
class Screen {
 public:
  void log(const std::string& line) {
    clear();
    fmt::print(stderr, "{}\n", line);
  }
  void progress(const std::string& line) {
    if (is_terminal_) {
      fmt::print(stderr, "\r\x1b[K{}", line);
      dirty_ = true;
      return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < kPlainEvery) return;
    last_ = now;
    fmt::print(stderr, "{}\n", line);
  }
  void result(const std::string& line) {
    clear();
    fmt::print("{}\n", line);
    std::fflush(stdout);
  }

 private:
  void clear() {
    if (std::exchange(dirty_, false)) fmt::print(stderr, "\r\x1b[K");
  }

  bool is_terminal_ = isatty(STDERR_FILENO) != 0;
  bool dirty_ = false;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

int run_share(ShareOptions options) {
  Screen screen;
  options.log = [&](const std::string& line) { screen.log(line); };
  options.progress = [&](const std::string& line) { screen.progress(line); };
  options.result = [&](const std::string& line) { screen.result(line); };
  const auto failure = share(options);
  return failure ? report(*failure) : kExitDone;
}

}  // namespace

int run_send(ShareOptions options) {
  options.sends = true;
  if (options.secret.empty()) options.secret = make_secret();
  return run_share(std::move(options));
}

int run_receive(ShareOptions options) {
  options.sends = false;
  return run_share(std::move(options));
}

}  // namespace glass::demo
