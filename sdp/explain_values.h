// sdp/explain_values.h - what the value of one attribute says, in plain words.
// Tested by: explain_test.cc
#pragma once

#include <string>
#include <string_view>

namespace glass::sdp {

// A sentence about this value; empty: the attribute's own sentence is all there is to say.
[[nodiscard]] std::string explain_value(std::string_view name, std::string_view value);

}  // namespace glass::sdp
