// base/result.h - a value or the reason why there is none, and the one macro that returns.
#pragma once

#include <expected>
#include <utility>

namespace glass {

// What a command answers: misuse by the caller is an error value, never an exception.
template <class T, class E>
using Result = std::expected<T, E>;

}  // namespace glass

// TRY(expression): its value; where it holds an error, the enclosing function returns that error.
#define TRY(...)                                             \
  __extension__({                                            \
    auto glass_try_ = (__VA_ARGS__);                         \
    if (!glass_try_.has_value()) [[unlikely]]                \
      return std::unexpected(std::move(glass_try_).error()); \
    *std::move(glass_try_);                                  \
  })
