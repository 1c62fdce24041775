// sctp/tx/model.cc - a window that follows what the path was seen to carry.
#include "sctp/tx/model.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "sctp/config.h"
#include "sctp/tx/congestion.h"
#include "sctp/types.h"

namespace glass::sctp {
namespace {

constexpr double kStartupGain = 2.885;  // 2 / ln 2: doubles the rate each round trip
constexpr double kWindowGain = 2.0;     // room for SACKs that come late or in bunches
// One round trip faster to find more, one slower to undo the queue, six as measured.
constexpr std::array<double, 8> kProbeGains{1.25, 0.75, 1, 1, 1, 1, 1, 1};
constexpr double kGrowing = 1.25;  // a startup round that adds less has found the rate
constexpr unsigned kFlatRounds = 3;
constexpr Duration kRoundTripLifetime = 10s;
constexpr Duration kLookBackTime = 200ms;
constexpr double kLookBackGain = 0.5;

std::uint64_t per_second(std::size_t bytes, Duration duration) {
  const auto nanoseconds = static_cast<std::uint64_t>(std::max(duration, Duration{1}).count());
  return static_cast<std::uint64_t>(static_cast<double>(bytes) * 1e9 /
                                    static_cast<double>(nanoseconds));
}

std::size_t times(double gain, std::size_t bytes) {
  return static_cast<std::size_t>(gain * static_cast<double>(bytes));
}

}  // namespace

Model::Model(std::size_t pmdcs, const Trace& trace) : Congestion(pmdcs, trace) { Model::reset(); }

void Model::reset() {
  phase_ = Phase::kStartup;
  rates_.fill(0);
  rounds_ = 0;
  min_rtt_ = {};
  round_since_.reset();
  round_bytes_ = 0;
  round_was_full_ = true;
  after_timeout_ = false;
  startup_best_ = 0;
  startup_flat_rounds_ = 0;
  recovery_.leave();
  trace_.rule("9260:7.2.1#1"_rule, Fact{"cwnd", initial_window()});
}

std::uint64_t Model::bandwidth() const { return *std::ranges::max_element(rates_); }

std::size_t Model::path_holds() const {
  const double seconds = std::chrono::duration<double>(min_rtt_).count();
  return static_cast<std::size_t>(static_cast<double>(bandwidth()) * seconds);
}

std::size_t Model::cwnd() const {
  if (after_timeout_) return pmdcs_;
  const std::size_t holds = path_holds();
  const std::size_t floor = kFloorChunks * pmdcs_;
  if (holds == 0) return initial_window();
  if (phase_ == Phase::kLookBack) return std::max(times(kLookBackGain, holds), floor);
  const double gain = phase_ == Phase::kStartup ? kStartupGain : kWindowGain;
  const std::size_t window = times(gain, holds) + 2 * pmdcs_;
  return std::min(std::max({window, floor, initial_window()}), kMaxWindow);
}

double Model::pacing_gain() const {
  switch (phase_) {
    case Phase::kStartup: return kStartupGain;
    case Phase::kDrain: return 1 / kStartupGain;
    case Phase::kProbe: return kProbeGains[cycle_];
    case Phase::kLookBack: break;
  }
  return 1;
}

std::optional<std::uint64_t> Model::pacing_rate() const {
  if (bandwidth() == 0) return std::nullopt;
  return std::max<std::uint64_t>(
      static_cast<std::uint64_t>(pacing_gain() * static_cast<double>(bandwidth())), 1);
}

void Model::measure_round_trip(const Ack& ack) {
  if (!ack.round_trip) return;
  if (min_rtt_ != Duration{} && *ack.round_trip > min_rtt_) return;
  min_rtt_ = *ack.round_trip;
  min_rtt_at_ = ack.now;
}

void Model::on_ack(const Ack& ack) {
  after_timeout_ = false;
  measure_round_trip(ack);
  // Less under way than the path holds, and nobody to blame but ourselves: no measure of the path.
  if (ack.flight_before + pmdcs_ < std::min(cwnd(), path_holds())) round_was_full_ = false;
  round_bytes_ += ack.bytes;
  if (!round_since_) {
    round_since_ = ack.now;
    round_end_ = ack.next.previous();
    round_bytes_ = 0;
  } else if (!ack.highest.precedes(round_end_)) {
    end_round(ack);
  }
  go_on(ack);
}

void Model::end_round(const Ack& ack) {
  const std::uint64_t rate = per_second(round_bytes_, ack.now - *round_since_);
  // A round with gaps in what we gave can show that the path is faster, and not that it is slower.
  if (round_was_full_ || rate > bandwidth()) rates_[rounds_++ % kRoundsRemembered] = rate;
  if (phase_ == Phase::kStartup && round_was_full_) {
    const auto wanted = static_cast<std::uint64_t>(kGrowing * static_cast<double>(startup_best_));
    startup_flat_rounds_ = bandwidth() >= wanted ? 0 : startup_flat_rounds_ + 1;
    startup_best_ = std::max(startup_best_, bandwidth());
  }
  round_since_ = ack.now;
  round_end_ = ack.next.previous();
  round_bytes_ = 0;
  round_was_full_ = true;
  trace_.metric("bandwidth", bandwidth());
}

void Model::enter(Phase phase, Instant now) {
  phase_ = phase;
  phase_since_ = now;
}

void Model::go_on(const Ack& ack) {
  const Duration since = ack.now - phase_since_;
  switch (phase_) {
    case Phase::kStartup:
      if (startup_flat_rounds_ >= kFlatRounds) enter(Phase::kDrain, ack.now);
      return;
    case Phase::kDrain:
      if (ack.flight_after > path_holds()) return;
      cycle_ = 2;
      return enter(Phase::kProbe, ack.now);
    case Phase::kProbe:
      if (since >= min_rtt_) {
        cycle_ = (cycle_ + 1) % kProbeGains.size();
        enter(Phase::kProbe, ack.now);
      }
      // A queue of our own hides the true round trip: look behind it now and then.
      if (ack.now - min_rtt_at_ > kRoundTripLifetime) enter(Phase::kLookBack, ack.now);
      return;
    case Phase::kLookBack:
      if (since < kLookBackTime + min_rtt_) return;
      min_rtt_ = ack.round_trip.value_or(min_rtt_);
      min_rtt_at_ = ack.now;
      cycle_ = 2;
      return enter(Phase::kProbe, ack.now);
  }
}

void Model::on_fast_retransmit(Instant /*now*/, Tsn exit) {
  (void)recovery_.enter(exit);  // the holes are repaired; the model stays what it is
}

void Model::on_timeout(Instant /*now*/) {
  after_timeout_ = true;  // RFC 9260 §7.2.3: one packet, until something is acknowledged
  recovery_.leave();
  trace_.rule("9260:7.2.3#2"_rule, Fact{"ssthresh", ssthresh()});
}

void Model::on_idle(Duration pause, Duration rto) {
  if (pause < rto) return;
  round_since_.reset();  // what comes now begins a round of its own
}

}  // namespace glass::sctp
