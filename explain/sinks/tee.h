// explain/sinks/tee.h - one run, many sinks.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/trace.h"

namespace glass::explain {

class Tee final : public Sink {
 public:
  Tee() = default;
  explicit Tee(std::vector<Sink*> sinks) : sinks_(std::move(sinks)) {}
  // In the order of adding; `sink` outlives the Tee.
  void add(Sink* sink) { sinks_.push_back(sink); }

  void now(Instant instant) override {
    for (Sink* sink : sinks_) sink->now(instant);
  }
  void rule(Where where, Rule rule, std::span<const Fact> facts) override {
    for (Sink* sink : sinks_) sink->rule(where, rule, facts);
  }
  void drop(Where where, Rule rule, std::string_view why, Bytes packet) override {
    for (Sink* sink : sinks_) sink->drop(where, rule, why, packet);
  }
  void state(Where where, std::string_view machine, std::string_view from,
             std::string_view to) override {
    for (Sink* sink : sinks_) sink->state(where, machine, from, to);
  }
  void timer(Where where, std::string_view name, Instant deadline) override {
    for (Sink* sink : sinks_) sink->timer(where, name, deadline);
  }
  void metric(Where where, std::string_view name, std::uint64_t value) override {
    for (Sink* sink : sinks_) sink->metric(where, name, value);
  }
  void packet(Where where, const PacketNote& note) override {
    for (Sink* sink : sinks_) sink->packet(where, note);
  }
  void secret(Where where, std::string_view label, Bytes id, Bytes value) override {
    for (Sink* sink : sinks_) sink->secret(where, label, id, value);
  }

 private:
  std::vector<Sink*> sinks_;
};

}  // namespace glass::explain
