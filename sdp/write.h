// sdp/write.h - a description back to text: the very bytes that were parsed.  Tested by:
// parse_test.cc, fixtures_test.cc
#pragma once

#include <string>

#include "sdp/description.h"

namespace glass::sdp {

// Each line ends the way it came.
[[nodiscard]] std::string write(const Description& description);

}  // namespace glass::sdp
