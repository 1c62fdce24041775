// dtls/transcript.h - all handshake messages so far, in the form that is digested and signed.
//
// RFC 6347 §4.2.6: as if none had been fragmented. Kept as bytes, since the hash of a signature is
// known late only; forgotten when the handshake is over.
#pragma once

#include "base/bytes.h"
#include "base/writer.h"
#include "crypto/hash.h"
#include "dtls/handshake.h"

namespace glass::dtls {

class Transcript {
 public:
  void add(const Message& message) {
    Writer out(bytes_);
    write_whole(out, message);
  }
  void clear() { bytes_.clear(); }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] ByteVector digest(crypto::HashKind kind) const {
    return crypto::hash(kind, bytes_);
  }

 private:
  ByteVector bytes_;
};

}  // namespace glass::dtls
