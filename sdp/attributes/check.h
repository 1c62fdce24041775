// sdp/attributes/check.h - the attributes that can be known to be wrong on their own.
//
// One table: name, where it may stand, and the check of its value. Then what binds sections
// together: mids and groups. Attributes that are not in the table are ignored.
// RFC 8829 §5.8.  Tested by: bad_input_test.cc, media_bad_input_test.cc
#pragma once

#include "base/result.h"
#include "base/trace.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {

[[nodiscard]] Result<void, Complaint> check_attributes(const Description& description,
                                                       const Trace& trace);

// What the attributes of an RTP section have to agree on with each other and with the m= line.
[[nodiscard]] Result<void, Complaint> check_rtp_section(const Description& description,
                                                        const Media& media);

}  // namespace glass::sdp
