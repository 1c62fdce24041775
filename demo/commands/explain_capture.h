// demo/commands/explain_capture.h - the DTLS records of a capture, one line each.
#pragma once

#include <string>

#include "base/bytes.h"

namespace glass::demo {

// `keys`: the text of an NSS key log; those inside the capture count too. The exit code: done when
// every record has opened.
int explain_capture(Bytes file, std::string keys);

}  // namespace glass::demo
