#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

// All that is kept of a run: its story, and the files that were asked for.
class Recording {
 public:
  explicit Recording(const RunOptions& options) : options_(options), names_(first_light_names()) {
    for (const EmbeddedFile& file : embedded_files())
      if (file.name.starts_with("rfc-notes/")) notes_.add(as_text(file.bytes));
    recorder_.story().scenario = options.scenario;
    recorder_.story().seed = options.seed;
    recorder_.story().names = names_;
    tee_.add(&recorder_);
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  [[nodiscard]] Sink& sink() { return tee_; }

  std::optional<Failure> open_files() {
    if (!options_.trace.empty()) {
      explain::Ndjson::Options format;
      format.scenario = options_.scenario;
      format.seed = options_.seed;
      format.names = &names_;
      if (auto failure = add<explain::Ndjson>(options_.trace, std::move(format))) return failure;
    }
    if (!options_.pcapng.empty()) {
      explain::Pcapng::Options format;
      format.comments = true;
      format.names = &names_;
      format.notes = &notes_;
      if (auto failure = add<explain::Pcapng>(options_.pcapng, format)) return failure;
    }
    if (!options_.keylog.empty()) return add<explain::Keylog>(options_.keylog);
    return std::nullopt;
  }

  std::optional<Failure> close_files() {
    sinks_.clear();  // what they still hold is written
    for (Output& file : files_)
      if (!file.close()) return file.failure();
    return std::nullopt;
  }

  [[nodiscard]] std::string ladder() const {
    explain::LadderOptions options;
    options.rules = options_.rules;
    options.notes = &notes_;
    return explain::print(explain::ladder(recorder_.story(), options));
  }

 private:
  // A sink that writes to `path`, made of `arguments` and the file.
  template <class To, class... Arguments>
  std::optional<Failure> add(const std::string& path, Arguments&&... arguments) {
    std::FILE* const file = files_.emplace_back(path).file();
    if (file == nullptr) return files_.back().failure();
    sinks_.push_back(
        std::make_unique<To>(std::forward<Arguments>(arguments)..., explain::to_file(file)));
    tee_.add(sinks_.back().get());
    return std::nullopt;
  }

  const RunOptions& options_;
  std::vector<std::string> names_;
  explain::Notes notes_;
  explain::Recorder recorder_;
  explain::Tee tee_;
  std::deque<Output> files_;
  std::deque<std::unique_ptr<Sink>> sinks_;
};

}  // namespace

int run_scenario(const RunOptions& options) {
  if (options.scenario != "first-light")
    return report({kExitUsage, "choosing a scenario", printable(options.scenario),
                   "there is no scenario of that name", "glass run first-light"});
  Recording recording(options);
  if (const auto failure = recording.open_files()) return report(*failure);
  const FirstLightResult result = first_light(
      {.seed = options.seed, .loss_per_million = options.loss_per_million}, recording.sink());
  if (const auto failure = recording.close_files()) return report(*failure);
  if (options.trace != "-") fmt::print("{}", recording.ladder());
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
