// base/check.h - CHECK states what must be true unless we have a bug. It stays on in release.
//
// Never for what a peer or a user can cause: that is dropped, answered or returned as an error.
#pragma once

namespace glass {

// Prints what failed and where, then aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace glass

#define CHECK(...) \
  ((__VA_ARGS__) ? void(0) : ::glass::check_failed(#__VA_ARGS__, __FILE__, __LINE__))
