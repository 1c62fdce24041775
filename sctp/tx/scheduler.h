// sctp/tx/scheduler.h - whose data is next.
//
// Each waiting stream has a number; the lowest goes first, and among equals the one that came
// first. What the number means is what the schedulers differ in. Weighted fair: the virtual time at
// which its next message would be through if the link were shared by weight. Whole messages where
// DATA carries them, fragments where I-DATA does.
// RFC 8260 §3, RFC 8831 §6.4.  Tested by: tx/scheduler_test.cc
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "sctp/config.h"
#include "sctp/types.h"

namespace glass::sctp {

class Scheduler {
 public:
  // A stream that waits for nothing yet, and what it has to send now.
  struct Waiting {
    StreamId stream;
    std::size_t size = 0;
    std::uint16_t priority = 256;
    std::uint64_t arrival = 0;  // the how manieth message of send()
    Scheduling how = Scheduling::kWeightedFair;
  };
  // `finish` is the stream's memory between its turns.
  void add(const Waiting& waiting, std::uint64_t& finish) {
    finish = number_of(waiting, finish);
    heap_.push_back({finish, order_++, waiting.stream});
    std::ranges::push_heap(heap_, later);
  }
  std::optional<StreamId> take() {
    if (heap_.empty()) return std::nullopt;
    std::ranges::pop_heap(heap_, later);
    const Turn turn = heap_.back();
    heap_.pop_back();
    now_ = turn.finish;
    return turn.stream;
  }
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  void clear() { heap_.clear(); }

 private:
  static constexpr std::uint64_t kScale = 1024;      // so that small messages divide well
  static constexpr std::uint64_t kMessageCost = 16;  // a DATA header: empty messages count as well

  [[nodiscard]] std::uint64_t number_of(const Waiting& waiting, std::uint64_t finish) const {
    switch (waiting.how) {
      case Scheduling::kWeightedFair: break;
      case Scheduling::kFirstCome: return waiting.arrival;
      case Scheduling::kRoundRobin: return std::max(now_, finish) + 1;
      case Scheduling::kPriority:
        return std::numeric_limits<std::uint16_t>::max() - waiting.priority;
    }
    const std::uint64_t weight = std::max<std::uint64_t>(waiting.priority, 1);
    return std::max(now_, finish) + (waiting.size + kMessageCost) * kScale / weight;
  }

  struct Turn {
    std::uint64_t finish = 0;
    std::uint64_t order = 0;  // first come, first served among equals
    StreamId stream;
  };
  static bool later(const Turn& a, const Turn& b) {
    return a.finish != b.finish ? a.finish > b.finish : a.order > b.order;
  }

  std::vector<Turn> heap_;
  std::uint64_t now_ = 0;
  std::uint64_t order_ = 0;
};

}  // namespace glass::sctp
