#include "rtp/report_timer.h"

#include <algorithm>
#include <chrono>

namespace glass::rtp {

using std::chrono_literals::operator""s;

namespace {

// RFC 3550 Appendix A.7: e - 3/2 undoes what reconsideration does to the mean.
constexpr double kCompensation = 2.71828 - 1.5;
constexpr double kSenderShare = 0.25;
constexpr Duration kInitialMinimum = 1s;  // RFC 4585 §3.4 d
constexpr double kDitherFactor = 0.5;     // RFC 4585 §3.5.2: l, for more than two members

Duration seconds(double count) { return Duration(static_cast<std::int64_t>(count * 1e9)); }

}  // namespace

ReportTimer::ReportTimer(const ReportTimerConfig& config, Random& random, Trace trace)
    : config_(config),
      random_(random),
      trace_(trace),
      average_size_(static_cast<double>(config.first_packet_size)) {}

// RFC 3550 §6.3.3: a sixteenth of the new one.
void ReportTimer::average(std::size_t size) {
  average_size_ = static_cast<double>(size) / 16 + average_size_ * 15 / 16;
}

// RFC 3550 §6.3.1: senders share a quarter of the bandwidth among themselves while they are few.
Duration ReportTimer::deterministic_interval() const {
  double bandwidth = config_.rtcp_bits_per_second / 8.0;
  double sharing = members_.all;
  const double senders = members_.senders;
  if (senders <= members_.all * kSenderShare) {
    bandwidth *= members_.we_send ? kSenderShare : 1 - kSenderShare;
    sharing = members_.we_send ? senders : sharing - senders;
  }
  Duration interval = seconds(average_size_ * std::max(sharing, 1.0) / bandwidth);
  // RFC 4585 §3.4 d, §3.5.1: one second at first, and none between two.
  if (is_first_ && members_.all > 2) interval = std::max(interval, kInitialMinimum);
  return interval;
}

Duration ReportTimer::between(double low, double high, Duration whole) {
  const double place = random_.u32() / 4'294'967'296.0;
  return seconds(static_cast<double>(whole.count()) / 1e9 * (low + place * (high - low)));
}

Duration ReportTimer::random_interval() {
  const Duration spread = between(0.5, 1.5, deterministic_interval());
  trace_.rule("3550:6.3#3"_rule, Fact{"members", members_.all});
  return seconds(static_cast<double>(spread.count()) / 1e9 / kCompensation);
}

void ReportTimer::start(Instant now) {
  // RFC 3550 §6.2: some time to hear the others first.
  before_ = now;
  interval_ = random_interval();
  next_ = now + interval_;
  allow_early_ = true;
  trace_.rule("3550:6.2#12"_rule);
}

FeedbackPlan ReportTimer::request_feedback(Instant now) {
  // RFC 4585 §3.5.2, step by step.
  // 2. What is on its way already takes this one along.
  if (early_ != kNever) {
    trace_.rule("4585:3.5.2#1"_rule);
    return FeedbackPlan::kEarly;
  }
  const Duration dither =
      members_.all <= 2 ? Duration{}
                        : seconds(kDitherFactor * static_cast<double>(interval_.count()) / 1e9);
  // 3. The regular packet is near enough.
  if (now + dither > next_) {
    has_feedback_ = true;
    trace_.rule("4585:3.5.2#7"_rule);
    return FeedbackPlan::kWithReport;
  }
  // 4a. One early packet between two regular ones.
  if (!allow_early_) {
    if (next_ - now < config_.feedback_delay_max) {
      has_feedback_ = true;
      trace_.rule("4585:3.5.2#9"_rule);
      return FeedbackPlan::kWithReport;
    }
    trace_.rule("4585:3.5.2#11"_rule);
    return FeedbackPlan::kTooLate;
  }
  // 4b.
  early_ = now + between(0, 1, dither);
  trace_.rule("4585:3.5.2#12"_rule);
  return FeedbackPlan::kEarly;
}

ReportDue ReportTimer::on_time(Instant now) {
  if (early_ != kNever && now >= early_) {
    // 6. Sent now; the next regular packet pays for it.
    early_ = kNever;
    allow_early_ = false;
    const Instant skipped = next_;
    next_ = std::max(before_ + 2 * interval_, now);
    before_ = skipped;
    has_feedback_ = false;
    trace_.rule("4585:3.5.2#21"_rule);
    return ReportDue::kEarly;
  }
  if (early_ != kNever || now < next_) return ReportDue::kNothing;
  // RFC 3550 §6.3.6: the members may be more than when this was planned: think again.
  const Duration again = random_interval();
  if (before_ + again > now) {
    next_ = before_ + again;
    interval_ = again;
    trace_.rule("3550:6.3.6#0"_rule);
    return ReportDue::kNothing;
  }
  return regular(now);
}

void ReportTimer::schedule_after(Instant now) {
  is_first_ = false;
  allow_early_ = true;
  has_feedback_ = false;
  before_ = now;
  interval_ = random_interval();
  next_ = now + interval_;
}

// RFC 4585 §3.5.3.
ReportDue ReportTimer::regular(Instant now) {
  ReportDue due = ReportDue::kRegular;
  // 2. Seldomer than the bandwidth allows, if the application wants it so.
  if (config_.regular_interval_min > Duration{} && last_regular_ != kNever) {
    const Duration wait = between(0.5, 1.5, config_.regular_interval_min);
    if (last_regular_ + wait > now)
      due = has_feedback_ ? ReportDue::kFeedback : ReportDue::kNothing;
  }
  if (due == ReportDue::kRegular) {
    last_regular_ = now;
    trace_.rule("4585:3.5.3#1"_rule);
  } else if (due == ReportDue::kFeedback) {
    trace_.rule("4585:3.5.3#14"_rule);
  } else {
    trace_.rule("4585:3.5.3#16"_rule);
  }
  schedule_after(now);
  trace_.rule("4585:3.5.3#17"_rule);
  return due;
}

}  // namespace glass::rtp
