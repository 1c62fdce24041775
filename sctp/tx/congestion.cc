// sctp/tx/congestion.cc - what all controllers have, and which there are.
#include "sctp/tx/congestion.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>

#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "sctp/config.h"
#include "sctp/tx/cubic.h"
#include "sctp/tx/model.h"
#include "sctp/tx/new_reno.h"

namespace glass::sctp {

std::size_t Congestion::initial_window() const {
  return std::min(4 * pmdcs_, std::max(2 * pmdcs_, kInitialWindow));
}

std::optional<std::size_t> Congestion::idle_window(std::size_t cwnd, Duration pause,
                                                   Duration rto) const {
  const std::size_t floor = kFloorChunks * pmdcs_;
  if (pause < rto || cwnd <= floor) return std::nullopt;
  for (; pause >= rto && cwnd > floor; pause -= rto) cwnd = std::max(cwnd / 2, floor);
  trace_.rule("9260:7.2.1#10"_rule, Fact{"cwnd", cwnd});
  return cwnd;
}

std::unique_ptr<Congestion> make_congestion(CongestionAlgorithm algorithm, std::size_t pmdcs,
                                            const Trace& trace) {
  switch (algorithm) {
    case CongestionAlgorithm::kNewReno: break;
    // Both are more aggressive than RFC 9260 §7.2 allows (see rfc-notes).
    case CongestionAlgorithm::kCubic:
      trace.rule("9260:7.2#2"_rule, Fact{"control", "cubic"});
      return std::make_unique<Cubic>(pmdcs, trace);
    case CongestionAlgorithm::kModel:
      trace.rule("9260:7.2#2"_rule, Fact{"control", "model"});
      return std::make_unique<Model>(pmdcs, trace);
  }
  return std::make_unique<NewReno>(pmdcs, trace);
}

}  // namespace glass::sctp
