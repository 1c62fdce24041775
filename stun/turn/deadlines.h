// stun/turn/deadlines.h - many timers that come and go: what is due next, in constant memory each.
//
// Ties go to what was set first, so that a run repeats exactly.
// Tested by: tests/stun/turn/tables_test.cc
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "base/time.h"

namespace glass::stun::turn {

template <class Job>
class Deadlines {
 public:
  // Names one deadline until it has been popped or dropped.
  using Ticket = std::pair<Instant, std::uint64_t>;

  Ticket set(Instant at, Job job) {
    const Ticket ticket{at, ++count_};
    jobs_.emplace(ticket, std::move(job));
    return ticket;
  }
  void drop(const Ticket& ticket) { jobs_.erase(ticket); }
  [[nodiscard]] Instant next() const { return jobs_.empty() ? kNever : jobs_.begin()->first.first; }
  std::optional<Job> pop_due(Instant now) {
    if (jobs_.empty() || jobs_.begin()->first.first > now) return std::nullopt;
    Job job = std::move(jobs_.begin()->second);
    jobs_.erase(jobs_.begin());
    return job;
  }

 private:
  std::map<Ticket, Job> jobs_;
  std::uint64_t count_ = 0;
};

}  // namespace glass::stun::turn
