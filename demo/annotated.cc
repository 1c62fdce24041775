#include "demo/annotated.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <variant>

#include "base/bytes.h"
#include "base/text.h"
#include "demo/json.h"
#include "demo/scenarios/attacks.h"
#include "demo/scenarios/delivery.h"
#include "demo/scenarios/faults.h"
#include "demo/scenarios/first_light.h"
#include "demo/scenarios/lessons.h"
#include "demo/scenarios/meeting.h"
#include "explain/fields.h"
#include "explain/format.h"
#include "explain/sinks/out.h"
#include "explain/sinks/pcapng.h"
#include "explain/story/summary.h"
#include "sdp/explain.h"
#include "sdp/parse.h"
#include "sim/nat.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;
using explain::Record;

constexpr unsigned kVersion = 1;
constexpr std::size_t kMaxRecords = 200'000;
constexpr double kPerMillion = 10'000;  // of a percent
constexpr std::string_view kFirstLight = "first-light";
constexpr std::size_t kFileSize = 6'000;

std::int64_t nanoseconds(Instant instant) { return instant.time_since_epoch().count(); }

// The whole of `text` as a number.
std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Json fields_json(const explain::Annotated& annotated) {
  Json fields = Json::array();
  for (const explain::FieldNode& field : annotated.fields)
    fields.push_back({field.depth, field.offset, field.size, field.name, field.value, field.meaning,
                      explain::to_text(field.format)});
  return fields;
}

// Each line of a session description with its sentence.
Json sdp_json(std::string_view text) {
  Json lines = Json::array();
  const auto description = sdp::parse(text);
  if (!description) return lines;
  for (const sdp::LineNote& note : sdp::explain(*description))
    lines.push_back({note.line, note.text, note.meaning, note.detail, note.section});
  return lines;
}

// What a packet of this layer is; nullopt: its bytes tell.
std::optional<explain::Format> format_of(Layer layer) {
  if (layer == Layer::kSctp) return explain::Format::kSctp;
  if (layer == Layer::kSdp) return explain::Format::kSdp;
  return std::nullopt;
}

// Signaling and channels carry texts: there are no fields to them.
bool is_text(Layer layer) { return layer == Layer::kSignaling || layer == Layer::kChannel; }

// The keys of one record beside those that all have.
class EventWriter {
 public:
  explicit EventWriter(Layer layer) : layer_(layer) {}

  Json operator()(const explain::RuleFired& fired) const {
    Json facts = Json::object();
    for (const explain::KeptFact& fact : fired.facts) {
      if (fact.is_text) {
        facts[fact.key] = fact.text;
      } else {
        facts[fact.key] = fact.number;
      }
    }
    return {
        {"event", "rule"             },
        {"rule",  to_text(fired.rule)},
        {"facts", std::move(facts)   }
    };
  }
  Json operator()(const explain::Dropped& dropped) const {
    Json out = {
        {"event", "drop"              },
        {"why",   dropped.why         },
        {"id",    dropped.packet      },
        {"size",  dropped.bytes.size()}
    };
    if (dropped.rule.rfc != 0) out["rule"] = to_text(dropped.rule);
    return out;
  }
  Json operator()(const explain::StateChanged& changed) const {
    return {
        {"event",   "state"        },
        {"machine", changed.machine},
        {"from",    changed.from   },
        {"to",      changed.to     }
    };
  }
  Json operator()(const explain::TimerSet& timer) const {
    return {
        {"event",    "timer"                                                              },
        {"timer",    timer.name                                                           },
        {"deadline", timer.deadline == kNever ? Json() : Json(nanoseconds(timer.deadline))}
    };
  }
  Json operator()(const explain::MetricSeen& metric) const {
    return {
        {"event",  "metric"    },
        {"metric", metric.name },
        {"value",  metric.value}
    };
  }
  Json operator()(const explain::SecretTold& secret) const {
    return {
        {"event", "secret"    },
        {"label", secret.label}
    };
  }
  Json operator()(const explain::PacketSeen& packet) const {
    const bool sent = packet.direction == Direction::kSent;
    Json out = {
        {"event",     "packet"                  },
        {"direction", sent ? "sent" : "received"},
        {"size",      packet.bytes.size()       }
    };
    if (packet.id != 0) out["id"] = packet.id;
    if (packet.path) {
      out["transport"] = to_text(packet.path->transport);
      out["local"] = to_text(packet.path->local);
      out["remote"] = to_text(packet.path->remote);
    }
    if (is_text(layer_)) {
      out["text"] = as_text(packet.bytes);
      return out;
    }
    const auto as = format_of(layer_);
    out["summary"] = explain::summarize(packet.bytes, as);
    if (layer_ == Layer::kSdp) out["lines"] = sdp_json(as_text(packet.bytes));
    // What arrives is what was sent: it is opened once.
    if (!sent && packet.id != 0) return out;
    const explain::Annotated annotated = explain::annotate(packet.bytes, as);
    out["format"] = explain::to_text(annotated.format);
    out["hex"] = hex(packet.bytes);
    out["fields"] = fields_json(annotated);
    return out;
  }

 private:
  Layer layer_;
};

// The rule that a record is about, or none.
const Rule* rule_of(const Record& record) {
  if (const auto* fired = std::get_if<explain::RuleFired>(&record.what)) return &fired->rule;
  const auto* dropped = std::get_if<explain::Dropped>(&record.what);
  return dropped != nullptr && dropped->rule.rfc != 0 ? &dropped->rule : nullptr;
}

Json note_json(const Rule& rule, const explain::Note& note) {
  return {
      {"event", "note"       },
      {"rule",  to_text(rule)},
      {"level", note.level   },
      {"title", note.title   },
      {"text",  note.text    }
  };
}

std::optional<Duration> milliseconds(std::string_view text, Duration most) {
  const auto count = parse_decimal(text, std::uint64_t(most / std::chrono::milliseconds(1)));
  if (!count) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(*count));
}

// What becomes of the network; what is not asked for stays as it is.
std::optional<Fork> fork_of(const RunRequest& request, std::uint32_t loss, Duration delay) {
  if (!request.fork_at) return std::nullopt;
  return Fork{.at = *request.fork_at,
              .loss_per_million = request.fork_loss_per_million.value_or(loss),
              .delay = request.fork_delay.value_or(delay),
              .jitter = request.fork_jitter.value_or(request.jitter)};
}

// What was asked for goes over what the lesson says.
MeetingOptions meeting_for(const RunRequest& request, const Lesson& lesson) {
  MeetingOptions options = meeting_of(lesson, request.seed);
  if (!request.a_nat.empty()) options.alice.nat = sim::parse_nat(request.a_nat);  // "none" is none
  if (!request.b_nat.empty()) options.bob.nat = sim::parse_nat(request.b_nat);
  if (request.loss_per_million) options.loss_per_million = *request.loss_per_million;
  if (request.delay) options.delay = *request.delay;
  options.jitter = request.jitter;
  if (request.turn) options.turn = *request.turn;
  if (request.a_udp) options.alice.traffic.udp = *request.a_udp;
  if (request.b_udp) options.bob.traffic.udp = *request.b_udp;
  options.fork = fork_of(request, options.loss_per_million, options.delay);
  return options;
}

bool is_known(std::string_view scenario) {
  return scenario == kFirstLight || scenario == kAttacks || scenario == kAttackFingerprint ||
         find_lesson(scenario) != nullptr || find_delivery(scenario) ||
         find_fault(scenario) != nullptr;
}

// The ones without NATs: true if it was one of them.
bool run_plain(const RunRequest& request, Sink& sink) {
  const Duration delay = request.delay.value_or(FirstLightOptions{}.delay);
  const std::uint32_t loss = request.loss_per_million.value_or(0);
  if (request.scenario == kAttacks) {
    (void)attack({.seed = request.seed, .delay = delay}, &sink);
  } else if (request.scenario == kAttackFingerprint) {
    (void)attack_fingerprint({.seed = request.seed, .delay = delay}, &sink);
  } else if (const auto delivery = find_delivery(request.scenario)) {
    DeliveryOptions options{
        .seed = request.seed, .delivery = *delivery, .delay = delay, .jitter = request.jitter};
    if (request.loss_per_million) options.loss_per_million = loss;
    (void)deliver(options, &sink);
  } else if (const Fault* const fault = find_fault(request.scenario)) {
    (void)run_fault(*fault,
                    {
                        .seed = request.seed,
                        .way = {.delay = delay, .jitter = request.jitter, .loss = {loss}}
    },
                    &sink);
  } else {
    return false;
  }
  return true;
}

// A value as links carry it, "%2F" for a slash; nullopt: it is cut off.
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at];
      continue;
    }
    const auto byte = from_hex(text.substr(at + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;  // from_hex() passes blanks over
    out += as_text(*byte);
    at += 2;
  }
  return out;
}

// One `key=value` of the query.
std::optional<std::string> apply(RunRequest& request, std::string_view key,
                                 std::string_view value) {
  if (key == "scenario") {
    if (!is_known(value)) return "there is no scenario of that name: see glass run --list";
    request.scenario = std::string(value);
  } else if (key == "seed") {
    const auto seed = parse_decimal(value);
    if (!seed) return "seed is a whole number";
    request.seed = *seed;
  } else if (key == "loss" || key == "fork_loss") {
    const auto loss = number(value);
    if (!loss || !(*loss >= 0) || *loss * kPerMillion > RunRequest::kMaxLoss)
      return "loss is a percentage from 0 to 40";
    (key == "loss" ? request.loss_per_million : request.fork_loss_per_million) =
        static_cast<std::uint32_t>(*loss * kPerMillion);
  } else if (key == "delay" || key == "fork_delay") {
    const auto delay = milliseconds(value, RunRequest::kMaxDelay);
    if (!delay) return "delay is a number of milliseconds from 0 to 2000";
    (key == "delay" ? request.delay : request.fork_delay) = *delay;
  } else if (key == "jitter" || key == "fork_jitter") {
    const auto jitter = milliseconds(value, RunRequest::kMaxJitter);
    if (!jitter) return "jitter is a number of milliseconds from 0 to 1000";
    if (key == "jitter") request.jitter = *jitter;
    if (key == "fork_jitter") request.fork_jitter = *jitter;
  } else if (key == "fork") {
    const auto at = parse_decimal(value, std::uint64_t(RunRequest::kMaxFork / 1us));
    if (!at) return "fork is a number of microseconds, at most ten minutes";
    request.fork_at = std::chrono::microseconds(static_cast<std::int64_t>(*at));
  } else if (key == "a_nat" || key == "b_nat") {
    if (value != "none" && !sim::parse_nat(value))
      return "a NAT is none, a mapping/filtering of ei, ad and apd, or has an old name";
    (key == "a_nat" ? request.a_nat : request.b_nat) = std::string(value);
  } else if (key == "turn" || key == "a_udp" || key == "b_udp") {
    if (value != "0" && value != "1") return "turn, a_udp and b_udp are 0 or 1";
    (key == "turn" ? request.turn : key == "a_udp" ? request.a_udp : request.b_udp) = value == "1";
  } else {
    return "a run has scenario, seed, loss, delay, jitter, a_nat, b_nat, turn, a_udp, b_udp, fork, "
           "fork_loss, fork_delay and fork_jitter; nothing else";
  }
  return std::nullopt;
}

}  // namespace

Result<RunRequest, std::string> parse_run_request(std::string_view query) {
  RunRequest request;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return std::unexpected("the query has a part without =");
    const auto value = decoded(part.substr(equals + 1));
    if (!value) return std::unexpected("a % in the query has no two hex digits behind it");
    if (auto wrong = apply(request, part.substr(0, equals), *value))
      return std::unexpected(std::move(*wrong));
  }
  return request;
}

std::string annotated_trace(const explain::Story& story, const explain::Notes& notes) {
  std::string out = write_json({
                        {"format",   "glass-trace"      },
                        {"version",  kVersion           },
                        {"scenario", story.scenario     },
                        {"seed",     decimal(story.seed)},
                        {"time",     "ns"               },
                        {"names",    story.names        },
                        {"left_out", story.left_out     }
  }) +
                    '\n';
  std::set<std::string> noted;
  for (const Record& record : story.records) {
    const Rule* const rule = rule_of(record);
    const explain::Note* const note = rule == nullptr ? nullptr : notes.find(*rule);
    if (note != nullptr && noted.insert(to_text(*rule)).second)
      out += write_json(note_json(*rule, *note)) + '\n';
    Json event = std::visit(EventWriter(record.layer), record.what);
    event["t"] = nanoseconds(record.at);
    event["node"] = record.node;
    event["layer"] = to_text(record.layer);
    out += write_json(event) + '\n';
  }
  return out + "{\"event\":\"end\"}\n";
}

std::vector<std::string> names_of(const RunRequest& request) {
  if (const Lesson* const lesson = find_lesson(request.scenario))
    return meeting_names(meeting_for(request, *lesson));
  if (request.scenario == kAttacks) return attack_names();
  return request.scenario == kFirstLight ? first_light_names() : Duo::names();
}

void run(const RunRequest& request, Sink& sink) {
  if (run_plain(request, sink)) return;
  if (const Lesson* const lesson = find_lesson(request.scenario)) {
    (void)meet(meeting_for(request, *lesson), &sink);
    return;
  }
  const std::uint32_t loss = request.loss_per_million.value_or(0);
  const Duration delay = request.delay.value_or(FirstLightOptions{}.delay);
  (void)first_light({.seed = request.seed,
                     .loss_per_million = loss,
                     .delay = delay,
                     .jitter = request.jitter,
                     .file_size = kFileSize,
                     .fork = fork_of(request, loss, delay)},
                    sink);
}

std::string captured_run(const RunRequest& request, const explain::Notes& notes) {
  std::string out;
  const std::vector<std::string> names = names_of(request);
  explain::Pcapng capture({.comments = true, .names = &names, .notes = &notes},
                          explain::to_string(out));
  run(request, capture);
  capture.flush();
  return out;
}

std::string annotated_run(const RunRequest& request, const explain::Notes& notes) {
  explain::Recorder recorder(kMaxRecords);
  recorder.story().scenario = request.scenario;
  recorder.story().seed = request.seed;
  recorder.story().names = names_of(request);
  run(request, recorder);
  return annotated_trace(recorder.story(), notes);
}

}  // namespace glass::demo
