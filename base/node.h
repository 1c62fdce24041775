// base/node.h - the contract between a protocol machine and whatever drives it: a socket loop, a
// simulated network, a fuzzer, a conformance script, or the layer around it.
#pragma once

#include <concepts>
#include <optional>

#include "base/address.h"
#include "base/bytes.h"
#include "base/time.h"

namespace glass {

// One datagram from below. `bytes` is writable because decryption happens in place; it is the
// caller's again when receive() returns.
struct Received {
  Path path;
  MutableBytes bytes;
};

// Five verbs. A view in an event lives until the next receive() or poll_event() on that object;
// commands do not disturb it.
template <class N>
concept Node =
    requires(N node, const N constant, Instant now, const Received& in, PacketBuffer& out) {
      { node.receive(now, in) } -> std::same_as<void>;    // bytes from below
      { node.on_time(now) } -> std::same_as<void>;        // the instant came
      { constant.next_time() } -> std::same_as<Instant>;  // call me then
      {
        node.poll_transmit(now, out)
      } -> std::same_as<std::optional<Path>>;  // a datagram for below
      { node.poll_event() } -> std::same_as<std::optional<typename N::Event>>;
    };

// The same without addresses, for the machines inside a peer (dtls, sctp, rtp).
template <class L>
concept LayerMachine =
    requires(L layer, const L constant, Instant now, MutableBytes in, PacketBuffer& out) {
      { layer.receive(now, in) } -> std::same_as<void>;
      { layer.on_time(now) } -> std::same_as<void>;
      { constant.next_time() } -> std::same_as<Instant>;
      { layer.poll_transmit(now, out) } -> std::same_as<bool>;
      { layer.poll_event() } -> std::same_as<std::optional<typename L::Event>>;
    };

// All that a driver has to do after any input. `send(path, bytes)` gets one finished datagram at a
// time; `on_event(event)` may call back into the node, since nothing of it is on the stack.
template <Node N, class Send, class OnEvent>
void drain(N& node, Instant now, PacketBuffer& scratch, Send&& send, OnEvent&& on_event) {
  for (bool idle = false; !idle;) {
    idle = true;
    while (auto event = node.poll_event()) {
      on_event(*event);
      idle = false;
    }
    for (scratch.clear(); const auto path = node.poll_transmit(now, scratch); scratch.clear()) {
      send(*path, scratch.bytes());
      idle = false;
    }
  }
}

}  // namespace glass
