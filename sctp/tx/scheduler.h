// sctp/tx/scheduler.h - whose message is next: weighted fair queueing over streams.
//
// Each waiting stream has the virtual time at which its next message would be through if the link
// were shared by weight; the earliest goes first. Whole messages: DATA does not interleave.
// RFC 8260 §3.6, RFC 8831 §6.4.  Tested by: tx/scheduler_test.cc
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "sctp/types.h"

namespace glass::sctp {

class Scheduler {
 public:
  // Says that `stream`, which waits for nothing yet, has a message of `size` bytes. `finish` is
  // the stream's memory between its messages.
  void add(StreamId stream, std::size_t size, std::uint16_t priority, std::uint64_t& finish) {
    const std::uint64_t weight = std::max<std::uint64_t>(priority, 1);
    finish = std::max(now_, finish) + (size + kMessageCost) * kScale / weight;
    heap_.push_back({finish, order_++, stream});
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
