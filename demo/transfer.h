// demo/transfer.h - files over one data channel: offer, accept, pieces in order, both hashes
// compared.
//
// Sans-IO, both directions at once. Takes the messages of the channel and gives the ones to send;
// the driver asks next() while the channel has room. Knows no channel and no disk. The protocol is
// written down in demo/README.md.  Tested by: tests/demo/transfer_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "demo/storage.h"

namespace glass::demo {

enum class Way : std::uint8_t { kIn, kOut };

// How a transfer ended.
enum class Outcome : std::uint8_t {
  kDone,       // both hashes agree
  kRefused,    // the receiver did not want it
  kCancelled,  // one of the two gave up
  kMismatch,   // other bytes arrived than were sent
  kDisk,       // our own file or disk
  kLost,       // the channel closed
};
std::string_view to_text(Outcome outcome);

// Names one transfer: the sender chooses the id, so that the way belongs to it.
struct TransferKey {
  Way way = Way::kIn;
  std::uint32_t id = 0;
  friend constexpr auto operator<=>(const TransferKey&, const TransferKey&) = default;
};

class Transfer {
 public:
  static constexpr std::size_t kHeader = 4;  // the id before each piece
  static constexpr std::size_t kMaxPiece = 65532;
  static constexpr std::uint64_t kLowWater = 256 * 1024;
  static constexpr std::uint64_t kHighWater = 1024 * 1024;
  static constexpr std::size_t kMaxControl = 8192;     // a control message
  static constexpr std::size_t kMaxOpen = 64;          // unfinished transfers, each way
  static constexpr std::size_t kMaxQueued = 1024;      // control messages that wait
  static constexpr std::uint32_t kFirstId = 1U << 31;  // the page's ids stay below

  struct Config {
    std::uint64_t max_size = std::uint64_t{1} << 40;  // of a file that we take
    std::size_t piece = kMaxPiece;  // what the channel takes in one message, the header excluded
  };

  // The other side wants to send. Answer with accept() or refuse().
  struct Offered {
    std::uint32_t id = 0;
    std::string name;  // a safe one
    std::uint64_t size = 0;
  };
  struct Progress {
    TransferKey key;
    std::uint64_t done = 0;
    std::uint64_t size = 0;
  };
  struct Ended {
    TransferKey key;
    Outcome outcome = Outcome::kDone;
    std::string name;  // the final one of a received file
    std::uint64_t size = 0;
    std::string sha256;  // in hex, when all bytes went by
    std::string reason;  // when it is not done
  };
  // The other side asks us to offer something. Answer with offer() or decline().
  struct Requested {
    std::string name;
    std::uint64_t size = 0;
  };
  using Event = std::variant<Offered, Progress, Ended, Requested>;

  struct Message {
    bool is_text = true;
    Bytes bytes;
  };

  Transfer(const Config& config, Storage& storage);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // --- Commands ---

  // nullopt: kMaxOpen are under way.
  std::optional<std::uint32_t> offer(std::unique_ptr<Source> source);
  void accept(std::uint32_t id);
  void refuse(std::uint32_t id, std::string_view reason);
  // Asks the other side to offer something; it answers with an offer or not at all.
  void request(std::string_view name, std::uint64_t size);
  void decline(std::string_view reason);  // of a request
  void cancel(TransferKey key, std::string_view reason);
  // Beside the files: a proof for the other side (companion.h).
  void say_verify(std::string_view mac);
  void set_piece(std::size_t bytes) { config_.piece = bytes; }

  // --- The channel ---

  void on_text(std::string_view text);
  void on_binary(Bytes bytes);
  void on_closed();
  // The next message for a channel that holds `buffered` unsent bytes; null: not now. It stays the
  // next one until sent() is called, and valid until then.
  const Message* next(std::uint64_t buffered);
  void sent();

  std::optional<Event> poll_event();
  [[nodiscard]] bool is_idle() const { return incoming_.empty() && outgoing_.empty(); }

 private:
  struct Incoming;
  struct Outgoing;
  struct Control;

  void on_offer(const Control& control);
  void on_accept(const Control& control);
  void on_end(const Control& control);
  void on_received(const Control& control);
  void on_over(const Control& control, Outcome outcome);
  void say(std::string text);
  void say_over(std::string_view type, std::uint32_t id, std::string_view reason);
  bool read_piece(Outgoing& transfer);
  void progress(TransferKey key, std::uint64_t done, std::uint64_t size);
  void end_incoming(std::uint32_t id, Outcome outcome, std::string reason);
  void end_outgoing(std::uint32_t id, Outcome outcome, std::string reason);

  Config config_;
  Storage& storage_;
  std::map<std::uint32_t, Incoming> incoming_;
  std::map<std::uint32_t, Outgoing> outgoing_;
  std::deque<std::uint32_t> turn_;  // accepted ones; the first is being sent
  std::deque<std::string> control_;
  std::deque<Event> events_;
  ByteVector piece_;  // the one that next() shows; empty: none
  Message message_;   // what next() shows
  std::uint32_t next_id_ = kFirstId;
};

}  // namespace glass::demo
