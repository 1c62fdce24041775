// rtp/replay_window.h - which of the latest packets have been seen.
//
// A ring of bits: a packet moves the window in a time that depends on how far it moves, never on
// the size of the window. Ask check() first, note() only what proved genuine.
// RFC 3711 §3.3.2.  Tested by: tests/rtp/replay_window_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace glass::rtp {

// kBits: SRTP-WINDOW-SIZE, a power of two, at least 64 (RFC 3711 §3.3.2).
template <std::size_t kBits>
class ReplayWindow {
 public:
  static_assert(kBits >= 64 && (kBits & (kBits - 1)) == 0);
  static constexpr std::uint64_t kSize = kBits;

  enum class Verdict : std::uint8_t { kNew, kSeen, kTooOld };

  [[nodiscard]] bool is_empty() const { return next_ == 0; }
  // The highest that was noted; the window must not be empty.
  [[nodiscard]] std::uint64_t highest() const { return next_ - 1; }

  [[nodiscard]] Verdict check(std::uint64_t index) const {
    if (index >= next_) return Verdict::kNew;
    if (next_ - 1 - index >= kSize) return Verdict::kTooOld;
    return is_set(index) ? Verdict::kSeen : Verdict::kNew;
  }

  void note(std::uint64_t index) {
    if (index >= next_) {
      clear(next_, index - next_ >= kSize ? kSize : index - next_);
      next_ = index + 1;
    } else if (next_ - 1 - index >= kSize) {
      return;
    }
    word(index) |= bit(index);
  }

 private:
  static constexpr std::uint64_t kWordBits = 64;

  static constexpr std::uint64_t bit(std::uint64_t index) {
    return std::uint64_t{1} << (index % kWordBits);
  }
  std::uint64_t& word(std::uint64_t index) { return words_[index % kSize / kWordBits]; }
  [[nodiscard]] bool is_set(std::uint64_t index) const {
    return (words_[index % kSize / kWordBits] & bit(index)) != 0;
  }
  // Forgets `count` indices from `first` on, and the one behind them, whose place a new index
  // takes.
  void clear(std::uint64_t first, std::uint64_t count) {
    if (count >= kSize) {
      words_.fill(0);
      return;
    }
    for (std::uint64_t i = 0; i <= count;) {
      if ((first + i) % kWordBits == 0 && count - i >= kWordBits) {
        word(first + i) = 0;
        i += kWordBits;
      } else {
        word(first + i) &= ~bit(first + i);
        ++i;
      }
    }
  }

  std::array<std::uint64_t, kBits / kWordBits> words_{};
  std::uint64_t next_ = 0;  // one more than the highest noted
};

}  // namespace glass::rtp
