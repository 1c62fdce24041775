// explain/sinks/coverage.h - which requirements a run has reached, and how often.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/rule.h"
#include "base/text.h"
#include "base/trace.h"

namespace glass::explain {

class Coverage final : public Sink {
 public:
  struct Count {
    std::uint64_t fired = 0;
    std::uint64_t dropped = 0;
    friend bool operator==(const Count&, const Count&) = default;
  };
  // Ordered by RFC, section text and item.
  [[nodiscard]] const std::map<Rule, Count>& counts() const { return counts_; }
  [[nodiscard]] bool reached(Rule rule) const { return counts_.contains(rule); }
  void add(const Coverage& other) {
    for (const auto& [rule, count] : other.counts_) {
      counts_[rule].fired += count.fired;
      counts_[rule].dropped += count.dropped;
    }
  }
  // One line a rule: "9260:6.7#3 fired 12 dropped 0".
  [[nodiscard]] std::string report() const {
    std::string out;
    for (const auto& [rule, count] : counts_)
      out += to_text(rule) + " fired " + decimal(count.fired) + " dropped " +
             decimal(count.dropped) + '\n';
    return out;
  }

  void rule(Where, Rule rule, std::span<const Fact>) override { ++counts_[rule].fired; }
  void drop(Where, Rule rule, std::string_view, Bytes) override {
    if (rule.rfc != 0) ++counts_[rule].dropped;
  }

 private:
  std::map<Rule, Count> counts_;
};

}  // namespace glass::explain
