// net/loop.h - one thread that lets many Nodes talk over real sockets.
//
// Waits until a socket is readable or the earliest next_time() has come, gives every datagram to
// its node, and carries away what the node has to say. Asio waits; the bytes move in udp.cc and
// streams.cc. Beside
// sim/world.cc the only place where an Instant is made: its zero is the birth of the Loop.
// All but post() and stop() belong to the thread that runs the loop.  Tested by: loop_test.cc
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "base/node.h"
#include "base/strong.h"
#include "base/time.h"
#include "base/trace.h"
#include "net/poller.h"
#include "net/udp.h"

namespace asio {
class io_context;
}

namespace glass::net {

using NodeId = Strong<struct NodeIdTag, std::uint32_t>;
using TimerId = Strong<struct TimerIdTag, std::uint64_t>;

// A Node of any type, as the Loop sees it.
class Driven {
 public:
  virtual ~Driven() = default;
  virtual void receive(Instant now, const Received& in) = 0;
  // The data path of a relay: writes what `in` becomes into `out`. nullopt: not its data.
  virtual std::optional<Path> forward(Instant now, const Received& in, PacketBuffer& out) = 0;
  virtual void on_time(Instant now) = 0;
  [[nodiscard]] virtual Instant next_time() const = 0;
  virtual std::optional<Path> poll_transmit(Instant now, PacketBuffer& out) = 0;
  // Takes one event and handles it; false: there was none.
  virtual bool handle_event() = 0;
};

// What carries packets of a node beside its UDP sockets: the connections of streams.h.
class Carrier {
 public:
  virtual ~Carrier() = default;
  // False: it carries nothing on such a path.
  virtual bool send(const Path& path, Bytes packet) = 0;
  // Everything was said for now: let it go.
  virtual void flush() = 0;
};

class Loop {
 public:
  using Task = std::move_only_function<void()>;

  // `sink`, which may be null, is told the time before every input.
  explicit Loop(Sink* sink = nullptr);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Since the birth of the loop.
  [[nodiscard]] Instant now() const;
  // Seconds since 1970 at Instant{}.
  [[nodiscard]] std::uint64_t wall_seconds() const;

  // From now on `node` receives what arrives at `sockets`, and each of its events goes to
  // `on_event(event)`, which may give commands to any node. Node and sockets must stay until they
  // are removed or the loop is gone.
  template <Node N, class OnEvent>
    requires std::invocable<OnEvent&, typename N::Event&>
  NodeId add(N& node, std::span<UdpSocket* const> sockets, OnEvent on_event) {
    return add_driven(std::make_unique<DrivenNode<N, OnEvent>>(node, std::move(on_event)), sockets);
  }
  template <Node N, class OnEvent>
  NodeId add(N& node, UdpSocket& socket, OnEvent on_event) {
    UdpSocket* const one = &socket;
    return add(node, std::span(&one, 1), std::move(on_event));
  }
  void add_socket(NodeId id, UdpSocket& socket);
  // No more of this socket. Allowed while the node is being called, but never while it is given
  // what came to this very socket.
  void remove_socket(NodeId id, const UdpSocket& socket);
  void add_carrier(NodeId id, Carrier& carrier);
  void remove_carrier(NodeId id, Carrier& carrier);
  // A packet for the node from a carrier; the node is settled before the loop waits again.
  void deliver(NodeId id, const Received& in);
  // From now on the node is asked for its answer after each datagram instead of each batch: right
  // for servers, whose answers it would have to queue, wrong for who acknowledges in batches.
  void answer_each(NodeId id);
  // Never inside an event of that very node: post() it instead.
  void remove(NodeId id);
  // A command was given to this node outside of its own events: look what it has to say.
  void poke(NodeId id);

  // Runs `task` on the thread of the loop. May be called from any thread.
  void post(Task task);
  TimerId after(Duration delay, Task task);
  void cancel(TimerId id);
  // Calls `task(signal)` once, on the first of these signals.
  void on_signal(std::initializer_list<int> signals, std::move_only_function<void(int)> task);

  // Until stop().
  void run();
  // Until `done()` or the time is up; whether it was done. Looks after each step.
  bool run_until(const std::function<bool()>& done, Duration limit);
  // May be called from any thread.
  void stop();

  // Datagrams that no socket of the node could carry: their path names a foreign local address.
  [[nodiscard]] std::uint64_t homeless() const;
  [[nodiscard]] asio::io_context& context();
  [[nodiscard]] Poller& poller();

 private:
  template <class N, class OnEvent>
  class DrivenNode final : public Driven {
   public:
    DrivenNode(N& node, OnEvent on_event) : node_(node), on_event_(std::move(on_event)) {}
    void receive(Instant now, const Received& in) override { node_.receive(now, in); }
    // A node that forwards shows where the body lies and what stands around it: one copy.
    std::optional<Path> forward(Instant now, const Received& in, PacketBuffer& out) override {
      if constexpr (requires { node_.forward(now, in); }) {
        const auto hop = node_.forward(now, in);
        if (!hop || hop->size() > PacketBuffer::kCapacity - PacketBuffer::kHeadroom)
          return std::nullopt;
        copy_bytes(hop->head(), out.append(hop->head().size()));
        copy_bytes(hop->body, out.append(hop->body.size()));
        std::ranges::fill(out.append(hop->padding), std::uint8_t{0});
        return hop->path;
      } else {
        return std::nullopt;
      }
    }
    void on_time(Instant now) override { node_.on_time(now); }
    [[nodiscard]] Instant next_time() const override { return std::as_const(node_).next_time(); }
    std::optional<Path> poll_transmit(Instant now, PacketBuffer& out) override {
      return node_.poll_transmit(now, out);
    }
    bool handle_event() override {
      auto event = node_.poll_event();
      if (!event) return false;
      on_event_(*event);
      return true;
    }

   private:
    N& node_;
    OnEvent on_event_;
  };

  NodeId add_driven(std::unique_ptr<Driven> driven, std::span<UdpSocket* const> sockets);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace glass::net
