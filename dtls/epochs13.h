// dtls/epochs13.h - the sealed epochs of DTLS 1.3: which keys are read with, and which written.
//
// RFC 9147 §6.1: epoch 2 is the handshake, 3 the first of application data, and each KeyUpdate
// brings the next. Knows no handshake: it is told when there are keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "dtls/record13.h"
#include "dtls/replay_window.h"
#include "dtls/wire.h"

namespace glass::dtls {

inline constexpr std::uint64_t kHandshakeEpoch = 2;
inline constexpr std::uint64_t kApplicationEpoch = 3;

// RFC 9147 §4: names a record in an ACK.
struct RecordNumber {
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  friend bool operator==(const RecordNumber&, const RecordNumber&) = default;
};

class Epochs13 {
 public:
  struct Opened {
    std::uint64_t epoch;
    Protection13::Opened record;
    ReplayWindow::Verdict verdict;
  };

  // From here on `epoch` is read or written too; the one before it stays, for what the network
  // has reordered or what has to go again. Older ones go.
  void begin_reading(std::uint64_t epoch, Protection13 protection);
  void begin_writing(std::uint64_t epoch, Protection13 protection);
  [[nodiscard]] bool is_reading(std::uint8_t epoch_bits) const;
  [[nodiscard]] std::uint64_t read_epoch() const;
  [[nodiscard]] std::uint64_t write_epoch() const;
  // Records sealed with the newest key.
  [[nodiscard]] std::uint64_t sealed() const { return writing_.empty() ? 0 : writing_.back().next; }

  struct Outside {
    ContentType type;
    std::uint64_t epoch;
    Bytes connection_id;  // empty: none
  };
  // Appends one whole record.
  RecordNumber write(const Outside& outside, Bytes text, PacketBuffer& out);
  // Makes a record of the newest epoch of all bytes in `packet`, in place.
  void seal(ContentType type, Bytes connection_id, PacketBuffer& packet);
  // Tries the newest epoch whose bits are those of the record. nullopt: it was not sealed by the
  // peer. A record that opens is noted as seen.
  std::optional<Opened> open(const UnifiedRecord& record, MutableBytes whole);
  void forget();

 private:
  struct Reading {
    std::uint64_t epoch;
    Protection13 protection;
    ReplayWindow window;
  };
  struct Writing {
    std::uint64_t epoch;
    Protection13 protection;
    std::uint64_t next = 0;
  };
  static constexpr std::size_t kKept = 2;

  std::vector<Reading> reading_;  // the newest last
  std::vector<Writing> writing_;
};

}  // namespace glass::dtls
