#include "conform/live_wire.h"

#include <memory>
#include <utility>

namespace glass::conform {

Result<std::unique_ptr<LiveWire>, net::SocketError> LiveWire::make(const LiveTarget& target) {
  const Address local = TRY(net::local_toward(target.address));
  return std::unique_ptr<LiveWire>(new LiveWire(target, local));
}

std::optional<Plug> LiveWire::open(Transport transport) {
  if (transport == Transport::kTls && target_.tls == nullptr) return std::nullopt;
  const net::ProbeSockets::Secure secure{
      .context = transport == Transport::kTls ? target_.tls : nullptr, .name = target_.name};
  const auto plug = transport == Transport::kUdp
                        ? sockets_.open_udp(local_)
                        : sockets_.connect(target(transport), secure, target_.patience);
  if (!plug) return std::nullopt;
  paths_[*plug] = {transport, sockets_.local(*plug), target(transport)};
  return *plug;
}

void LiveWire::close(Plug plug) {
  sockets_.close(plug);
  inbox_.erase(plug);
}

Path LiveWire::path(Plug plug) const {
  const auto found = paths_.find(plug);
  return found == paths_.end() ? Path{} : found->second;
}

void LiveWire::send(Plug plug, const Address& to, Bytes bytes) {
  (void)sockets_.send(plug, to, bytes);  // what cannot be sent gets no answer
}

void LiveWire::poll(Duration patience) {
  std::vector<net::ProbeEvent> events;
  sockets_.wait(patience, events);
  for (net::ProbeEvent& event : events) {
    using Kind = net::ProbeEvent::Kind;
    const Heard::Kind kind = event.kind == Kind::kBytes    ? Heard::Kind::kBytes
                             : event.kind == Kind::kClosed ? Heard::Kind::kClosed
                                                           : Heard::Kind::kRefused;
    inbox_[event.socket].push_back({kind, event.remote, std::move(event.bytes)});
  }
}

Heard LiveWire::receive(Plug plug, Duration patience) {
  const Instant deadline = now() + patience;
  poll(Duration::zero());
  for (;;) {
    auto& inbox = inbox_[plug];
    if (!inbox.empty()) {
      Heard heard = std::move(inbox.front());
      inbox.pop_front();
      return heard;
    }
    if (now() >= deadline) return {};
    poll(deadline - now());
  }
}

void LiveWire::wait(Duration duration) {
  const Instant deadline = now() + duration;
  while (now() < deadline) poll(deadline - now());
}

}  // namespace glass::conform
