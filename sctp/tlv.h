// sctp/tlv.h - type, length, value, padding: the one shape of chunks, parameters and causes.
//
//  |  two bytes that say what  |  Length (from here on)  |  Value ...  |  0-3 bytes padding |
//
// RFC 9260 §3.2 (chunks), §3.2.1 (parameters), §3.3.10 (causes).  Tested by: tlv_test.cc
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/writer.h"

namespace glass::sctp {

constexpr std::size_t kTlvHeader = 4;

constexpr std::size_t padded(std::size_t size) { return (size + 3) / 4 * 4; }

// Writes one: what is written while it lives is its value. On its end it fills the length in.
//
// A chunk ends with its padding, which its length leaves out. A parameter or cause begins with the
// padding of the one before it instead, because the length of a chunk counts the padding of all its
// parameters but the last (RFC 9260 §3.2). The Writer has to start on a multiple of four.
class Tlv {
 public:
  // A parameter or a cause.
  Tlv(Writer& out, std::uint16_t what) : Tlv(out, what, Kind::kInside) {}
  // A chunk.
  Tlv(Writer& out, std::uint8_t type, std::uint8_t flags)
      : Tlv(out, static_cast<std::uint16_t>(type << 8 | flags), Kind::kChunk) {}
  Tlv(const Tlv&) = delete;
  Tlv& operator=(const Tlv&) = delete;
  ~Tlv() {
    const std::size_t length = out_.size() - at_;
    CHECK(length <= 0xffff);
    const MutableBytes field = out_.written().subspan(at_ + 2, 2);
    field[0] = static_cast<std::uint8_t>(length >> 8);
    field[1] = static_cast<std::uint8_t>(length);
    if (kind_ == Kind::kChunk) align(out_);
  }

 private:
  enum class Kind : std::uint8_t { kChunk, kInside };
  Tlv(Writer& out, std::uint16_t what, Kind kind) : out_(align(out)), at_(out.size()), kind_(kind) {
    out.u16(what).u16(0);
  }
  static Writer& align(Writer& out) { return out.zeros(padded(out.size()) - out.size()); }

  Writer& out_;
  std::size_t at_;
  Kind kind_;
};

// One parameter or cause as it stands in a chunk.
struct RawTlv {
  std::uint16_t type = 0;
  Reader body;  // over the value
  Bytes value;
  Bytes bytes;  // header and value, without padding
};

// Takes parameters or causes off a Reader, one by one, until it is empty or makes no sense.
class TlvWalk {
 public:
  explicit TlvWalk(Reader& in) : in_(in) {}

  std::optional<RawTlv> next(std::string_view name) {
    leave();
    if (in_.left() == 0 || broken_) return std::nullopt;
    const Bytes all = in_.rest();
    in_.open(name);
    const std::uint16_t type = in_.u16("Type");
    const std::uint16_t length = in_.u16("Length");
    if (!in_.ok() || length < kTlvHeader || length > all.size()) {
      broken_ = true;
      return std::nullopt;
    }
    const Bytes value = all.subspan(kTlvHeader, length - kTlvHeader);
    const RawTlv tlv{type, in_.nested(value.size()), value, all.first(length)};
    // The last one may come without its padding (RFC 9260 §3.2.1 leaves it out of the length).
    padding_ = std::min(padded(length) - length, in_.left());
    inside_ = true;
    return tlv;
  }
  // For those who do not want the rest.
  void stop() {
    leave();
    (void)in_.bytes(in_.left(), "Left alone");
  }
  [[nodiscard]] bool is_broken() const { return broken_; }

 private:
  // The one given last is read by now: its padding comes behind its fields.
  void leave() {
    if (!std::exchange(inside_, false)) return;
    in_.skip(std::exchange(padding_, 0), "Padding");
    in_.close();
  }

  Reader& in_;
  std::size_t padding_ = 0;
  bool inside_ = false;
  bool broken_ = false;
};

}  // namespace glass::sctp
