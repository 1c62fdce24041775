// explain/sinks/recorder.h - the Story: all that a run said about itself, kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"

namespace glass::explain {

struct KeptFact {
  std::string key;
  std::string text;          // for a number: its decimal digits
  std::uint64_t number = 0;  // for a text: zero
  bool is_text = false;
};
struct RuleFired {
  Rule rule;  // its section views the literal in the code that fired it
  std::vector<KeptFact> facts;
};
struct Dropped {
  Rule rule;
  std::string why;
  ByteVector bytes;
  std::uint64_t packet = 0;  // the id on the wire, where the network dropped it
};
struct StateChanged {
  std::string machine;
  std::string from;
  std::string to;
};
struct TimerSet {
  std::string name;
  Instant deadline;  // kNever: stopped
};
struct MetricSeen {
  std::string name;
  std::uint64_t value = 0;
};
struct PacketSeen {
  Direction direction = Direction::kReceived;
  std::optional<Path> path;
  std::uint64_t id = 0;
  ByteVector bytes;
};
struct SecretTold {
  std::string label;
  ByteVector id;
  ByteVector value;
};

struct Record {
  Instant at;
  std::uint16_t node = 0;
  Layer layer = Layer::kNet;
  std::variant<RuleFired, Dropped, StateChanged, TimerSet, MetricSeen, PacketSeen, SecretTold> what;
};

struct Story {
  std::string scenario;
  std::uint64_t seed = 0;
  std::vector<std::string> names;  // indexed by node; sim::World::names()
  std::vector<Record> records;
  std::uint64_t left_out = 0;  // records that came after the recorder was full
};

// The name of a node, or "node 7".
std::string name_of(const std::vector<std::string>& names, std::uint16_t node);

class Recorder final : public Sink {
 public:
  static constexpr std::size_t kDefaultLimit = 2'000'000;
  explicit Recorder(std::size_t max_records = kDefaultLimit) : max_records_(max_records) {}

  [[nodiscard]] Story& story() { return story_; }
  [[nodiscard]] const Story& story() const { return story_; }

  void now(Instant instant) override { now_ = instant; }
  void rule(Where where, Rule rule, std::span<const Fact> facts) override;
  void drop(Where where, Rule rule, std::string_view why, Bytes packet) override;
  void state(Where where, std::string_view machine, std::string_view from,
             std::string_view to) override;
  void timer(Where where, std::string_view name, Instant deadline) override;
  void metric(Where where, std::string_view name, std::uint64_t value) override;
  void packet(Where where, const PacketNote& note) override;
  void secret(Where where, std::string_view label, Bytes id, Bytes value) override;

 private:
  template <class What>
  void keep(Where where, What what);

  std::size_t max_records_;
  Instant now_{};
  std::uint64_t dropped_packet_ = 0;
  Story story_;
};

}  // namespace glass::explain
