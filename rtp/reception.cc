#include "rtp/reception.h"

#include <chrono>

#include "base/check.h"

namespace glass::rtp {

using std::chrono_literals::operator""ns;

Reception::Reception(Ssrc ssrc, std::uint32_t clock_rate, Trace trace)
    : ssrc_(ssrc), clock_rate_(clock_rate), trace_(trace) {
  CHECK(clock_rate > 0);
}

void Reception::begin(std::uint16_t sequence) {
  base_ = sequence;
  highest_ = sequence;
  after_jump_ = kCycle + 1;
  cycles_ = 0;
  received_ = 0;
  received_before_ = 0;
  expected_before_ = 0;
}

Validity Reception::receive(Instant now, SequenceNumber sequence, RtpTime timestamp) {
  if (!is_begun_) {
    begin(sequence.value());
    highest_ = static_cast<std::uint16_t>(sequence.value() - 1);
    is_begun_ = true;
  }
  const Validity validity =
      probation_ > 0 ? on_probation(sequence.value()) : update(sequence.value());
  if (validity == Validity::kValid || validity == Validity::kRestarted)
    measure_jitter(now, timestamp);
  return validity;
}

// RFC 3550 Appendix A.1: kMinSequential packets in a row make a source.
Validity Reception::on_probation(std::uint16_t sequence) {
  if (sequence != static_cast<std::uint16_t>(highest_ + 1)) {
    probation_ = kMinSequential - 1;
    highest_ = sequence;
    trace_.rule("3550:A.1#1"_rule, Fact{"sequence", sequence});
    return Validity::kOnProbation;
  }
  --probation_;
  highest_ = sequence;
  if (probation_ > 0) {
    trace_.rule("3550:A.1#1"_rule, Fact{"sequence", sequence});
    return Validity::kOnProbation;
  }
  begin(sequence);
  ++received_;
  return Validity::kValid;
}

Validity Reception::update(std::uint16_t sequence) {
  const std::uint32_t ahead = static_cast<std::uint16_t>(sequence - highest_);
  if (ahead < kMaxDropout) {
    if (sequence < highest_) cycles_ += kCycle;
    highest_ = sequence;
  } else if (ahead <= kCycle - kMaxMisorder) {
    if (sequence != after_jump_) {
      after_jump_ = static_cast<std::uint16_t>(sequence + 1);
      trace_.rule("3550:A.1#0"_rule, Fact{"jump to", sequence});
      return Validity::kJumped;
    }
    // Two in a row: the other side has begun anew without saying so.
    begin(sequence);
    ++received_;
    has_transit_ = false;
    return Validity::kRestarted;
  }
  ++received_;
  return Validity::kValid;
}

// RFC 3550 §6.4.1, Appendix A.8: J += (|D| - J) / 16, with J held sixteen times as large.
void Reception::measure_jitter(Instant now, RtpTime timestamp) {
  const auto since = now.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  const auto rest = (since - seconds) / 1ns;
  const auto arrival =
      static_cast<std::uint32_t>(static_cast<std::uint64_t>(seconds.count()) * clock_rate_ +
                                 static_cast<std::uint64_t>(rest) * clock_rate_ / 1'000'000'000U);
  const std::uint32_t transit = arrival - timestamp.value();
  const auto difference = static_cast<std::int32_t>(transit - transit_);
  transit_ = transit;
  if (!has_transit_) {
    has_transit_ = true;
    return;
  }
  const std::uint32_t size = difference < 0 ? 0U - static_cast<std::uint32_t>(difference)
                                            : static_cast<std::uint32_t>(difference);
  jitter_ += size - ((jitter_ + 8) >> 4);
}

void Reception::sender_report(Instant now, std::uint64_t ntp) {
  last_sr_ = ntp_middle(ntp);
  last_sr_at_ = now;
}

// RFC 3550 Appendix A.3: late and repeated packets count as received, so that it may be negative.
std::int64_t Reception::cumulative_lost() const {
  if (!is_valid()) return 0;
  return std::int64_t{expected()} - received_;
}

ReportBlock Reception::report(Instant now) {
  const std::uint32_t expected_now = is_valid() ? expected() : 0;
  const std::uint32_t expected_since = expected_now - expected_before_;
  const std::uint32_t received_since = received_ - received_before_;
  expected_before_ = expected_now;
  received_before_ = received_;
  const std::int64_t lost_since = std::int64_t{expected_since} - received_since;
  ReportBlock block{.ssrc = ssrc_};
  if (expected_since > 0 && lost_since > 0)
    block.fraction_lost =
        static_cast<std::uint8_t>(std::min<std::int64_t>(lost_since * 256 / expected_since, 255));
  block.cumulative_lost =
      static_cast<std::int32_t>(std::clamp<std::int64_t>(cumulative_lost(), -0x800000, 0x7fffff));
  block.highest_sequence = extended_highest();
  block.jitter = jitter();
  block.last_sr = last_sr_;
  if (last_sr_ != 0) block.delay_since_last_sr = to_report_time(now - last_sr_at_);
  trace_.rule("3550:6.4.1#9"_rule, Fact{"jitter", block.jitter},
              Fact{"fraction_lost", block.fraction_lost});
  return block;
}

std::uint32_t to_report_time(Duration duration) {
  constexpr std::int64_t kMax = UINT32_MAX;
  const std::int64_t seconds = duration / std::chrono::seconds(1);
  if (duration < Duration{} || seconds > 0xffff) return UINT32_MAX;
  const std::int64_t rest = (duration - std::chrono::seconds(seconds)) / 1ns;
  return static_cast<std::uint32_t>(
      std::min(kMax, seconds * 65'536 + rest * 65'536 / 1'000'000'000));
}

Duration round_trip(std::uint32_t now_ntp_middle, const ReportBlock& block) {
  if (block.last_sr == 0) return {};
  const auto there_and_back =
      static_cast<std::int32_t>(now_ntp_middle - block.last_sr - block.delay_since_last_sr);
  if (there_and_back <= 0) return {};
  return Duration(std::int64_t{there_and_back} * 1'000'000'000 / 65'536);
}

}  // namespace glass::rtp
