// explain/story/summary.h - a packet in one line.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "explain/format.h"

namespace glass::explain {

// "STUN Binding request user=a:b priority=1853824767 USE-CANDIDATE", "DTLS ClientHello",
// "SCTP DATA tsn=1 stream=0 ppid=50 (DCEP) OPEN "chat"". Whatever the bytes are, it is one line of
// printable text.
std::string summarize(Bytes bytes, std::optional<Format> as = std::nullopt);

}  // namespace glass::explain
