#include "sim/world.h"

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/node.h"
#include "base/random.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "sim/link.h"
#include "sim/router.h"

namespace glass::sim {
namespace {

constexpr std::size_t kTcpOverUdp = 12;  // bytes that a TCP header has more than one of UDP

// Puts `value` into a slot that is free, or into a new one.
template <class T>
std::size_t store(std::vector<T>& slots, std::vector<std::size_t>& free, T value) {
  if (free.empty()) {
    slots.push_back(std::move(value));
    return slots.size() - 1;
  }
  const std::size_t slot = free.back();
  free.pop_back();
  slots.at(slot) = std::move(value);
  return slot;
}

template <class T>
T take(std::vector<T>& slots, std::vector<std::size_t>& free, std::size_t slot) {
  free.push_back(slot);
  return std::exchange(slots.at(slot), T{});
}

}  // namespace

World::World(std::uint64_t seed, Sink* sink) : seed_(seed), sink_(sink) {}

// --- Building ---

HostId World::name(std::string_view name) {
  const auto known = std::ranges::find(names_, name);
  const auto index = static_cast<std::size_t>(known - names_.begin());
  if (known == names_.end()) {
    CHECK(names_.size() <= UINT16_MAX);
    names_.emplace_back(name);
    places_.emplace_back();
  }
  return HostId(static_cast<std::uint16_t>(index));
}

HostId World::add(std::string_view host_name, std::unique_ptr<Guest> guest,
                  std::span<const Address> addresses, HostId behind) {
  const HostId id = name(host_name);
  CHECK(place(id).guest == nullptr && place(id).router == nullptr);  // a name is used once
  CHECK(behind == kInternet || place(behind).router != nullptr);
  place(id).guest = std::move(guest);
  place(id).segment = behind;
  for (const Address& address : addresses) routes_.add(behind, address, id);
  poke(id);
  return id;
}

HostId World::router(std::string_view router_name, Router& router, std::span<const Address> outside,
                     HostId behind) {
  const HostId id = name(router_name);
  CHECK(place(id).guest == nullptr && place(id).router == nullptr);
  CHECK(behind == kInternet || place(behind).router != nullptr);
  place(id).router = &router;
  place(id).segment = behind;
  for (const Address& address : outside) routes_.add(behind, address, id);
  return id;
}

void World::remove(HostId host) {
  removed_.push_back(std::move(place(host).guest));  // it may be the one that is speaking
  if (!draining_) removed_.clear();
  place(host).wants_drain = false;
  forget_streams(host, nullptr);
}

void World::add_address(HostId host, const Address& address) {
  routes_.add(place(host).segment, address, host);
}

void World::remove_address(HostId host, const Address& address) {
  routes_.remove(place(host).segment, address, host);
  forget_streams(host, &address);
}

void World::move(HostId host, std::span<const Address> addresses, HostId behind) {
  CHECK(behind == kInternet || place(behind).router != nullptr);
  routes_.remove_all(host);
  forget_streams(host, nullptr);
  place(host).segment = behind;
  for (const Address& address : addresses) routes_.add(behind, address, host);
}

void World::link(HostId a, HostId b, const Impairment& both) {
  link_one_way(a, b, both);
  link_one_way(b, a, both);
}

void World::link_one_way(HostId from, HostId to, const Impairment& impairment) {
  CHECK(from != kInternet && to != kInternet && from != to);
  pipe(from, to).set(impairment);
}

void World::uplink(HostId host, const Impairment& up, const Impairment& down) {
  CHECK(host != kInternet);
  pipe(host, kInternet).set(up);
  pipe(kInternet, host).set(down);
}

World::Place& World::place(HostId id) {
  CHECK(id.value() < places_.size());
  return places_[id.value()];
}

// A link is made once and then changed, so that flights may point at it.
Pipe& World::pipe(HostId from, HostId to) {
  const std::uint64_t ends = std::uint64_t{from.value()} << 16 | to.value();
  const std::uint64_t seed = SeededRandom(seed_ ^ ends * 0x9e3779b97f4a7c15).next();
  return pipes_.try_emplace({from, to}, seed).first->second;
}

Pipe* World::find_pipe(HostId from, HostId to) {
  const auto found = pipes_.find({from, to});
  return found == pipes_.end() ? nullptr : &found->second;
}

std::uint64_t World::seed_for(std::string_view what) const {
  std::uint64_t mixed = SeededRandom(seed_).next();
  for (const std::uint8_t byte : as_bytes(what)) mixed = SeededRandom(mixed ^ byte).next();
  return mixed;
}

// --- Running ---

void World::at(Instant instant, Action action) {
  const std::size_t slot = store(actions_, free_actions_, std::move(action));
  events_.push_back({std::max(instant, now_), sequence_++, slot, true});
  std::ranges::push_heap(events_, std::greater{});
}

void World::poke(HostId host) {
  if (place(host).guest == nullptr) return;
  place(host).wants_drain = true;
  if (!draining_) drain_all();
}

// Hosts that are poked while another one speaks have their turn afterwards.
void World::drain_all() {
  draining_ = true;
  for (std::size_t i = 0; i < places_.size();) {
    if (!std::exchange(places_[i].wants_drain, false) || places_[i].guest == nullptr) {
      ++i;
      continue;
    }
    places_[i].guest->drain(*this, HostId(static_cast<std::uint16_t>(i)));
    i = 0;
  }
  draining_ = false;
  removed_.clear();
}

bool World::step() { return step_before(kNever); }

// One thing happens, at `end` at the latest. False: nothing does, and it is `end` now.
bool World::step_before(Instant end) {
  const Instant next_event = events_.empty() ? kNever : events_.front().at;
  Instant next_timer = kNever;
  HostId whose;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].guest == nullptr) continue;
    const Instant wanted = places_[i].guest->next_time();
    if (wanted >= next_timer) continue;
    next_timer = wanted;
    whose = HostId(static_cast<std::uint16_t>(i));
  }
  // A host may name an instant that has passed: it means at once.
  if (next_timer != kNever) next_timer = std::max(next_timer, now_);
  const Instant next = std::min(next_event, next_timer);
  if (next == kNever || next > end) {
    if (end != kNever && end > now_) advance(end);
    return false;
  }
  advance(next);
  if (next_event == next) {
    run_event();
  } else {
    place(whose).guest->on_time(now_);
    poke(whose);
  }
  return true;
}

void World::advance(Instant to) {
  steps_now_ = to == now_ ? steps_now_ + 1 : 0;
  CHECK(steps_now_ < kMaxStepsPerInstant);  // a livelock: somebody's next_time() never moves on
  now_ = to;
  trace(kInternet).now(now_);
}

void World::run_event() {
  std::ranges::pop_heap(events_, std::greater{});
  const Event event = events_.back();
  events_.pop_back();
  if (!event.is_action) return fly(take(flights_, free_flights_, event.slot));
  Action action = take(actions_, free_actions_, event.slot);
  action(*this);
}

void World::run_for(Duration duration) {
  const Instant end = now_ + duration;
  while (step_before(end)) continue;
}

void World::report_timeout(Duration limit) const {
  std::fprintf(stderr, "sim: not within %" PRId64 " ms of virtual time; seed %" PRIu64 "\n",
               static_cast<std::int64_t>(limit / std::chrono::milliseconds(1)), seed_);
}

// --- Packets ---

void World::send(HostId sender, const Path& path, Bytes bytes) {
  Flight flight{.bytes = ByteVector(bytes.begin(), bytes.end()),
                .origin = path,
                .transport = path.transport,
                .source = path.local,
                .target = path.remote,
                .id = ++last_packet_,
                .sender = sender};
  trace(sender).packet({Direction::kSent, &path, flight.id, bytes});
  flight.segment = place(sender).segment;
  if (!routes_.owns(flight.segment, path.local, sender))
    return drop(flight, {}, "not an address of its host");
  if (path.transport != Transport::kUdp) return send_on_stream(std::move(flight));
  launch(sender, std::move(flight));
}

// Finds who is next on the way from `from` within the flight's segment, and what lies between.
void World::launch(HostId from, Flight flight) {
  if (++flight.hops > kMaxHops) return drop(flight, {}, "too many hops");
  std::vector<HostId> owners = routes_.find(flight.segment, flight.target);
  if (flight.target.is_multicast()) std::erase(owners, from);
  const bool to_gateway = owners.empty() && flight.segment != kInternet && from != flight.segment &&
                          !flight.target.is_multicast();
  if (to_gateway) owners.push_back(flight.segment);
  if (owners.empty()) return drop(flight, {}, "no such host");
  for (const HostId to : owners) {
    Flight copy = flight;
    copy.to = to;
    // A gateway's uplink is on its outside: it is not paid on the way there from the inside.
    const bool from_gateway = from == flight.segment;
    if (!from_gateway) copy.legs.push_back(find_pipe(from, kInternet));
    copy.legs.push_back(find_pipe(from, to));
    if (!to_gateway) copy.legs.push_back(find_pipe(kInternet, to));
    std::erase(copy.legs, nullptr);
    std::ranges::reverse(copy.legs);
    schedule(now_, std::move(copy));
  }
}

// Travels the next leg, or arrives.
void World::fly(Flight flight) {
  if (flight.legs.empty()) return arrive(std::move(flight));
  Pipe& leg = *flight.legs.back();
  flight.legs.pop_back();
  const bool is_part = flight.kind != Kind::kDatagram;
  const std::size_t size = ip_packet_size(flight.target, flight.bytes.size());
  const auto passage =
      is_part ? leg.pass(now_, size + kTcpOverUdp, Split::kYes) : leg.pass(now_, size);
  if (!passage.dropped.empty()) return drop(flight, {}, passage.dropped);
  if (passage.repeat) schedule(*passage.repeat, flight);
  schedule(passage.arrival, std::move(flight));
}

void World::schedule(Instant at, Flight flight) {
  const std::size_t slot = store(flights_, free_flights_, std::move(flight));
  events_.push_back({at, sequence_++, slot, false});
  std::ranges::push_heap(events_, std::greater{});
}

void World::arrive(Flight flight) {
  if (place(flight.to).router != nullptr) return cross(std::move(flight));
  deliver(flight);
}

void World::cross(Flight flight) {
  using enum Router::Verdict::Onward;
  const HostId via = flight.to;
  const bool inside = flight.segment == via;
  Header header{flight.transport, flight.source, flight.target};
  const auto verdict = place(via).router->forward(
      now_, inside ? Router::Side::kInside : Router::Side::kOutside, header);
  flight.source = header.source;
  flight.target = header.target;
  if (verdict.onward == kDrop) return drop(flight, verdict.rule, verdict.why);
  flight.segment = verdict.onward == kInside ? via : place(via).segment;
  launch(via, std::move(flight));
}

// The address may have moved away while the packet was on its way.
bool World::is_reachable(const Flight& flight) const {
  return places_.at(flight.to.value()).guest != nullptr &&
         routes_.owns(flight.segment, flight.target, flight.to);
}

void World::deliver(Flight& flight) {
  if (!is_reachable(flight)) return drop(flight, {}, "no such host");
  if (flight.kind != Kind::kDatagram) return deliver_part(flight);
  hand_over(flight);
}

void World::hand_over(Flight& flight) {
  const Received in{
      {flight.transport, flight.target, flight.source},
      flight.bytes
  };
  trace(flight.to).packet({Direction::kReceived, &in.path, flight.id, flight.bytes});
  place(flight.to).guest->receive(now_, in);
  poke(flight.to);
}

// What the network does to a packet stands in the trace of its sender. The metric says which
// packet, for ladders; a duplicate may be dropped where the other copy arrives.
void World::drop(const Flight& flight, Rule rule, std::string_view why) {
  if (flight.kind != Kind::kDatagram && flight.kind != Kind::kReset)
    return retry(flight, rule, why);
  trace(flight.sender).metric("dropped packet", flight.id);
  trace(flight.sender).drop(rule, why, flight.bytes);
}

}  // namespace glass::sim
