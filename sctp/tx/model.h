// sctp/tx/model.h - a window that follows what the path was seen to carry, not what it lost.
//
// Measures two things: the most that arrived in a round trip, and the shortest round trip. Their
// product is what the path holds; data is spread evenly at the measured rate. After the manner of
// BBR (Cardwell et al., ACM Queue 14, 2016), with one sample per round trip.
//
//   kStartup --(no longer faster)--> kDrain --(queue gone)--> kProbe <--> kLookBack (every 10 s)
//
// Deviation from RFC 9260 §7.2: a loss does not make the window smaller, and growth is not bound to
// one PMDCS per round trip (see rfc-notes, 7.2#2). Off unless Config::congestion asks for it.
// Tested by: tx/congestion_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "base/trace.h"
#include "sctp/tx/congestion.h"
#include "sctp/types.h"

namespace glass::sctp {

class Model final : public Congestion {
 public:
  Model(std::size_t pmdcs, const Trace& trace);

  [[nodiscard]] std::size_t cwnd() const override;
  [[nodiscard]] std::size_t ssthresh() const override { return kMaxWindow; }
  [[nodiscard]] std::optional<std::uint64_t> pacing_rate() const override;
  void reset() override;
  void on_ack(const Ack& ack) override;
  void on_fast_retransmit(Instant now, Tsn exit) override;
  void on_timeout(Instant now) override;
  void on_idle(Duration pause, Duration rto) override;

  // Bytes per second; 0: not known yet.
  [[nodiscard]] std::uint64_t bandwidth() const;
  [[nodiscard]] Duration shortest_round_trip() const { return min_rtt_; }

 private:
  enum class Phase : std::uint8_t { kStartup, kDrain, kProbe, kLookBack };
  static constexpr std::size_t kRoundsRemembered = 10;

  void measure_round_trip(const Ack& ack);
  void end_round(const Ack& ack);
  void go_on(const Ack& ack);
  void enter(Phase phase, Instant now);
  [[nodiscard]] double pacing_gain() const;
  [[nodiscard]] std::size_t path_holds() const;  // bytes; 0: not known yet

  Phase phase_ = Phase::kStartup;
  Instant phase_since_;

  std::array<std::uint64_t, kRoundsRemembered> rates_{};  // of the last rounds, a ring
  std::size_t rounds_ = 0;
  Duration min_rtt_{};
  Instant min_rtt_at_;

  std::optional<Instant> round_since_;
  Tsn round_end_;
  std::size_t round_bytes_ = 0;
  bool round_was_full_ = true;  // there was always more to send

  std::uint64_t startup_best_ = 0;
  unsigned startup_flat_rounds_ = 0;
  std::size_t cycle_ = 0;  // of kProbe
  bool after_timeout_ = false;
};

}  // namespace glass::sctp
