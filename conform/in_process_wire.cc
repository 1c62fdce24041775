#include "conform/in_process_wire.h"

#include <algorithm>
#include <utility>

#include "net/framing.h"

namespace glass::conform {

std::optional<Plug> InProcessWire::open(Transport transport) {
  if (stopped_ && transport != Transport::kUdp) return std::nullopt;
  const Plug plug = ends_.size();
  ends_[plug] = {
      .path = {transport, ours_.with_port(next_port_++), target_}
  };
  return plug;
}

void InProcessWire::close(Plug plug) {
  End& end = ends_[plug];
  if (!std::exchange(end.is_open, false) || end.path.transport == Transport::kUdp) return;
  flights_.push_back({
      .at = now_ + kOneWay,
      .path = {end.path.transport, target_, end.path.local},
      .bytes = {},
      .closes = true
  });
}

Path InProcessWire::path(Plug plug) const {
  const auto found = ends_.find(plug);
  return found == ends_.end() ? Path{} : found->second.path;
}

void InProcessWire::send(Plug plug, const Address& to, Bytes bytes) {
  const End& end = ends_[plug];
  if (!end.is_open) return;
  flights_.push_back({
      .at = now_ + kOneWay,
      .path = {end.path.transport, to, end.path.local},
      .bytes = {bytes.begin(), bytes.end()}
  });
}

Heard InProcessWire::receive(Plug plug, Duration patience) {
  const Instant deadline = now_ + patience;
  for (;;) {
    auto& inbox = ends_[plug].inbox;
    if (!inbox.empty()) {
      Heard heard = std::move(inbox.front());
      inbox.pop_front();
      return heard;
    }
    if (!step(deadline)) return {};
  }
}

void InProcessWire::wait(Duration duration) {
  const Instant deadline = now_ + duration;
  while (step(deadline)) {
  }
}

bool InProcessWire::step(Instant deadline) {
  const Instant arrival = flights_.empty() ? kNever : flights_.front().at;
  const Instant timer = stopped_ ? kNever : subject_.next_time();
  const Instant first = std::min(arrival, timer);
  if (first > deadline) {
    now_ = std::max(now_, deadline);
    return false;
  }
  now_ = std::max(now_, first);
  if (timer <= arrival) {
    subject_.on_time(now_);
  } else {
    Flight flight = std::move(flights_.front());
    flights_.pop_front();
    arrive(std::move(flight));
  }
  if (!stopped_) drain();
  return true;
}

InProcessWire::End* InProcessWire::end_at(const Path& as_subject_sees_it) {
  for (auto& [plug, end] : ends_)
    if (end.path.transport == as_subject_sees_it.transport &&
        end.path.local == as_subject_sees_it.remote)
      return &end;
  return nullptr;
}

void InProcessWire::arrive(Flight flight) {
  if (!flight.to_subject) {
    // Here the path is as we see it: local is ours.
    const Path seen{flight.path.transport, flight.path.remote, flight.path.local};
    End* const end = end_at(seen);
    if (end == nullptr || !end->is_open) return;
    if (flight.closes) end->is_open = false;
    end->inbox.push_back({flight.closes ? Heard::Kind::kClosed : Heard::Kind::kBytes,
                          flight.path.remote, std::move(flight.bytes)});
    return;
  }
  if (stopped_) {
    if (End* const end = end_at(flight.path))
      end->inbox.push_back({Heard::Kind::kRefused, flight.path.local, {}});
    return;
  }
  if (flight.path.transport != Transport::kUdp) return arrive_stream(flight);
  subject_.receive(now_, {flight.path, flight.bytes});
}

void InProcessWire::arrive_stream(Flight& flight) {
  if (flight.closes) return subject_.on_closed(now_, flight.path);
  End* const end = end_at(flight.path);
  if (end == nullptr) return;
  ByteVector& stream = end->stream;
  stream.insert(stream.end(), flight.bytes.begin(), flight.bytes.end());
  for (;;) {
    const net::Cut cut = net::cut_frame(net::Framing::kStun, stream);
    if (cut.kind == net::Cut::Kind::kMore) return;
    if (cut.kind == net::Cut::Kind::kBroken) {
      stream.clear();
      subject_.on_closed(now_, flight.path);
      flights_.push_back({.at = now_ + kOneWay,
                          .path = end->path,
                          .bytes = {},
                          .to_subject = false,
                          .closes = true});
      return;
    }
    ByteVector packet(stream.begin() + static_cast<std::ptrdiff_t>(cut.begin),
                      stream.begin() + static_cast<std::ptrdiff_t>(cut.begin + cut.packet));
    stream.erase(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(cut.size));
    subject_.receive(now_, {flight.path, packet});
    drain();
  }
}

void InProcessWire::drain() {
  ByteVector out;
  while (const auto path = subject_.poll_transmit(now_, out)) leave(*path, out);
}

void InProcessWire::leave(const Path& path, Bytes bytes) {
  Flight flight{
      .at = now_ + kOneWay,
      .path = {path.transport, path.remote, path.local},
      .bytes = {bytes.begin(), bytes.end()},
      .to_subject = false
  };
  if (path.transport != Transport::kUdp) {
    const auto frame = net::frame_of(net::Framing::kStun, bytes);
    if (frame) flight.bytes.resize(flight.bytes.size() + frame->padding);
  } else if (end_at(path) == nullptr) {
    flight.to_subject = true;  // from one of its addresses to another
  }
  flights_.push_back(std::move(flight));
}

}  // namespace glass::conform
