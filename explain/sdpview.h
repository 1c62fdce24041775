// explain/sdpview.h - a session description with a sentence under each of its lines.
//
// The sentences are those of sdp/explain.h.  Tested by: sdpview_test.cc
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sdp/line.h"

namespace glass::explain {

// "  4  a=setup:actpass", then indented what it means, what this value says, and the place in the
// RFCs. The complaint has line, column and reason where `text` is no description.
Result<std::string, sdp::Complaint> sdpview(std::string_view text);

}  // namespace glass::explain
