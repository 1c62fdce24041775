#include "explain/sinks/recorder.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/time.h"
#include "base/trace.h"

namespace glass::explain {

std::string name_of(const std::vector<std::string>& names, std::uint16_t node) {
  return node < names.size() ? names[node] : "node " + decimal(node);
}

template <class What>
void Recorder::keep(Where where, What what) {
  if (story_.records.size() >= max_records_) {
    ++story_.left_out;
    return;
  }
  story_.records.push_back({now_, where.node, where.layer, std::move(what)});
}

void Recorder::rule(Where where, Rule rule, std::span<const Fact> facts) {
  RuleFired fired{rule, {}};
  for (const Fact& fact : facts)
    fired.facts.push_back({std::string(fact.key),
                           fact.is_text ? std::string(fact.text) : decimal(fact.number),
                           fact.number, fact.is_text});
  keep(where, std::move(fired));
}

void Recorder::drop(Where where, Rule rule, std::string_view why, Bytes packet) {
  // The world says which packet it is in a metric of its own, directly before.
  const std::uint64_t id = where.layer == Layer::kNet ? std::exchange(dropped_packet_, 0) : 0;
  keep(where, Dropped{rule, std::string(why), ByteVector(packet.begin(), packet.end()), id});
}

void Recorder::state(Where where, std::string_view machine, std::string_view from,
                     std::string_view to) {
  keep(where, StateChanged{std::string(machine), std::string(from), std::string(to)});
}

void Recorder::timer(Where where, std::string_view name, Instant deadline) {
  keep(where, TimerSet{std::string(name), deadline});
}

void Recorder::metric(Where where, std::string_view name, std::uint64_t value) {
  if (where.layer == Layer::kNet && name == "dropped packet") dropped_packet_ = value;
  keep(where, MetricSeen{std::string(name), value});
}

void Recorder::packet(Where where, const PacketNote& note) {
  PacketSeen seen{note.direction, {}, note.id, ByteVector(note.bytes.begin(), note.bytes.end())};
  if (note.path != nullptr) seen.path = *note.path;
  keep(where, std::move(seen));
}

void Recorder::secret(Where where, std::string_view label, Bytes id, Bytes value) {
  keep(where, SecretTold{std::string(label), ByteVector(id.begin(), id.end()),
                         ByteVector(value.begin(), value.end())});
}

}  // namespace glass::explain
