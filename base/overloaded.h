// base/overloaded.h - one function out of several, for std::visit.
#pragma once

namespace glass {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

}  // namespace glass
