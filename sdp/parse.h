// sdp/parse.h - text to Description, or the first thing that is wrong with it.
//
// Checks the grammar of the lines, their order, and everything that can be known to be wrong
// without knowing what the description is for: attribute values that the RFCs do not allow, mids
// that occur twice, groups that name nobody. Unknown attributes are kept and ignored.
// RFC 8866 §5, §9; RFC 8829 §5.8.  Tested by: parse_test.cc, bad_input_test.cc, fixtures_test.cc
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "base/trace.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {

constexpr std::size_t kMaxMedia = 256;

[[nodiscard]] Result<Description, Complaint> parse(std::string_view text,
                                                   const Trace& trace = Trace());

}  // namespace glass::sdp
