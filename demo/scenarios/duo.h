// demo/scenarios/duo.h - two peers with public addresses and nothing between them but distance: the
// stage for scenarios that are not about NATs.
//
// Either may have quirks: what it sends is changed before it leaves, or it is deaf to what arrives.
// A quirk that acts leaves a metric "fault sent" before the packet that it changed, or "fault
// heard" after the one that was not heard, so that a reader of the trace can be asked which packet
// it was.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "crypto/certificate.h"
#include "demo/scenarios/signaling.h"
#include "peer/peer.h"
#include "sim/world.h"

namespace glass::demo {

// Each may be empty. What they are given they may change.
struct Quirks {
  // A datagram before it leaves. False: it does not.
  std::function<bool(PacketBuffer& packet, Path& path)> send{};
  // Has it ears for this one?
  std::function<bool(Instant now, Bytes packet)> hear{};
  std::function<void(std::string& description)> describe{};
  std::function<void(std::string& candidate)> candidate{};
};

struct DuoOptions {
  std::uint64_t seed = 1;
  sim::Impairment way{.delay = std::chrono::milliseconds(25)};
  sctp::ChannelConfig channel{};  // Alice opens it
  Quirks alice{};
  Quirks bob{};
};

class Duo {
 public:
  // A peer with its quirks: a Node as any other.
  class Person {
   public:
    using Event = peer::Peer::Event;

    Person(Duo& duo, std::string_view name, const Address& address, Quirks quirks, Sink* sink);
    void receive(Instant now, const Received& in);
    void on_time(Instant now) { peer.on_time(now); }
    [[nodiscard]] Instant next_time() const { return peer.next_time(); }
    std::optional<Path> poll_transmit(Instant now, PacketBuffer& out);
    std::optional<Event> poll_event() { return peer.poll_event(); }

    [[nodiscard]] Signaling::End end() { return {host, peer}; }
    // What it sends by signaling.
    void edit(Instant now, Layer layer, std::string& text) const;

    const Address address;
    const sim::HostId host;
    const crypto::Identity identity;
    SeededRandom random;
    peer::Peer peer;
    sctp::ChannelId channel;
    bool is_open = false;
    std::string failure;

   private:
    void mark(Instant now, std::string_view what) const;

    Quirks quirks_;
    Trace trace_;
  };
  using OnMessage = std::function<void(Person& to, std::string_view text)>;

  // The lanes of its trace, by node.
  static std::vector<std::string> names() { return {"network", "alice", "bob"}; }

  Duo(const DuoOptions& options, Sink* sink, OnMessage on_message);
  Duo(const Duo&) = delete;
  Duo& operator=(const Duo&) = delete;
  ~Duo() = default;

  // Offer, answer, candidates, until the channel is open on both sides; false: it did not come to
  // that.
  bool connect(Duration limit);
  // A text message over the channel, as part of the story.
  void say(Person& person, std::string_view text);
  // Alice says goodbye.
  void finish();
  [[nodiscard]] bool has_failed() const { return !alice_.failure.empty() || !bob_.failure.empty(); }

  [[nodiscard]] sim::World& world() { return world_; }
  [[nodiscard]] Person& alice() { return alice_; }
  [[nodiscard]] Person& bob() { return bob_; }

 private:
  void on_event(Person& person, peer::Peer::Event& event);
  void on_open(Person& person, const sctp::ChannelOpened& opened);

  DuoOptions options_;
  OnMessage on_message_;
  sim::World world_;
  Signaling signaling_;
  Person alice_;
  Person bob_;
};

}  // namespace glass::demo
