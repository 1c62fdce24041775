#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/text.h"
#include "demo/annotated.h"
#include "demo/commands/commands.h"
#include "demo/embedded.h"
#include "demo/scenarios/attacks.h"
#include "demo/scenarios/delivery.h"
#include "demo/scenarios/faults.h"
#include "demo/scenarios/first_light.h"
#include "demo/scenarios/lessons.h"
#include "demo/scenarios/meeting.h"
#include "explain/notes.h"
#include "explain/sinks/keylog.h"
#include "explain/sinks/ndjson.h"
#include "explain/sinks/out.h"
#include "explain/sinks/pcapng.h"
#include "explain/sinks/recorder.h"
#include "explain/sinks/tee.h"
#include "explain/story/ladder.h"
#include "sim/nat.h"

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
  Recording(const RunOptions& options, std::vector<std::string> names)
      : options_(options), names_(std::move(names)), notes_(embedded_notes()) {
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

int run_first_light(const RunOptions& options) {
  Recording recording(options, first_light_names());
  if (const auto failure = recording.open_files()) return report(*failure);
  const FirstLightResult result =
      first_light({.seed = options.seed, .loss_per_million = options.loss_per_million.value_or(0)},
                  recording.sink());
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

// --- Meetings: the scenarios with NATs ---

// False: no NAT has that name.
bool choose_nat(const std::string& text, std::optional<sim::NatBehaviour>& into) {
  if (text.empty()) return true;
  into = sim::parse_nat(text);
  return into.has_value() || text == "none";
}

// What the command line says goes over what the lesson says.
std::optional<Failure> adjust(const RunOptions& options, MeetingOptions& meeting) {
  const std::array nats{
      std::tuple{"--a-nat",   &options.a_nat,   &meeting.alice.nat  },
      std::tuple{"--b-nat",   &options.b_nat,   &meeting.bob.nat    },
      std::tuple{"--a-cgnat", &options.a_cgnat, &meeting.alice.cgnat},
      std::tuple{"--b-cgnat", &options.b_cgnat, &meeting.bob.cgnat  }
  };
  for (const auto& [name, text, into] : nats) {
    if (!choose_nat(*text, *into))
      return Failure{kExitUsage, "choosing a NAT", fmt::format("{} {}", name, printable(*text)),
                     "no NAT has that name",
                     "mapping/filtering of ei, ad and apd, as in apd/ad; none, full-cone, "
                     "restricted-cone, port-restricted-cone, symmetric or linux"};
    if (*into && options.no_hairpin) (*into)->hairpinning = sim::Hairpinning::kNone;
  }
  if (meeting.shared_cgnat && options.no_hairpin)
    meeting.shared_cgnat->hairpinning = sim::Hairpinning::kNone;
  if (options.a_udp_blocked) meeting.alice.traffic.udp = false;
  if (options.b_udp_blocked) meeting.bob.traffic.udp = false;
  if (options.a_tcp_blocked) meeting.alice.traffic.tcp = false;
  if (options.b_tcp_blocked) meeting.bob.traffic.tcp = false;
  if (options.ipv6) meeting.alice.ipv6 = meeting.bob.ipv6 = *options.ipv6;
  if (options.turn) meeting.turn = *options.turn;
  if (options.loss_per_million) meeting.loss_per_million = *options.loss_per_million;
  if (options.delay_ms) meeting.delay = std::chrono::milliseconds(*options.delay_ms);
  return std::nullopt;
}

// As a person reads it: an endpoint without a port stands for all its ports.
std::string endpoint_text(const Address& address) {
  if (address == Address{}) return "any";
  return address.port == 0 ? ip_text(address) + ":any" : to_text(address);
}

void print_tables(const MeetingResult& result) {
  for (const NatTable& table : result.tables) {
    fmt::print("\n{} ({}): {} mapping{}\n", table.name, table.behaviour, table.entries.size(),
               table.entries.size() == 1 ? "" : "s");
    for (const sim::Nat::Entry& entry : table.entries) {
      fmt::print("  {} {} -> {} for {}, until {}; lets in", to_text(entry.transport),
                 to_text(entry.inside), to_text(entry.outside), endpoint_text(entry.remote),
                 milliseconds(entry.expires - Instant{}));
      for (const Address& remote : entry.admitted) fmt::print(" {}", endpoint_text(remote));
      fmt::print("{}\n", entry.admitted.empty() ? " anybody" : "");
    }
  }
}

std::string outcome_text(const MeetingResult& result) {
  std::string out = fmt::format("outcome: {}", to_text(result.met));
  if (result.met != Met::kNot)
    out += fmt::format(", {}, connected after {}", result.path,
                       milliseconds(result.connected - Instant{}));
  if (result.struck != kNever && result.recovered != kNever)
    out += fmt::format(", again {} after the mishap ({} ICE restarts)",
                       milliseconds(result.recovered - result.struck), result.restarts);
  return out;
}

int run_meeting(const RunOptions& options, const Lesson& lesson) {
  MeetingOptions meeting = meeting_of(lesson, options.seed);
  if (const auto failure = adjust(options, meeting)) return report(*failure);
  Recording recording(options, meeting_names(meeting));
  if (const auto failure = recording.open_files()) return report(*failure);
  const MeetingResult result = meet(meeting, &recording.sink());
  if (const auto failure = recording.close_files()) return report(*failure);
  if (options.trace != "-") {
    fmt::print("{}", recording.ladder());
    print_tables(result);
  }
  fmt::print(stderr, "{}\n{} (seed {})\n", lesson.text, outcome_text(result), options.seed);
  if (result.met != Met::kNot) return kExitDone;
  fmt::print(stderr, "{}\n", result.why);
  return kExitFailed;
}

// --- The scenarios without NATs ---

void print_figures(const DeliveryOptions& options) {
  fmt::print(stderr, "{:10}{:>12}{:>12}{:>12}{:>9}{:>6}\n", "", "first", "stalled", "longest",
             "missing", "late");
  for (const Delivery delivery : kDeliveries) {
    DeliveryOptions one = options;
    one.delivery = delivery;
    const DeliveryFigures figures = measure(deliver(one, nullptr));
    fmt::print(stderr, "{:10}{:>12}{:>12}{:>12}{:>9}{:>6}\n", to_text(delivery),
               milliseconds(figures.first), milliseconds(figures.stall),
               milliseconds(figures.longest), figures.missing, figures.late);
  }
}

// As the page asks for it; what came of it is said by the ladder.
int run_request(const RunOptions& options) {
  RunRequest request{.scenario = options.scenario,
                     .seed = options.seed,
                     .loss_per_million = options.loss_per_million};
  if (options.delay_ms) request.delay = std::chrono::milliseconds(*options.delay_ms);
  Recording recording(options, names_of(request));
  if (const auto failure = recording.open_files()) return report(*failure);
  run(request, recording.sink());
  if (const auto failure = recording.close_files()) return report(*failure);
  if (options.trace != "-") fmt::print("{}", recording.ladder());
  if (const auto delivery = find_delivery(options.scenario)) {
    DeliveryOptions figures{.seed = options.seed};
    if (options.loss_per_million) figures.loss_per_million = *options.loss_per_million;
    if (request.delay) figures.delay = *request.delay;
    print_figures(figures);
  }
  if (find_fault(options.scenario) != nullptr)
    fmt::print(stderr, "One of the two has a fault. Which packet shows it? (glass lab: /learn)\n");
  return kExitDone;
}

}  // namespace

std::string scenario_list() {
  std::string out = "first-light: two peers say hello and share a file, nothing in between.\n";
  for (const Lesson& lesson : lessons()) out += fmt::format("{}: {}\n", lesson.name, lesson.text);
  for (const Delivery delivery : kDeliveries)
    out +=
        fmt::format("delivery-{}: 60 messages past the same losses, over a channel of this kind.\n",
                    to_text(delivery));
  out += fmt::format("{}: Mallory tries nine things, and each is dropped.\n", kAttacks);
  out += fmt::format("{}: the signaling server exchanges a fingerprint.\n", kAttackFingerprint);
  for (const Fault& fault : faults())
    out += fmt::format("bug-{}: {} has a fault: find the packet.\n", fault.name,
                       fault.culprit == "alice" ? "Alice" : "Bob");
  return out;
}

int run_scenario(const RunOptions& options) {
  if (options.scenario == "first-light") return run_first_light(options);
  if (const Lesson* const lesson = find_lesson(options.scenario))
    return run_meeting(options, *lesson);
  if (find_delivery(options.scenario) || find_fault(options.scenario) != nullptr ||
      options.scenario == kAttacks || options.scenario == kAttackFingerprint)
    return run_request(options);
  return report({kExitUsage, "choosing a scenario", printable(options.scenario),
                 "there is no scenario of that name", "glass run --list"});
}

}  // namespace glass::demo
