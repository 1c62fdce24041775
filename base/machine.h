// base/machine.h - a state machine as data.
//
// States are structs that own what exists in that state and bear the RFC's name; the arrows between
// them are one table that reads like the figure in the RFC.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/rule.h"
#include "base/trace.h"

namespace glass {

struct Arrow {
  std::string_view from;
  std::string_view to;
  std::string_view on;  // what makes the machine follow it
  Rule rule;
};

// kArrows: the whole diagram. States: each with a static kName; the first is where it starts.
template <const auto& kArrows, class... States>
class Machine {
 public:
  static constexpr std::array<std::string_view, sizeof...(States)> kNames{States::kName...};

  Machine(std::string_view name, const Trace& trace) : name_(name), trace_(trace) {}

  template <class State>
  [[nodiscard]] bool is() const {
    return std::holds_alternative<State>(state_);
  }
  template <class State>
  [[nodiscard]] State* in() {
    return std::get_if<State>(&state_);
  }
  template <class State>
  [[nodiscard]] const State* in() const {
    return std::get_if<State>(&state_);
  }
  [[nodiscard]] std::string_view state_name() const { return kNames[state_.index()]; }

  // Follows the arrow to `next`, traces the change and fires the arrow's rule. That there is such
  // an arrow is our business: a peer cannot cause a missing one.
  template <class State>
  State& move(State next) {
    const Arrow* arrow = find(state_name(), State::kName);
    CHECK(arrow != nullptr);
    trace_.state(name_, state_name(), State::kName);
    trace_.rule(arrow->rule, Fact{"on", arrow->on});
    return state_.template emplace<State>(std::move(next));
  }

 private:
  static constexpr const Arrow* find(std::string_view from, std::string_view to) {
    for (const Arrow& arrow : kArrows)
      if (arrow.from == from && arrow.to == to) return &arrow;
    return nullptr;
  }
  static consteval bool arrows_name_states() {
    for (const Arrow& arrow : kArrows) {
      bool from = false;
      bool to = false;
      for (const std::string_view state : kNames) {
        from = from || state == arrow.from;
        to = to || state == arrow.to;
      }
      if (!from || !to) return false;
    }
    return true;
  }
  static_assert(arrows_name_states(), "an arrow names a state that does not exist");

  std::variant<States...> state_;
  std::string_view name_;
  Trace trace_;
};

}  // namespace glass
