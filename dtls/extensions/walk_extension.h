// dtls/extensions/walk_extension.h - names the bytes of an extension for whoever watches.
#pragma once

#include "base/bytes.h"
#include "dtls/wire.h"

namespace glass::dtls {

// Reads `data` as what its type says, or as plain bytes, so that the tap learns the fields. Without
// a tap this does nothing: a hello is judged by the parser of each extension we use.
void walk_extension(ExtensionType type, Reader data);

}  // namespace glass::dtls
