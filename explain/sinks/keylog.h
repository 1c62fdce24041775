// explain/sinks/keylog.h - the key log that Wireshark and the browsers know (NSS, SSLKEYLOGFILE).
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "base/trace.h"
#include "explain/sinks/out.h"

namespace glass::explain {

// "CLIENT_RANDOM <id> <secret>", both in hex, with the newline.
inline std::string keylog_line(std::string_view label, Bytes id, Bytes value) {
  return std::string(label) + ' ' + hex(id) + ' ' + hex(value) + '\n';
}

// Anyone with these lines reads the connection: only for one's own runs.
class Keylog final : public Sink {
 public:
  explicit Keylog(Out out) : out_(std::move(out)) {}
  void secret(Where, std::string_view label, Bytes id, Bytes value) override {
    out_(keylog_line(label, id, value));
  }

 private:
  Out out_;
};

}  // namespace glass::explain
