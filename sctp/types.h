// sctp/types.h - the numbers of SCTP, each with a type of its own.
//
// RFC 9260 §1.6 (serial numbers), §3.3.1 (DATA), §3.3.2 (tags, streams).
#pragma once

#include <cstdint>

#include "base/strong.h"

namespace glass::sctp {

using Tsn =
    Serial<struct TsnTag, std::uint32_t>;  // Transmission Sequence Number: one per DATA chunk
using Ssn =
    Serial<struct SsnTag, std::uint16_t>;  // Stream Sequence Number: one per ordered message
using Mid = Serial<struct MidTag, std::uint32_t>;  // Message Identifier: one per message of I-DATA
using StreamId = Strong<struct StreamIdTag, std::uint16_t>;
using Ppid = Strong<struct PpidTag, std::uint32_t>;  // Payload Protocol Identifier, opaque to SCTP
using VerificationTag = Strong<struct VerificationTagTag, std::uint32_t>;
// RFC 6525 §4.1: numbers the requests to change streams.
using ReconfigSn = Serial<struct ReconfigSnTag, std::uint32_t>;

enum class Order : std::uint8_t { kOrdered, kUnordered };

}  // namespace glass::sctp
