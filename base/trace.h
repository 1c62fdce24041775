// base/trace.h - what a layer tells the world about itself: seven verbs.
//
// Recorder, ndjson, pcapng, key log and rule coverage are Sinks. The driver calls now() once per
// input, so that no machine carries time for the sake of being watched. Layer code itself writes
// rule, drop and metric only; state and timer come out of Machine and Timers, packet and secret out
// of the few places that DESIGN in HACKING.md names.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "base/rule.h"
#include "base/time.h"

namespace glass {

enum class Layer : std::uint8_t {
  kNet,
  kStun,
  kTurn,
  kIce,
  kDtls,
  kSctp,
  kChannel,
  kRtp,
  kSdp,
  kPeer,
  kSignaling
};

constexpr std::string_view to_text(Layer layer) {
  constexpr std::array<std::string_view, 11> kNames{
      "net", "stun", "turn", "ice", "dtls", "sctp", "channel", "rtp", "sdp", "peer", "signaling"};
  return kNames[static_cast<std::size_t>(layer)];
}

// One key and value beside a rule. Both are views that need to live only for the call.
struct Fact {
  constexpr Fact(std::string_view k, std::uint64_t n) : key(k), number(n) {}
  constexpr Fact(std::string_view k, std::string_view t) : key(k), text(t), is_text(true) {}
  constexpr Fact(std::string_view k, const char* t) : key(k), text(t), is_text(true) {}
  std::string_view key;
  std::uint64_t number = 0;
  std::string_view text;
  bool is_text = false;
};

enum class Direction : std::uint8_t { kReceived, kSent };

// A packet at one of the places where packets are shown. On the wire (Layer::kNet) it has a path;
// inside a peer (the plaintext that DTLS carries: Layer::kSctp) it has none.
struct PacketNote {
  Direction direction = Direction::kReceived;
  const Path* path = nullptr;
  std::uint64_t id = 0;  // the same number where it leaves and where it arrives; 0: not known
  Bytes bytes;
};

class Sink {
 public:
  struct Where {
    std::uint16_t node = 0;
    Layer layer = Layer::kNet;
  };
  virtual ~Sink() = default;
  virtual void now(Instant) {}
  virtual void rule(Where, Rule, std::span<const Fact>) {}
  virtual void drop(Where, Rule, std::string_view /*why*/, Bytes /*packet*/) {}
  virtual void state(Where, std::string_view /*machine*/, std::string_view /*from*/,
                     std::string_view /*to*/) {}
  virtual void timer(Where, std::string_view /*name*/, Instant /*deadline, kNever: stopped*/) {}
  virtual void metric(Where, std::string_view /*name*/, std::uint64_t) {}
  virtual void packet(Where, const PacketNote&) {}
  virtual void secret(Where, std::string_view /*label*/, Bytes /*id*/, Bytes /*value*/) {}
};

// Held by value in every machine. With a null sink each verb is one predictable branch.
class Trace {
 public:
  Trace() = default;
  Trace(Sink* sink, std::uint16_t node, Layer layer) : sink_(sink), where_{node, layer} {}

  [[nodiscard]] Trace with(Layer layer) const { return {sink_, where_.node, layer}; }
  [[nodiscard]] Sink* sink() const { return sink_; }
  [[nodiscard]] bool is_on() const { return sink_ != nullptr; }

  void now(Instant instant) const {
    if (sink_ != nullptr) [[unlikely]]
      sink_->now(instant);
  }
  template <class... F>
  void rule(Rule rule, const F&... facts) const {
    if (sink_ == nullptr) [[likely]]
      return;
    const std::array<Fact, sizeof...(F)> list{facts...};
    sink_->rule(where_, rule, list);
  }
  void drop(Rule rule, std::string_view why, Bytes packet) const {
    if (sink_ != nullptr) [[unlikely]]
      sink_->drop(where_, rule, why, packet);
  }
  void state(std::string_view machine, std::string_view from, std::string_view to) const {
    if (sink_ != nullptr) [[unlikely]]
      sink_->state(where_, machine, from, to);
  }
  void timer(std::string_view name, Instant deadline) const {
    if (sink_ != nullptr) [[unlikely]]
      sink_->timer(where_, name, deadline);
  }
  void metric(std::string_view name, std::uint64_t value) const {
    if (sink_ != nullptr) [[unlikely]]
      sink_->metric(where_, name, value);
  }
  void packet(const PacketNote& note) const {
    if (sink_ != nullptr) [[unlikely]]
      sink_->packet(where_, note);
  }
  void secret(std::string_view label, Bytes id, Bytes value) const {
    if (sink_ != nullptr) [[unlikely]]
      sink_->secret(where_, label, id, value);
  }

 private:
  Sink* sink_ = nullptr;
  Sink::Where where_{};
};

}  // namespace glass
