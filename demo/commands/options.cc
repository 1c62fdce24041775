#include <charconv>
#include <cstdio>

#include "demo/commands/commands.h"

namespace glass::demo {

std::optional<std::uint32_t> parse_loss(std::string_view text) {
  constexpr double kMillion = 1'000'000;
  double scale = 1;
  if (text.ends_with('%')) {
    text.remove_suffix(1);
    scale = 0.01;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  value *= scale;
  if (!(value >= 0 && value <= 1)) return std::nullopt;
  return static_cast<std::uint32_t>(value * kMillion + 0.5);
}

int report(const Failure& failure) {
  std::fputs(to_text(failure).c_str(), stderr);
  return failure.code;
}

}  // namespace glass::demo
