// base/ring.h - a queue in one piece of memory, with indexed access.
//
// Doubles when it is full and never shrinks, so that a steady flow allocates nothing. The caller
// bounds it. Elements that were popped keep their last value until they are overwritten.
#pragma once

#include <bit>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/check.h"

namespace glass {

template <class T>
class Ring {
 public:
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }

  T& operator[](std::size_t index) {
    CHECK(index < size_);
    return slots_[(begin_ + index) & (slots_.size() - 1)];
  }
  const T& operator[](std::size_t index) const {
    CHECK(index < size_);
    return slots_[(begin_ + index) & (slots_.size() - 1)];
  }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }

  T& push_back(T value) {
    if (size_ == slots_.size()) grow(size_ + 1);
    ++size_;
    return back() = std::move(value);
  }
  void pop_front() {
    CHECK(size_ > 0);
    begin_ = (begin_ + 1) & (slots_.size() - 1);
    --size_;
  }
  void pop_back() {
    CHECK(size_ > 0);
    --size_;
  }
  // Makes it `size` long; new elements are T{}.
  void resize(std::size_t size) {
    if (size > slots_.size()) grow(size);
    for (; size_ < size; ++size_) slots_[(begin_ + size_) & (slots_.size() - 1)] = T{};
    size_ = size;
  }
  void clear() {
    begin_ = 0;
    size_ = 0;
  }

 private:
  static constexpr std::size_t kFirstCapacity = 16;

  void grow(std::size_t at_least) {
    const std::size_t capacity =
        std::bit_ceil(at_least < kFirstCapacity ? kFirstCapacity : at_least);
    std::vector<T> slots(capacity);
    for (std::size_t i = 0; i < size_; ++i) slots[i] = std::move((*this)[i]);
    slots_ = std::move(slots);
    begin_ = 0;
  }

  std::vector<T> slots_;  // a power of two of them
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
};

}  // namespace glass
