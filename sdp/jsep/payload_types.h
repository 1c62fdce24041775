// sdp/jsep/payload_types.h - the numbers for codecs and extensions in what we offer.
//
// A number that once stood for something in a session goes on standing for it (RFC 3264 §8.3.2),
// in all sections alike, because sections may be bundled (RFC 9143 §9.1.1, §12).
// Tested by: codec_test.cc
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sdp/jsep/codec.h"
#include "sdp/jsep/select.h"

namespace glass::sdp {

using PayloadTypeMap = std::map<std::uint8_t, Codec>;

// The codecs with their numbers in this session; new ones are entered into `taken`. Those that
// retransmit or carry others follow them; who has lost its codec, or for whom no number is left
// (RFC 5761 §4: 96 to 127, then 35 to 63), is left out.
[[nodiscard]] std::vector<Codec> assign_payload_types(PayloadTypeMap& taken,
                                                      const std::vector<Codec>& codecs);
// Enters what a description of the session says.
void note_payload_types(PayloadTypeMap& taken, const std::vector<Codec>& codecs);

// The identifier of an extension in this session; 0: none is left.
[[nodiscard]] std::uint16_t assign_extension_id(ExtensionIds& taken, const Extension& extension);

}  // namespace glass::sdp
