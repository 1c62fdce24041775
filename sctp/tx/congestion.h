// sctp/tx/congestion.h - how much may be under way: what every controller is asked and told.
//
// Counts bytes of DATA chunks with header and padding, not messages, not packets. One path only.
// RFC 9260 §7.2 (NewReno: new_reno.h), RFC 9438 (CUBIC: cubic.h); model.h goes by what the path
// was seen to carry. make_congestion() chooses.  Tested by: tx/congestion_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "base/time.h"
#include "base/trace.h"
#include "sctp/config.h"
#include "sctp/tx/recovery.h"
#include "sctp/types.h"

namespace glass::sctp {

// RFC 9260 §7.2.1 allows 60 bytes more over IPv4, which SCTP under DTLS cannot see: the smaller
// one.
inline constexpr std::size_t kInitialWindow = 4344;
// The largest window that a_rwnd can say. An upper bound keeps the arithmetic far from its end.
inline constexpr std::size_t kMaxWindow = std::numeric_limits<std::uint32_t>::max();
// RFC 9260 §7.2.3: no loss makes the window smaller than so many PMDCS.
inline constexpr std::size_t kFloorChunks = 4;

class Congestion {
 public:
  Congestion(const Congestion&) = delete;
  Congestion& operator=(const Congestion&) = delete;
  virtual ~Congestion() = default;

  [[nodiscard]] virtual std::size_t cwnd() const = 0;
  [[nodiscard]] virtual std::size_t ssthresh() const = 0;
  [[nodiscard]] bool in_fast_recovery() const { return recovery_.is_active(); }
  // Bytes per second that data is to be spread to; nullopt: as SACKs set it free.
  [[nodiscard]] virtual std::optional<std::uint64_t> pacing_rate() const { return std::nullopt; }

  // RFC 9260 §7.2.1, and §7.2.5 when the path has changed.
  virtual void reset() = 0;

  // What one SACK did.
  struct Ack {
    Instant now{};
    std::size_t bytes = 0;          // of chunks that it acknowledged for the first time
    std::size_t flight_before = 0;  // bytes under way when it came
    std::size_t flight_after = 0;
    bool advanced = false;  // the cumulative point moved
    bool all_acked = false;
    Tsn highest{};                         // that was acknowledged so far, in gaps as well
    Tsn next{};                            // the next new chunk
    std::optional<Duration> round_trip{};  // of the newest chunk among them, if sent once
    Duration smoothed{};                   // SRTT
  };
  virtual void on_ack(const Ack& ack) = 0;
  // Data was found lost. Fast Recovery lasts until `exit` is acknowledged.
  virtual void on_fast_retransmit(Instant now, Tsn exit) = 0;
  void on_cumulative(Tsn cumulative) { recovery_.on_cumulative(cumulative); }  // may end it
  virtual void on_timeout(Instant now) = 0;
  // About to send after a pause that was so long.
  virtual void on_idle(Duration pause, Duration rto) = 0;

 protected:
  Congestion(std::size_t pmdcs, const Trace& trace)
      : trace_(trace), pmdcs_(pmdcs), recovery_(trace) {}

  // RFC 9260 §7.2.1: the window of a path that nothing is known of.
  [[nodiscard]] std::size_t initial_window() const;
  // RFC 9260 §7.2.1: what is left of `cwnd` after a pause: half for each RTO. nullopt: all of it.
  [[nodiscard]] std::optional<std::size_t> idle_window(std::size_t cwnd, Duration pause,
                                                       Duration rto) const;

  Trace trace_;
  std::size_t pmdcs_;
  Recovery recovery_;
};

// `pmdcs`: the largest DATA chunk, header and padding included, that a packet carries.
std::unique_ptr<Congestion> make_congestion(CongestionAlgorithm algorithm, std::size_t pmdcs,
                                            const Trace& trace);

}  // namespace glass::sctp
