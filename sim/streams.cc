// The part of World that carries TCP-like streams: what is sent on them arrives whole, once and in
// order. No windows and no congestion control, only what a protocol above can tell from UDP: a
// round trip before the first byte, delay in place of loss, and connections that break.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/rule.h"
#include "base/time.h"
#include "sim/router.h"
#include "sim/world.h"

namespace glass::sim {

// --- Sending ---

void World::send_on_stream(Flight flight) {
  flight.kind = Kind::kData;
  const auto [entry, is_new] = streams_.try_emplace({flight.sender, flight.origin});
  Stream& stream = entry->second;
  if (is_new) {
    stream.id = ++last_stream_;
    send_part(flight.sender, flight.origin, Kind::kSyn, stream.id);
  }
  if (stream.is_open) return send_data(stream, std::move(flight));
  if (stream.waiting.size() < kMaxStreamBacklog) {
    stream.waiting.push_back(std::move(flight));
    return;
  }
  trace(flight.sender).metric("dropped packet", flight.id);
  trace(flight.sender).drop({}, "too much waits for the connection", flight.bytes);
}

void World::send_part(HostId from, const Path& path, Kind kind, std::uint64_t stream) {
  Flight part{.kind = kind,
              .stream = stream,
              .origin = path,
              .transport = path.transport,
              .source = path.local,
              .target = path.remote,
              .sender = from,
              .segment = place(from).segment};
  launch(from, std::move(part));
}

void World::send_data(Stream& stream, Flight flight) {
  flight.stream = stream.id;
  flight.sequence = stream.sent++;
  const HostId sender = flight.sender;
  launch(sender, std::move(flight));
}

void World::open_stream(Stream& stream) {
  stream.is_open = true;
  for (; !stream.waiting.empty(); stream.waiting.pop_front())
    send_data(stream, std::move(stream.waiting.front()));
}

// --- Arriving ---

void World::deliver_part(Flight& flight) {
  const StreamKey key{
      flight.to, {flight.transport, flight.target, flight.source}
  };
  if (flight.kind == Kind::kSyn) return deliver_syn(key, flight);
  const auto entry = streams_.find(key);
  if (entry == streams_.end() || entry->second.id != flight.stream) {
    if (flight.kind != Kind::kReset) send_part(flight.to, key.second, Kind::kReset, flight.stream);
    return;
  }
  if (flight.kind == Kind::kReset) return break_stream(key);
  if (!entry->second.is_open) open_stream(entry->second);  // data may overtake the answer to a SYN
  if (flight.kind == Kind::kData) deliver_data(key, flight);
}

void World::deliver_syn(const StreamKey& key, const Flight& flight) {
  Stream& stream = streams_[key];
  // Both have called each other at once: the later call is the one that counts.
  if (!stream.is_open && stream.id > flight.stream) return;
  const bool is_new = stream.id != flight.stream;
  if (is_new && stream.is_open) stream = {};  // the other end has begun anew
  stream.id = flight.stream;
  send_part(key.first, key.second, Kind::kSynAck, stream.id);
  if (!stream.is_open) open_stream(stream);
}

void World::deliver_data(const StreamKey& key, Flight& flight) {
  Stream& stream = streams_.at(key);
  if (flight.sequence < stream.expected) return;  // a duplicate
  if (stream.early.size() == kMaxStreamBacklog) return retry(std::move(flight), {}, "queue full");
  stream.early.try_emplace(flight.sequence, std::move(flight));
  // Whoever receives may break the connection: it is looked for anew each time.
  for (auto entry = streams_.find(key); entry != streams_.end(); entry = streams_.find(key)) {
    Stream& still = entry->second;
    const auto next = still.early.find(still.expected);
    if (next == still.early.end()) return;
    Flight ready = std::move(next->second);
    still.early.erase(next);
    ++still.expected;
    hand_over(ready);
  }
}

// --- Loss ---

// A part was dropped. What a router refuses is told at once; what gets lost, only if it stays so.
void World::retry(Flight flight, Rule rule, std::string_view why) {
  const bool is_refused = rule.rfc != 0;
  const bool is_last = flight.attempt == kMaxStreamRetries;
  if (is_refused || is_last) {
    if (flight.kind == Kind::kData) trace(flight.sender).metric("dropped packet", flight.id);
    trace(flight.sender).drop(rule, why, flight.bytes);
  }
  if (is_last) return break_stream({flight.sender, flight.origin});
  const Duration first = flight.kind == Kind::kData ? kDataRetry : kSynRetry;
  const Duration wait = first * (1 << flight.attempt++);
  at(now_ + wait, [lost = std::move(flight)](World& world) { world.repeat(lost); });
}

void World::repeat(Flight flight) {
  const auto entry = streams_.find({flight.sender, flight.origin});
  if (entry == streams_.end() || entry->second.id != flight.stream) return;
  flight.source = flight.origin.local;
  flight.target = flight.origin.remote;
  flight.segment = place(flight.sender).segment;
  flight.hops = 0;
  flight.legs.clear();
  const HostId sender = flight.sender;
  launch(sender, std::move(flight));
}

// What waited for it is lost with it.
void World::break_stream(const StreamKey& key) {
  const auto entry = streams_.find(key);
  if (entry == streams_.end()) return;
  const Stream broken = std::move(entry->second);
  streams_.erase(entry);
  for (const Flight& flight : broken.waiting) {
    trace(flight.sender).metric("dropped packet", flight.id);
    trace(flight.sender).drop({}, "the connection failed", flight.bytes);
  }
}

void World::forget_streams(HostId host, const Address* address) {
  std::erase_if(streams_, [&](const auto& entry) {
    const Address& local = entry.first.second.local;
    return entry.first.first == host && (address == nullptr || local == *address ||
                                         (address->port == 0 && local.same_ip(*address)));
  });
}

}  // namespace glass::sim
