// rtp/ssrc_table.h - something kept per SSRC, found quickly and bounded.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/check.h"
#include "rtp/types.h"

namespace glass::rtp {

// Sorted by SSRC: the keys lie together, so that a search touches few cache lines, and the one that
// was asked for last is tried first. Only insert() asks for memory; it moves values.
template <class T>
class SsrcTable {
 public:
  explicit SsrcTable(std::size_t max) : max_(max) {}

  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] bool is_full() const { return keys_.size() >= max_; }
  [[nodiscard]] Ssrc key(std::size_t place) const { return keys_[place]; }
  [[nodiscard]] T& value(std::size_t place) { return values_[place]; }
  [[nodiscard]] const T& value(std::size_t place) const { return values_[place]; }

  // Null: not there. Valid until the next insert() or erase().
  [[nodiscard]] T* find(Ssrc ssrc) {
    if (latest_ < keys_.size() && keys_[latest_] == ssrc) return &values_[latest_];
    const std::size_t place = place_of(ssrc);
    if (place == keys_.size() || keys_[place] != ssrc) return nullptr;
    latest_ = place;
    return &values_[place];
  }
  // It must not be there, and the table must not be full.
  T& insert(Ssrc ssrc, T value) {
    CHECK(!is_full());
    const auto place = static_cast<std::ptrdiff_t>(place_of(ssrc));
    keys_.insert(keys_.begin() + place, ssrc);
    return *values_.insert(values_.begin() + place, std::move(value));
  }
  void erase(Ssrc ssrc) {
    const std::size_t place = place_of(ssrc);
    if (place == keys_.size() || keys_[place] != ssrc) return;
    keys_.erase(keys_.begin() + static_cast<std::ptrdiff_t>(place));
    values_.erase(values_.begin() + static_cast<std::ptrdiff_t>(place));
  }

 private:
  [[nodiscard]] std::size_t place_of(Ssrc ssrc) const {
    return static_cast<std::size_t>(std::ranges::lower_bound(keys_, ssrc) - keys_.begin());
  }

  std::size_t max_;
  std::size_t latest_ = 0;
  std::vector<Ssrc> keys_;
  std::vector<T> values_;
};

}  // namespace glass::rtp
