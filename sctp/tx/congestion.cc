// sctp/tx/congestion.cc - which controller.
#include "sctp/tx/congestion.h"

#include <cstddef>
#include <memory>

#include "base/rule.h"
#include "base/trace.h"
#include "sctp/config.h"
#include "sctp/tx/cubic.h"
#include "sctp/tx/model.h"
#include "sctp/tx/new_reno.h"

namespace glass::sctp {

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
