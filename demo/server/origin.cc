#include "demo/server/origin.h"

#include <algorithm>

#include "base/address.h"

namespace glass::demo {
namespace {

bool equal_names(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

std::string_view host_name_of(std::string_view host) {
  const std::size_t bracket = host.find(']');
  const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return host.substr(0, colon);
}

bool is_own_host(std::string_view host, std::string_view own_name) {
  std::string_view name = host_name_of(host);
  if (name.empty()) return false;
  if (equal_names(name, "localhost")) return true;
  if (!own_name.empty() && equal_names(name, own_name)) return true;
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  return parse_ip(name).has_value();
}

bool is_same_origin(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (origin.starts_with(scheme)) return equal_names(origin.substr(scheme.size()), host);
  return false;
}

}  // namespace glass::demo
