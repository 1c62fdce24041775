// tests/sctp/support/link.h - two machines and a bad network between them, in virtual time.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"

namespace glass::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

struct LinkConfig {
  std::uint64_t seed = 1;
  Duration delay = 10ms;
  unsigned loss_percent = 0;
  unsigned reorder_percent = 0;  // arrives up to 30 ms late
  unsigned duplicate_percent = 0;
};

// M: a LayerMachine. Side 0 and side 1.
template <class M>
class Link {
 public:
  using OnEvent = std::function<void(int side, typename M::Event&)>;
  using Filter = std::function<bool(int from, Bytes packet)>;  // false: lost

  Link(M& a, M& b, const LinkConfig& config, OnEvent on_event)
      : sides_{&a, &b}, config_(config), random_(config.seed), on_event_(std::move(on_event)) {}

  [[nodiscard]] Instant now() const { return now_; }
  void set_filter(Filter filter) { filter_ = std::move(filter); }
  void set_loss(unsigned percent) { config_.loss_percent = percent; }
  [[nodiscard]] std::uint64_t packets_sent() const { return order_; }

  // Everything that is due now, and what follows from it without time passing.
  void settle() {
    bool idle = false;
    while (!idle) {
      idle = true;
      for (int side = 0; side < 2; ++side) {
        while (auto event = sides_[side]->poll_event()) {
          if (on_event_) on_event_(side, *event);
          idle = false;
        }
        for (scratch_.clear(); sides_[side]->poll_transmit(now_, scratch_); scratch_.clear()) {
          carry(side, scratch_.bytes());
          idle = false;
        }
      }
    }
  }

  // False: the limit was reached first.
  template <class Done>
  bool run_until(Done done, Duration limit) {
    const Instant end = now_ + limit;
    settle();
    while (!done()) {
      Instant next = std::min(sides_[0]->next_time(), sides_[1]->next_time());
      if (!wire_.empty()) next = std::min(next, wire_.top().at);
      if (next > end) {
        now_ = end;
        return false;
      }
      now_ = std::max(now_, next);
      while (!wire_.empty() && wire_.top().at <= now_) {
        Packet packet = wire_.top();
        wire_.pop();
        sides_[1 - packet.from]->receive(now_, packet.bytes);
        settle();
      }
      for (M* side : sides_)
        if (side->next_time() <= now_) side->on_time(now_);
      settle();
    }
    return true;
  }
  void run_for(Duration duration) {
    (void)run_until([] { return false; }, duration);
  }

 private:
  struct Packet {
    Instant at;
    std::uint64_t order = 0;
    int from = 0;
    ByteVector bytes;
    bool operator<(const Packet& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  bool dice(unsigned percent) { return percent > 0 && random_.below(100) < percent; }
  void carry(int from, Bytes bytes) {
    ++order_;
    if (filter_ && !filter_(from, bytes)) return;
    if (dice(config_.loss_percent)) return;
    const int copies = dice(config_.duplicate_percent) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      Duration delay = config_.delay;
      if (dice(config_.reorder_percent)) delay += random_.below(30'000) * Duration{1000};
      wire_.push({
          now_ + delay, order_, from, {bytes.begin(), bytes.end()}
      });
    }
  }

  M* sides_[2];
  LinkConfig config_;
  SeededRandom random_;
  OnEvent on_event_;
  Filter filter_;
  Instant now_{};
  std::priority_queue<Packet> wire_;
  std::uint64_t order_ = 0;
  PacketBuffer scratch_;
};

}  // namespace glass::test
