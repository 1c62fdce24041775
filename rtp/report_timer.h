// rtp/report_timer.h - when to send RTCP: regularly, early because of feedback, or not yet.
//
// RFC 3550 §6.2, §6.3 (interval, reconsideration), RFC 4585 §3.4, §3.5 (early feedback). Knows
// sizes and counts; what a report says is written by others.  Tested by:
// tests/rtp/report_timer_test.cc
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"

namespace glass::rtp {

struct ReportTimerConfig {
  std::uint32_t rtcp_bits_per_second = 50'000;  // RFC 3550 §6.2: 5 % of the session, here 1 Mbit/s
  // RFC 4585 §3.4: not more often than this without feedback. Zero: as the bandwidth allows.
  Duration regular_interval_min{};
  // RFC 4585 §3.5.2: feedback that would come later than this is not worth sending.
  Duration feedback_delay_max = std::chrono::seconds(1);
  // RFC 3550 §6.3.3, RFC 3711 §3.4: of the first packet, lower layers and SRTCP included.
  std::size_t first_packet_size = 100;
};

// What the session looks like, this end included.
struct Members {
  std::uint32_t all = 2;
  std::uint32_t senders = 1;
  bool we_send = true;
};

enum class ReportDue : std::uint8_t {
  kNothing,
  kRegular,   // a full compound, feedback included if there is any
  kFeedback,  // feedback in the place of a regular report that T_rr_interval suppresses
  kEarly,     // feedback before its turn: minimal compound or reduced-size
};

enum class FeedbackPlan : std::uint8_t {
  kEarly,       // next_time() is when
  kWithReport,  // it waits for the regular packet
  kTooLate,     // it would come too late to be of use
};

class ReportTimer {
 public:
  ReportTimer(const ReportTimerConfig& config, Random& random, Trace trace);

  void start(Instant now);
  void set_members(const Members& members) { members_ = members; }
  // There is something to say about what was received.
  FeedbackPlan request_feedback(Instant now);
  [[nodiscard]] Instant next_time() const { return early_ != kNever ? early_ : next_; }
  // What is to be sent now. The caller sends it and calls sent().
  ReportDue on_time(Instant now);
  // A packet has left or come, with all headers.
  void sent(std::size_t size) { average(size); }
  void received(std::size_t size) { average(size); }

  [[nodiscard]] double average_size() const { return average_size_; }
  [[nodiscard]] bool may_be_early() const { return allow_early_; }

 private:
  void average(std::size_t size);
  [[nodiscard]] Duration deterministic_interval() const;
  [[nodiscard]] Duration random_interval();
  [[nodiscard]] Duration between(double low, double high, Duration whole);
  void schedule_after(Instant now);
  ReportDue regular(Instant now);

  ReportTimerConfig config_;
  Random& random_;
  Trace trace_;
  Members members_;
  double average_size_;
  bool is_first_ = true;           // nothing has been sent yet: Tmin applies
  bool allow_early_ = true;        // RFC 4585 §3.5.1
  bool has_feedback_ = false;      // stored, for the next regular time
  Instant before_{};               // tp
  Instant next_ = kNever;          // tn
  Duration interval_{};            // T_rr
  Instant early_ = kNever;         // te
  Instant last_regular_ = kNever;  // t_rr_last; kNever: NaN
};

}  // namespace glass::rtp
