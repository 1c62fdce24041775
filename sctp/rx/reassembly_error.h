// sctp/rx/reassembly_error.h - why a message cannot be put together.
#pragma once

#include <cstdint>

namespace glass::sctp {

// What a peer can do that no reassembly can follow: the association ends with it.
enum class ReassemblyError : std::uint8_t {
  kNone,
  kFragmentOutOfPlace,  // a fragment that continues nothing, or a message that never ended
  kTooLong,             // above Config::max_message_size
  kTooManyParked        // too many messages that are ahead of their stream
};

}  // namespace glass::sctp
