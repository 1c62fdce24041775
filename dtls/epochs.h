// dtls/epochs.h - the two epochs of a DTLS 1.2 association: plain, then sealed. In DTLS 1.3 plain
// records are numbered here too, and the sealed ones in epochs13.h.
//
// Numbers what goes out, and opens what comes in. RFC 6347 §4.1. Knows no handshake: it is told
// when there are keys and when a side has changed to them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "dtls/connection_ids.h"
#include "dtls/epochs13.h"
#include "dtls/record.h"
#include "dtls/record13.h"
#include "dtls/replay_window.h"
#include "dtls/wire.h"

namespace glass::dtls {

inline constexpr std::uint64_t kPlain = 0;
inline constexpr std::uint64_t kSealed = 1;

class Epochs {
 public:
  // How much longer a record is than its text.
  [[nodiscard]] std::size_t overhead(std::uint64_t epoch) const {
    if (epoch > kSealed) return kSealOverhead13 + ids.writing().size();
    if (epoch == kPlain || !writing_) return kRecordHeaderSize;
    return kRecordHeaderSize + writing_->overhead() + inner_overhead();
  }
  // The longest text of a record that the peer takes (RFC 8449 §4). Plain ones have no such limit.
  [[nodiscard]] std::size_t text_max(std::uint64_t epoch) const {
    return epoch == kPlain ? kPlaintextMax : text_max_;
  }
  void limit_text(std::size_t most) { text_max_ = most; }

  void install(Protection reading, Protection writing);
  [[nodiscard]] bool has_keys() const { return reading_.has_value(); }
  // The peer, or we, have said ChangeCipherSpec.
  void begin_reading() { read_epoch_ = kSealed; }
  void begin_writing() { write_epoch_ = kSealed; }
  [[nodiscard]] std::uint64_t read_epoch() const { return read_epoch_; }
  // Of whichever version has sealed ones.
  [[nodiscard]] std::uint64_t write_epoch() const {
    return std::max(write_epoch_, later.write_epoch());
  }
  // Records sealed so far.
  [[nodiscard]] std::uint64_t sealed() const { return next_[kSealed]; }
  // RFC 6347 §4.2.1: a server without state goes on from the client's number.
  void number_next_plain(std::uint64_t sequence) { next_[kPlain] = sequence; }
  // The first record version of a client that does not know yet whom it talks to.
  void write_version(std::uint16_t version) { version_ = version; }

  // Appends one whole record.
  RecordNumber write(ContentType type, std::uint64_t epoch, Bytes text, PacketBuffer& out);
  // Makes a sealed record of all bytes in `packet`, in place.
  void seal(ContentType type, PacketBuffer& packet);
  // Has this record been seen, or is it too old to tell?
  [[nodiscard]] ReplayWindow::Verdict check(const Record& record) const {
    return window_[record.epoch].check(record.sequence);
  }
  void note(const Record& record) { window_[record.epoch].note(record.sequence); }
  [[nodiscard]] std::optional<MutableBytes> open(const Record& record, MutableBytes fragment);
  // The keys go; what is numbered stays.
  void forget();

  Epochs13 later;  // the sealed epochs of DTLS 1.3, if that is what it comes to
  ConnectionIds ids;

 private:
  [[nodiscard]] Record next_record(ContentType type, std::uint64_t epoch);
  // RFC 9146 §4: with a connection id the true type is behind the text.
  [[nodiscard]] std::size_t inner_overhead() const {
    return ids.writing().empty() ? 0 : ids.writing().size() + 1;
  }

  std::uint64_t read_epoch_ = kPlain;
  std::uint64_t write_epoch_ = kPlain;
  std::uint16_t version_ = kDtls12;
  std::size_t text_max_ = kPlaintextMax;
  std::array<std::uint64_t, 2> next_{};
  std::array<ReplayWindow, 2> window_{};
  std::optional<Protection> reading_;
  std::optional<Protection> writing_;
};

}  // namespace glass::dtls
