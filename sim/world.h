// sim/world.h - a network in virtual time: hosts, links, scripted events, one seed.
//
// Drives any Node. Knows no protocol: a STUN server in the world is just another host. Nothing here
// sleeps or runs beside anything else, so equal seeds give equal bytes at equal instants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "sim/link.h"
#include "sim/router.h"

namespace glass::sim {

// Steps at one instant before we say that somebody asks for time without ever using it.
inline constexpr std::uint64_t kMaxStepsPerInstant = 1'000'000;
// Stretches that one datagram may travel, routers between them.
inline constexpr std::size_t kMaxHops = 16;
// Messages that wait for a connection, or for one that is missing before them.
inline constexpr std::size_t kMaxStreamBacklog = 256;
// How often a part of a stream is sent again before its connection is given up: with waits that
// double, SYNs for half a minute, data for twelve seconds.
inline constexpr std::size_t kMaxStreamRetries = 5;
inline constexpr Duration kSynRetry = std::chrono::seconds(1);          // RFC 6298 §2
inline constexpr Duration kDataRetry = std::chrono::milliseconds(200);  // as common systems have it

class World {
 public:
  using Action = std::move_only_function<void(World&)>;

  explicit World(std::uint64_t seed, Sink* sink = nullptr);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() = default;

  // --- Building ---

  // The id of a name, known before its host is: a machine wants it for its Trace.
  HostId name(std::string_view name);
  // `node` must outlive the world or be removed. Port 0 in an address stands for all its ports.
  // `on_event(event)` may give commands to `node`; commands to other nodes want a poke().
  template <Node N, class OnEvent>
  HostId host(std::string_view host_name, N& node, std::span<const Address> addresses,
              OnEvent on_event, HostId behind = kInternet) {
    return add(host_name, std::make_unique<GuestOf<N, OnEvent>>(node, std::move(on_event)),
               addresses, behind);
  }
  template <Node N, class OnEvent>
  HostId host(std::string_view host_name, N& node, const Address& address, OnEvent on_event,
              HostId behind = kInternet) {
    return host(host_name, node, std::span(&address, 1), std::move(on_event), behind);
  }
  // The id is also the segment behind the router: host(..., behind). `router` outlives the world.
  HostId router(std::string_view router_name, Router& router, std::span<const Address> outside,
                HostId behind = kInternet);
  // Its node is not called any more once it has finished speaking; what is sent to it is dropped.
  void remove(HostId host);
  // A host or router gets or loses an address: roaming, or a network interface that goes away.
  void add_address(HostId host, const Address& address);
  void remove_address(HostId host, const Address& address);

  // Into another network, with other addresses and none of the old ones; connections break.
  void move(HostId host, std::span<const Address> addresses, HostId behind = kInternet);

  // Between two hosts of one segment, a host and its router, or a router and a host outside: both
  // directions alike, or one. May be changed at any time.
  void link(HostId a, HostId b, const Impairment& both);
  void link_one_way(HostId from, HostId to, const Impairment& impairment);
  // What everything pays that leaves or reaches `host`, before and after the link between two.
  // For a router: its outside.
  void uplink(HostId host, const Impairment& up, const Impairment& down);

  // What is sent over Transport::kTcp and kTls arrives whole, once and in order: the first message
  // on a path opens a connection, which takes a round trip, and loss shows as delay. Whoever has
  // the address accepts. Routers see each part. Where a connection breaks, the next message opens
  // another.

  // --- Running ---

  // The script: at that instant, or at once where it has passed. In the order they were given.
  void at(Instant instant, Action action);
  // Takes out what a node has to say after commands that were given outside of its own events.
  void poke(HostId host);
  // The earliest of a packet, a scripted event and a host's next_time(), in this order at one
  // instant, hosts by id. False: nothing is left to happen.
  bool step();
  // Steps until `done()`. False: it did not come to pass within `limit`; the seed is printed.
  template <class Done>
  [[nodiscard]] bool run_until(Done done, Duration limit) {
    const Instant end = now_ + limit;
    while (!done()) {
      if (step_before(end)) continue;
      report_timeout(limit);
      return false;
    }
    return true;
  }
  // Everything up to and including now() + duration happens.
  void run_for(Duration duration);

  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  // A seed for the dice of one machine: equal worlds give it equal dice, whatever else is in them.
  [[nodiscard]] std::uint64_t seed_for(std::string_view what) const;
  // Indexed by Where.node.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  // A Node whose type is forgotten.
  class Guest {
   public:
    virtual ~Guest() = default;
    virtual void receive(Instant now, const Received& in) = 0;
    virtual void on_time(Instant now) = 0;
    [[nodiscard]] virtual Instant next_time() const = 0;
    virtual void drain(World& world, HostId self) = 0;
  };
  template <class N, class OnEvent>
  class GuestOf final : public Guest {
   public:
    GuestOf(N& node, OnEvent on_event) : node_(node), on_event_(std::move(on_event)) {}
    void receive(Instant now, const Received& in) override { node_.receive(now, in); }
    void on_time(Instant now) override { node_.on_time(now); }
    [[nodiscard]] Instant next_time() const override { return std::as_const(node_).next_time(); }
    void drain(World& world, HostId self) override {
      glass::drain(
          node_, world.now_, world.scratch_,
          [&](const Path& path, Bytes bytes) { world.send(self, path, bytes); }, on_event_);
    }

   private:
    N& node_;
    OnEvent on_event_;
  };
  struct Place {
    std::unique_ptr<Guest> guest;  // null: a router, a name only, or removed
    Router* router = nullptr;
    HostId segment = kInternet;  // for a router: the one outside
    bool wants_drain = false;
  };
  // What travels: a datagram, or a part of a TCP-like stream (see streams.cc).
  enum class Kind : std::uint8_t { kDatagram, kSyn, kSynAck, kData, kReset };
  struct Flight {
    ByteVector bytes{};
    Kind kind = Kind::kDatagram;
    std::uint64_t stream = 0;
    std::uint64_t sequence = 0;  // of data in its stream
    std::size_t attempt = 0;     // how often this part of a stream was lost
    Path origin{};               // as its sender sees it
    Transport transport = Transport::kUdp;
    Address source{};
    Address target{};
    std::uint64_t id = 0;
    HostId sender{};             // the host whose packet it is
    HostId to{};                 // the end of these legs
    HostId segment = kInternet;  // where the legs are
    std::vector<Pipe*> legs{};   // still to travel
    std::size_t hops = 0;
  };
  // One end of a connection.
  struct Stream {
    std::uint64_t id = 0;
    bool is_open = false;
    std::deque<Flight> waiting{};             // for the connection
    std::uint64_t sent = 0;                   // sequence number of the next
    std::uint64_t expected = 0;               // of the next to be delivered
    std::map<std::uint64_t, Flight> early{};  // came before its turn
  };
  using StreamKey = std::pair<HostId, Path>;

  struct Event {
    Instant at;
    std::uint64_t sequence;  // equal instants: first come, first served
    std::size_t slot;
    bool is_action;
    friend bool operator>(const Event& a, const Event& b) {
      return std::pair(a.at, a.sequence) > std::pair(b.at, b.sequence);
    }
  };

  HostId add(std::string_view host_name, std::unique_ptr<Guest> guest,
             std::span<const Address> addresses, HostId behind);
  Place& place(HostId id);
  Pipe& pipe(HostId from, HostId to);
  Pipe* find_pipe(HostId from, HostId to);

  bool step_before(Instant end);
  void advance(Instant to);
  void run_event();
  void drain_all();
  void report_timeout(Duration limit) const;

  void send(HostId sender, const Path& path, Bytes bytes);
  void launch(HostId from, Flight flight);
  void fly(Flight flight);
  void schedule(Instant at, Flight flight);
  void arrive(Flight flight);
  void cross(Flight flight);
  void deliver(Flight& flight);
  void hand_over(Flight& flight);
  [[nodiscard]] bool is_reachable(const Flight& flight) const;

  // streams.cc
  void send_on_stream(Flight flight);
  void send_part(HostId from, const Path& path, Kind kind, std::uint64_t stream);
  void send_data(Stream& stream, Flight flight);
  void open_stream(Stream& stream);
  void deliver_part(Flight& flight);
  void deliver_syn(const StreamKey& key, const Flight& flight);
  void deliver_data(const StreamKey& key, Flight& flight);
  void retry(Flight flight, Rule rule, std::string_view why);
  void repeat(Flight flight);
  void break_stream(const StreamKey& key);
  void forget_streams(HostId host, const Address* address);

  void drop(const Flight& flight, Rule rule, std::string_view why);
  [[nodiscard]] Trace trace(HostId id) const { return {sink_, id.value(), Layer::kNet}; }

  std::uint64_t seed_;
  Sink* sink_;
  Instant now_{};
  std::uint64_t sequence_ = 0;
  std::uint64_t last_packet_ = 0;
  std::uint64_t steps_now_ = 0;
  bool draining_ = false;
  std::vector<std::string> names_{"network"};
  std::vector<Place> places_{1};
  std::vector<std::unique_ptr<Guest>> removed_;  // while one of them may be speaking
  Routes routes_;
  std::map<std::pair<HostId, HostId>, Pipe> pipes_;
  std::map<StreamKey, Stream> streams_;
  std::uint64_t last_stream_ = 0;
  std::vector<Event> events_;  // a heap, the earliest in front
  std::vector<Flight> flights_;
  std::vector<std::size_t> free_flights_;
  std::vector<Action> actions_;
  std::vector<std::size_t> free_actions_;
  PacketBuffer scratch_;
};

}  // namespace glass::sim
