// ice/credentials.cc - drawing and judging credentials.
#include "ice/credentials.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"

namespace glass::ice {

namespace {

constexpr std::string_view kIceChars =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static_assert(kIceChars.size() == 64);

std::string draw(Random& random, std::size_t size) {
  ByteVector raw(size);
  random.fill(raw);
  std::string text;
  for (const std::uint8_t byte : raw) text += kIceChars[byte % kIceChars.size()];
  return text;
}

bool is_made_of_ice_chars(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return kIceChars.find(c) != kIceChars.npos; });
}

}  // namespace

Credentials make_credentials(Random& random) {
  Credentials made;
  made.ufrag = draw(random, kUfragSize);
  made.pwd = draw(random, kPwdSize);
  return made;
}

bool is_well_formed(const Credentials& credentials) {
  return credentials.ufrag.size() >= kUfragMin && credentials.ufrag.size() <= kCredentialMax &&
         credentials.pwd.size() >= kPwdMin && credentials.pwd.size() <= kCredentialMax &&
         is_made_of_ice_chars(credentials.ufrag) && is_made_of_ice_chars(credentials.pwd);
}

}  // namespace glass::ice
