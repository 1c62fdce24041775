// dtls/replay_window.h - which of the latest 64 sequence numbers have been seen.
//
// RFC 6347 §4.1.2.6, after RFC 4303 §3.4.3. Ask check() first, note() only what proved genuine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace glass::dtls {

class ReplayWindow {
 public:
  static constexpr std::uint64_t kSize = 64;  // RFC 6347 §4.1.2.6: 32 at least, 64 preferred

  enum class Verdict : std::uint8_t { kNew, kSeen, kTooOld };

  [[nodiscard]] Verdict check(std::uint64_t sequence) const {
    if (sequence >= next_) return Verdict::kNew;
    const std::uint64_t age = next_ - 1 - sequence;
    if (age >= kSize) return Verdict::kTooOld;
    return (seen_ >> age & 1) != 0 ? Verdict::kSeen : Verdict::kNew;
  }
  void note(std::uint64_t sequence) {
    if (sequence >= next_) {
      const std::uint64_t shift = sequence - next_ + 1;
      seen_ = shift >= kSize ? 0 : seen_ << shift;
      seen_ |= 1;
      next_ = sequence + 1;
    } else if (next_ - 1 - sequence < kSize) {
      seen_ |= std::uint64_t{1} << (next_ - 1 - sequence);
    }
  }
  // One more than the highest seen.
  [[nodiscard]] std::uint64_t next() const { return next_; }

 private:
  std::uint64_t next_ = 0;
  std::uint64_t seen_ = 0;  // bit i: next_ - 1 - i
};

}  // namespace glass::dtls
