// demo/scenarios/signaling.h - the way by which descriptions and candidates travel in the
// scenarios.
//
// It takes its time, keeps the order and loses nothing, as a small server does. What it carries is
// no packet of the simulated network, but part of the story: it is told in the trace.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/time.h"
#include "base/trace.h"
#include "peer/error.h"
#include "peer/peer.h"
#include "sim/world.h"

namespace glass::demo {

class Signaling {
 public:
  static constexpr Duration kDelay = std::chrono::milliseconds(40);

  // One of those who use it.
  struct End {
    sim::HostId host;
    peer::Peer& peer;
  };

  // Changes what somebody sends, as a peer with a fault would.
  using Edit = std::function<void(sim::HostId from, Layer layer, std::string& text)>;

  Signaling(sim::World& world, Sink* sink) : world_(world), sink_(sink) {}
  void edit_with(Edit edit) { edit_ = std::move(edit); }

  // `what(world)` happens on the other side. Once the server has stopped: nothing.
  template <class What>
  void after(What what) {
    if (runs_) world_.at(world_.now() + kDelay, std::move(what));
  }
  void tell(sim::HostId host, Layer layer, Direction direction, std::string_view text) const {
    const Trace trace(sink_, host.value(), layer);
    trace.now(world_.now());
    trace.packet({.direction = direction, .bytes = as_bytes(text)});
  }

  // The offer goes over and the answer comes back. `on_refused(error)`: the answerer takes no such
  // offer.
  template <class OnRefused>
  void carry_offer(End offerer, End answerer, std::string offer, OnRefused on_refused) {
    if (edit_) edit_(offerer.host, Layer::kSdp, offer);
    tell(offerer.host, Layer::kSdp, Direction::kSent, offer);
    after([this, offerer, answerer, offer, on_refused](sim::World& world) {
      tell(answerer.host, Layer::kSdp, Direction::kReceived, offer);
      const auto set = answerer.peer.set_remote(world.now(), sdp::Type::kOffer, offer);
      if (!set) return on_refused(set.error());
      const auto answer = answerer.peer.create_answer(world.now());
      world.poke(answerer.host);
      if (answer) carry_answer(answerer, offerer, *answer);
    });
  }
  // An empty line: there are no more.
  void carry_candidate(sim::HostId from, End to, std::string line) {
    if (edit_) edit_(from, Layer::kSignaling, line);
    const std::string told = line.empty() ? std::string("no more candidates") : line;
    tell(from, Layer::kSignaling, Direction::kSent, told);
    after([this, to, line, told](sim::World& world) {
      tell(to.host, Layer::kSignaling, Direction::kReceived, told);
      (void)to.peer.add_remote_candidate(world.now(), line);
      world.poke(to.host);
    });
  }
  void stop() {
    runs_ = false;
    const Trace trace(sink_, 0, Layer::kSignaling);
    trace.now(world_.now());
    trace.state("signaling server", "running", "stopped");
  }

 private:
  void carry_answer(End answerer, End offerer, std::string answer) {
    if (edit_) edit_(answerer.host, Layer::kSdp, answer);
    tell(answerer.host, Layer::kSdp, Direction::kSent, answer);
    after([this, offerer, answer](sim::World& world) {
      tell(offerer.host, Layer::kSdp, Direction::kReceived, answer);
      (void)offerer.peer.set_remote(world.now(), sdp::Type::kAnswer, answer);
      world.poke(offerer.host);
    });
  }

  sim::World& world_;
  Sink* sink_;
  Edit edit_;
  bool runs_ = true;
};

}  // namespace glass::demo
