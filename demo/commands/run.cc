#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <fmt/format.h>
#include <memory>
#include <utility>

#include "base/text.h"
#include "demo/commands/commands.h"
#include "demo/embedded.h"
#include "demo/scenarios/first_light.h"
#include "explain/notes.h"
#include "explain/sinks/keylog.h"
#include "explain/sinks/ndjson.h"
#include "explain/sinks/out.h"
#include "explain/sinks/pcapng.h"
#include "explain/sinks/recorder.h"
#include "explain/sinks/tee.h"
#include "explain/story/ladder.h"

namespace glass::demo {
namespace {

// An output file; "-" is stdout.
class Output {
 public:
  explicit Output(std::string path)
      : path_(std::move(path)), file_(path_ == "-" ? stdout : std::fopen(path_.c_str(), "wbe")) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { (void)close(); }

  [[nodiscard]] std::FILE* file() const { return file_; }
  [[nodiscard]] Failure failure() const {
    return {kExitLocal, "writing", path_, std::strerror(errno), "choose another file"};
  }
  // False: not all of it could be written.
  bool close() {
    std::FILE* const file = std::exchange(file_, nullptr);
    if (file == nullptr) return true;
    const bool good = std::ferror(file) == 0 && std::fflush(file) == 0;
    return (file == stdout || std::fclose(file) == 0) && good;
  }

 private:
  std::string path_;
  std::FILE* file_;
};

}  // namespace

int run_scenario(const RunOptions& options) {
  if (options.scenario != "first-light")
    return report({kExitUsage, "choosing a scenario", printable(options.scenario),
                   "there is no scenario of that name", "glass run first-light"});
  const std::vector<std::string> names = first_light_names();
  explain::Notes notes;
  for (const EmbeddedFile& file : embedded_files())
    if (file.name.starts_with("rfc-notes/")) notes.add(as_text(file.bytes));

  explain::Recorder recorder;
  recorder.story().scenario = options.scenario;
  recorder.story().seed = options.seed;
  recorder.story().names = names;
  explain::Tee tee({&recorder});
  std::deque<Output> files;
  std::deque<std::unique_ptr<Sink>> sinks;
  const auto open = [&](const std::string& path) { return files.emplace_back(path).file(); };
  const auto add = [&](std::unique_ptr<Sink> sink) {
    tee.add(sink.get());
    sinks.push_back(std::move(sink));
  };
  if (!options.trace.empty()) {
    std::FILE* const file = open(options.trace);
    if (file == nullptr) return report(files.back().failure());
    explain::Ndjson::Options format;
    format.scenario = options.scenario;
    format.seed = options.seed;
    format.names = &names;
    add(std::make_unique<explain::Ndjson>(std::move(format), explain::to_file(file)));
  }
  if (!options.pcapng.empty()) {
    std::FILE* const file = open(options.pcapng);
    if (file == nullptr) return report(files.back().failure());
    explain::Pcapng::Options format;
    format.comments = true;
    format.names = &names;
    format.notes = &notes;
    add(std::make_unique<explain::Pcapng>(format, explain::to_file(file)));
  }
  if (!options.keylog.empty()) {
    std::FILE* const file = open(options.keylog);
    if (file == nullptr) return report(files.back().failure());
    add(std::make_unique<explain::Keylog>(explain::to_file(file)));
  }

  const FirstLightResult result =
      first_light({.seed = options.seed, .loss_per_million = options.loss_per_million}, tee);
  sinks.clear();  // what they still hold is written
  for (Output& file : files)
    if (!file.close()) return report(file.failure());

  if (options.trace != "-") {
    explain::LadderOptions ladder;
    ladder.rules = options.rules;
    ladder.notes = &notes;
    fmt::print("{}", explain::print(explain::ladder(recorder.story(), ladder)));
  }
  if (!result.done)
    return report({kExitFailed, "first-light", fmt::format("seed {}", options.seed),
                   result.failure.empty()
                       ? "the messages and the file did not arrive within a minute"
                       : result.failure,
                   "less --loss, or another --seed"});
  fmt::print(stderr,
             "connected after {}, both messages after {}, the file after {} (seed {})\n"
             "SHA-256 on both ends: {}\n",
             milliseconds(result.connected - Instant{}), milliseconds(result.greeted - Instant{}),
             milliseconds(result.ended - Instant{}), options.seed, result.sha256);
  return kExitDone;
}

}  // namespace glass::demo
