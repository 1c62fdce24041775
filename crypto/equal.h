// crypto/equal.h - comparing and forgetting secrets.
#pragma once

#include <string>

#include "base/bytes.h"

namespace glass::crypto {

// In a time that depends on the length only, which is taken as public.
[[nodiscard]] bool equal_secret(Bytes a, Bytes b);
// Zeroes that no compiler leaves out.
void wipe(MutableBytes bytes);
void wipe(std::string& text);

}  // namespace glass::crypto
