#include "conform/runner.h"

#include <algorithm>
#include <utility>

namespace glass::conform {
namespace {

constexpr int kSamples = 3;  // of the round trip
// A target that crashed may be started again by somebody: so often, and so long apart, it is asked.
constexpr int kRevivals = 5;
constexpr Duration kRevivalPause = std::chrono::milliseconds(400);
// After so many cases in a row without a sign of life the others are not tried.
constexpr int kPatienceWithTheDead = 2;

std::uint64_t seed_of(std::uint64_t seed, std::string_view id) {
  for (const char c : id) seed = (seed ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ULL;
  return seed;
}

std::string_view words(Life life) {
  return life == Life::kDead ? "nothing listens there any more"
                             : "it does not answer a good request any more";
}

class Run {
 public:
  Run(Suite& suite, Wire& wire, const RunOptions& options)
      : suite_(suite),
        wire_(wire),
        options_(options),
        random_(options.seed),
        session_{.wire = wire_,
                 .random = random_,
                 .facts = report_.facts,
                 .transport = options.transport,
                 .login = options.login} {
    report_.seed = options.seed;
    session_.timing.answer =
        std::max<Duration>(options.timeout / session_.timing.tries, std::chrono::milliseconds(1));
  }

  RunReport run(const std::vector<const Case*>& cases) {
    meet();
    for (const Case* one : cases) {
      CaseResult result = report_.reached ? try_case(*one) : hopeless(*one);
      if (options_.on_result) options_.on_result(result);
      report_.results.push_back(std::move(result));
    }
    return std::move(report_);
  }

 private:
  Life life(Duration* took = nullptr) {
    const Life found = suite_.is_alive(session_, took);
    wire_.close_all();
    return found;
  }

  // Is anybody there, how far away, and what can it do?
  void meet() {
    Duration slowest{};
    for (int i = 0; i < kSamples; ++i) {
      Duration took{};
      if (life(&took) != Life::kAlive) continue;
      report_.reached = true;
      slowest = std::max(slowest, took);
    }
    if (!report_.reached) return;
    report_.round_trip = slowest;
    if (!wire_.is_virtual()) {
      constexpr Duration kLeast = std::chrono::milliseconds(100);
      constexpr Duration kLeastGrace = std::chrono::milliseconds(15);
      session_.timing.answer = std::min(session_.timing.answer, std::max(slowest * 10, kLeast));
      session_.timing.grace = std::min(options_.timeout, std::max(slowest * 2, kLeastGrace));
    }
    suite_.look(session_);
    wire_.close_all();
    (void)wire_.take();
  }

  CaseResult hopeless(const Case& one) {
    return {.what = &one, .outcome = inconclusive("the target is not there")};
  }

  bool revive() {
    for (int i = 0; i < kRevivals; ++i) {
      if (life() == Life::kAlive) return true;
      wire_.wait(kRevivalPause);
    }
    return false;
  }

  CaseResult try_case(const Case& one) {
    if (const Exemption* skipped = find(options_.selection.profile.skips, one.id))
      return {
          .what = &one, .verdict = Verdict::kSkip, .outcome = skip("as told"), .why = skipped->why};
    if (auto lacking = missing(one); !lacking.empty())
      return {.what = &one, .verdict = Verdict::kSkip, .outcome = skip(std::move(lacking))};
    if (dead_ >= kPatienceWithTheDead) return hopeless(one);
    if (one.cls != Class::kValid && life() != Life::kAlive && !revive()) {
      ++dead_;
      return {.what = &one, .outcome = inconclusive("the target was not there before the case")};
    }
    dead_ = 0;
    return judge(one, perform(one));
  }

  std::string missing(const Case& one) const {
    for (const std::string& need : one.needs) {
      if (need == "slow") {
        if (!wire_.is_virtual() && !options_.selection.slow) return "it takes minutes: --slow";
      } else if (need.starts_with("no-")) {
        if (session_.has(need.substr(3))) return "the target has " + need.substr(3);
      } else if (!session_.has(need)) {
        return "the target has no " + need;
      }
    }
    return {};
  }

  CaseResult perform(const Case& one) {
    CaseResult result{.what = &one};
    random_ = SeededRandom(seed_of(options_.seed, one.id));
    (void)wire_.take();
    const Instant begin = wire_.now();
    result.outcome = one.run(session_);
    result.took = wire_.now() - begin;
    wire_.close_all();
    result.said = wire_.take();
    return result;
  }

  CaseResult judge(const Case& one, CaseResult result) {
    const Outcome& outcome = result.outcome;
    const auto entry = std::ranges::find(one.outcomes, outcome.name, &Accepted::outcome);
    result.verdict = outcome.forced                ? *outcome.forced
                     : entry != one.outcomes.end() ? entry->verdict
                                                   : Verdict::kDeviation;
    const bool is_fine = result.verdict == Verdict::kPass || result.verdict == Verdict::kSkip;
    if (one.cls != Class::kValid || !is_fine) {
      const Life after = life();
      if (after != Life::kAlive && !revive()) ++dead_;
      if (after != Life::kAlive) {
        result.verdict = Verdict::kCrash;
        result.outcome.detail += result.outcome.detail.empty() ? "" : "; then ";
        result.outcome.detail += words(after);
      }
      (void)wire_.take();
    }
    if (const Exemption* known = find(options_.selection.profile.xfails, one.id)) {
      result.why = known->why;
      if (is_failure(result.verdict, true))
        result.verdict = Verdict::kXfail;
      else if (result.verdict == Verdict::kPass)
        result.verdict = Verdict::kXpass;
    }
    return result;
  }

  Suite& suite_;
  RecordingWire wire_;
  const RunOptions& options_;
  SeededRandom random_;
  RunReport report_;
  Session session_;
  int dead_ = 0;
};

}  // namespace

std::size_t RunReport::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count(results, verdict, &CaseResult::verdict));
}

bool RunReport::failed(bool strict) const {
  return std::ranges::any_of(
      results, [&](const CaseResult& one) { return is_failure(one.verdict, strict); });
}

RunReport run_cases(Suite& suite, const std::vector<const Case*>& cases, Wire& wire,
                    const RunOptions& options) {
  return Run(suite, wire, options).run(cases);
}

}  // namespace glass::conform
