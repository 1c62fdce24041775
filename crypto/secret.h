// crypto/secret.h - bytes that are zeroed when they go.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/bytes.h"
#include "crypto/equal.h"

namespace glass::crypto {

// Move-only, so that there is one place to wipe. It never grows: growing would leave a copy behind.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::size_t size) : bytes_(size) {}
  explicit Secret(Bytes bytes) : bytes_(bytes.begin(), bytes.end()) {}
  ~Secret() { forget(); }
  Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      forget();
      bytes_ = std::exchange(other.bytes_, {});
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] MutableBytes bytes() { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  // Wipes and leaves nothing.
  void forget() {
    wipe(bytes_);
    bytes_.clear();
  }

 private:
  ByteVector bytes_;
};

}  // namespace glass::crypto
