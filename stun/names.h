// stun/names.h - what the RFCs call the numbers of a STUN message.
#pragma once

#include <string_view>

#include "stun/message.h"

namespace glass::stun {

// "XOR-MAPPED-ADDRESS"; "unknown attribute" for a type that no RFC we know names.
std::string_view name(AttributeType type);
// "Binding", "Allocate"; "unknown method".
std::string_view name(Method method);
// "request", "indication", "success response", "error response".
std::string_view name(Class cls);
// The reason phrase that we send with an error code: "Bad Request"; "Error" for any other.
std::string_view reason_phrase(unsigned code);

}  // namespace glass::stun
