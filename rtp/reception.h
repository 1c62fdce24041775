// rtp/reception.h - what a receiver knows about one source: is it real, what is lost, how it
// jitters.
//
// The algorithms of RFC 3550 Appendix A.1 (validity), A.3 (loss) and A.8 (jitter), and the report
// block that comes out of them (§6.4.1).  Tested by: tests/rtp/reception_test.cc
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "base/trace.h"
#include "rtp/rtcp.h"
#include "rtp/types.h"

namespace glass::rtp {

// RFC 3550 Appendix A.1.
inline constexpr std::uint32_t kMinSequential = 2;  // packets in order until a source is believed
inline constexpr std::uint32_t kMaxDropout = 3000;  // packets that may be missing at once
inline constexpr std::uint32_t kMaxMisorder = 100;  // packets that one may be late

enum class Validity : std::uint8_t {
  kValid,
  kOnProbation,  // too few packets in order yet
  kJumped,       // far away from the others: believed when the next one follows it
  kRestarted,    // the second one after a jump: counting begins again
};

class Reception {
 public:
  // `clock_rate`: ticks a second of the timestamps, as SDP says.
  Reception(Ssrc ssrc, std::uint32_t clock_rate, Trace trace);

  // A packet has arrived. Only kValid and kRestarted ones count for the report.
  Validity receive(Instant now, SequenceNumber sequence, RtpTime timestamp);
  void sender_report(Instant now, std::uint64_t ntp);

  [[nodiscard]] bool is_valid() const { return is_begun_ && probation_ == 0; }
  [[nodiscard]] std::uint32_t packets() const { return received_; }
  [[nodiscard]] std::uint32_t extended_highest() const { return cycles_ + highest_; }
  [[nodiscard]] std::int64_t cumulative_lost() const;
  // In ticks of the clock.
  [[nodiscard]] std::uint32_t jitter() const { return jitter_ >> 4; }

  // The block for the next report, whose fraction counts from the one before.
  ReportBlock report(Instant now);

 private:
  static constexpr std::uint32_t kCycle = 1 << 16;

  void begin(std::uint16_t sequence);
  Validity on_probation(std::uint16_t sequence);
  Validity update(std::uint16_t sequence);
  void measure_jitter(Instant now, RtpTime timestamp);
  [[nodiscard]] std::uint32_t expected() const { return extended_highest() - base_ + 1; }

  Ssrc ssrc_;
  std::uint32_t clock_rate_;
  Trace trace_;
  bool is_begun_ = false;
  std::uint32_t probation_ = kMinSequential;
  std::uint16_t highest_ = 0;              // max_seq
  std::uint32_t cycles_ = 0;               // wraps, times 2^16
  std::uint32_t base_ = 0;                 // base_seq
  std::uint32_t after_jump_ = kCycle + 1;  // bad_seq: none yet
  std::uint32_t received_ = 0;
  std::uint32_t expected_before_ = 0;
  std::uint32_t received_before_ = 0;
  bool has_transit_ = false;
  std::uint32_t transit_ = 0;
  std::uint32_t jitter_ = 0;  // times 16
  std::uint32_t last_sr_ = 0;
  Instant last_sr_at_{};
};

// `duration` in 1/65536 s, as reports have it.
std::uint32_t to_report_time(Duration duration);
// RFC 3550 §6.4.1: the round trip that a report block shows, `now` being the middle of NTP time.
// Zero: the block answers no report, or the clocks disagree.
Duration round_trip(std::uint32_t now_ntp_middle, const ReportBlock& block);

}  // namespace glass::rtp
