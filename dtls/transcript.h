// dtls/transcript.h - all handshake messages so far, in the form that is digested and signed.
//
// RFC 6347 §4.2.6: as if none had been fragmented. RFC 9147 §5.2: in DTLS 1.3 as TLS would have
// sent them, without numbers and offsets. Kept as bytes, since the hash of a signature is
// known late only; forgotten when the handshake is over.
#pragma once

#include <utility>

#include "base/bytes.h"
#include "base/writer.h"
#include "crypto/hash.h"
#include "dtls/handshake.h"
#include "dtls/wire.h"

namespace glass::dtls {

class Transcript {
 public:
  void add(const Message& message) {
    Writer out(bytes_);
    if (!is_13_) return write_whole(out, message);
    out.u8(std::to_underlying(message.type));
    const auto body = out.block(3);
    out.bytes(message.body);
  }
  // From here on in the form of DTLS 1.3.
  void begin_13() {
    is_13_ = true;
    clear();
  }
  // RFC 8446 §4.4.1: of a hello that was sent back only the digest remains.
  void replace_by_digest(crypto::HashKind kind) {
    const ByteVector all = digest(kind);
    clear();
    add({.type = HandshakeType::kMessageHash, .message_seq = 0, .body = all});
  }
  void clear() { bytes_.clear(); }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] ByteVector digest(crypto::HashKind kind) const {
    return crypto::hash(kind, bytes_);
  }

 private:
  ByteVector bytes_;
  bool is_13_ = false;
};

}  // namespace glass::dtls
