#include "conform/case.h"

#include <array>
#include <string_view>

namespace glass::conform {

std::string_view to_text(Level level) {
  constexpr std::array<std::string_view, 3> kNames{"must", "should", "may"};
  return kNames.at(static_cast<std::size_t>(level));
}

std::string_view to_text(Class cls) {
  constexpr std::array<std::string_view, 3> kNames{"V", "I", "O"};
  return kNames.at(static_cast<std::size_t>(cls));
}

std::string_view to_text(Verdict verdict) {
  constexpr std::array<std::string_view, 8> kNames{"pass", "lenient",      "deviation", "crash",
                                                   "skip", "inconclusive", "xfail",     "xpass"};
  return kNames.at(static_cast<std::size_t>(verdict));
}

bool is_failure(Verdict verdict, bool strict) {
  return verdict == Verdict::kDeviation || verdict == Verdict::kCrash ||
         verdict == Verdict::kXpass || (strict && verdict == Verdict::kLenient);
}

std::string_view Case::rule() const {
  const std::string_view text = id;
  const std::size_t begin = text.find('/') + 1;
  return text.substr(begin, text.find('/', begin) - begin);
}

}  // namespace glass::conform
