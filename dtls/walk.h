// dtls/walk.h - names every byte of a datagram, for whoever explains it.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace glass::dtls {

// Reads the records of a datagram, and what stands in those of epoch 0, with the parsers that the
// connection uses. False: it is not DTLS to its last byte; the fields up to there have been named.
bool walk_datagram(Bytes datagram, FieldTap& tap);
// The body of one whole handshake message.
bool walk_message(std::uint8_t type, Reader& body);

}  // namespace glass::dtls
