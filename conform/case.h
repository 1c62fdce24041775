// conform/case.h - a conformance case: one rule, one thing that we do, and what it may lead to.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "conform/wire.h"

namespace glass::conform {

// Of the rule, as rfc-notes/index has it.
enum class Level : std::uint8_t { kMust, kShould, kMay };
// As ETSI's test purposes have it: valid, invalid (wrong bytes), inopportune (good bytes, bad
// moment).
enum class Class : std::uint8_t { kValid, kInvalid, kInopportune };
enum class Verdict : std::uint8_t {
  kPass,
  kLenient,    // the right effect by another way, or a recommendation that is not followed
  kDeviation,  // the rule is broken
  kCrash,      // the target does not answer any more
  kSkip,
  kInconclusive,
  kXfail,  // it failed, as the profile says
  kXpass   // it did not, though the profile says so
};
std::string_view to_text(Level level);      // "must"
std::string_view to_text(Class cls);        // "V", "I", "O"
std::string_view to_text(Verdict verdict);  // "pass"
// Does the run fail because of it?
bool is_failure(Verdict verdict, bool strict);

// What a case led to. `name` is looked up in the case's table unless a verdict is forced.
struct Outcome {
  std::string name;
  std::string detail{};  // for people: what was seen, beyond the name
  std::optional<Verdict> forced{};
};
inline constexpr std::string_view kAsExpected = "as expected";
inline Outcome as_expected(std::string detail = {}) {
  return {std::string(kAsExpected), std::move(detail)};
}
// Something else than the rule asks for.
inline Outcome wrong(std::string detail) { return {"wrong", std::move(detail)}; }
inline Outcome skip(std::string why) { return {"skip", std::move(why), Verdict::kSkip}; }
inline Outcome inconclusive(std::string why) {
  return {"inconclusive", std::move(why), Verdict::kInconclusive};
}

struct Accepted {
  std::string_view outcome;
  Verdict verdict = Verdict::kPass;
};

// How long to wait for what, from the round trip that was measured.
struct Timing {
  Duration answer = std::chrono::milliseconds(500);  // until a request is repeated
  Duration grace = std::chrono::milliseconds(20);  // for what should not come, after proof of life
  int tries = 4;
};

struct Login {
  std::string user{};
  std::string password{};
  std::string other_user{};  // of another account, for cases that need two
  std::string other_password{};
};

// What the target offers: a name ("tcp", "other-address") and what is to be said of it.
using Facts = std::map<std::string, std::string, std::less<>>;

// All that a case runs with.
struct Session {
  Wire& wire;
  Random& random;
  Facts& facts;
  Transport transport = Transport::kUdp;
  Timing timing{};
  Login login{};

  [[nodiscard]] bool has(std::string_view fact) const { return facts.contains(fact); }
};

struct Case {
  std::string id;           // "stun/8489:6.3.1#3/names-the-unknown"
  std::string title;        // what we do
  std::string expectation;  // what the rule asks of the target
  Level level = Level::kMust;
  Class cls = Class::kValid;
  std::vector<Accepted> outcomes;    // all others: kDeviation
  std::vector<std::string> needs{};  // facts; "slow": waits for minutes
  std::function<Outcome(Session&)> run{};

  [[nodiscard]] std::string_view rule() const;  // "8489:6.3.1#3"
};

enum class Life : std::uint8_t { kAlive, kSilent, kDead /* nothing listens there */ };

// The cases of one protocol, and how to find out whether the target is there at all.
class Suite {
 public:
  virtual ~Suite() = default;
  [[nodiscard]] virtual const std::vector<Case>& cases() const = 0;
  // Asks for a sign of life; the round trip it took, where it came.
  virtual Life is_alive(Session& session, Duration* took) = 0;
  // What the target offers, into session.facts.
  virtual void look(Session& session) = 0;
};

}  // namespace glass::conform
