// base/strong.h - numbers that mean something have a type of their own.
#pragma once

#include <compare>
#include <cstdint>
#include <type_traits>

namespace glass {

// A number that only mixes with its own kind: using StreamId = Strong<struct StreamTag, uint16_t>.
template <class Tag, class Rep>
class Strong {
 public:
  constexpr Strong() = default;
  constexpr explicit Strong(Rep value) : value_(value) {}
  [[nodiscard]] constexpr Rep value() const { return value_; }
  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;

 private:
  Rep value_{};
};

// A serial number (RFC 1982): arithmetic wraps, and "before" means less than half the circle away.
template <class Tag, class Rep>
class Serial {
 public:
  constexpr Serial() = default;
  constexpr explicit Serial(Rep value) : value_(value) {}
  [[nodiscard]] constexpr Rep value() const { return value_; }
  [[nodiscard]] constexpr Serial next() const { return *this + 1; }
  [[nodiscard]] constexpr Serial previous() const { return *this - 1; }
  [[nodiscard]] constexpr bool precedes(Serial other) const { return since(other) < 0; }
  [[nodiscard]] constexpr bool follows(Serial other) const { return since(other) > 0; }
  // How many steps forward from `earlier` to here; negative when `earlier` is really later.
  [[nodiscard]] constexpr std::make_signed_t<Rep> since(Serial earlier) const {
    return static_cast<std::make_signed_t<Rep>>(static_cast<Rep>(value_ - earlier.value_));
  }
  friend constexpr Serial operator+(Serial serial, Rep steps) {
    return Serial(static_cast<Rep>(serial.value_ + steps));
  }
  friend constexpr Serial operator-(Serial serial, Rep steps) {
    return Serial(static_cast<Rep>(serial.value_ - steps));
  }
  friend constexpr bool operator==(const Serial&, const Serial&) = default;

 private:
  Rep value_{};
};

}  // namespace glass
