// dtls/flight.h - the messages that we owe the peer in one go, and when they go again.
//
// RFC 6347 §4.2.4: a flight is sent as a whole, and again as a whole, with new record numbers and
// the old message numbers. RFC 9147 §7: in DTLS 1.3 without what has been acknowledged. Knows
// messages as bytes; not what they mean.
// Tested by: retransmission_test.cc, campaign_test.cc
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/machine.h"
#include "base/time.h"
#include "base/timers.h"
#include "base/trace.h"
#include "dtls/config.h"
#include "dtls/epochs.h"
#include "dtls/handshake.h"

namespace glass::dtls {

// The states of RFC 6347 §4.2.4, figure 3.
struct Preparing {
  static constexpr std::string_view kName = "PREPARING";
};
struct Sending {
  static constexpr std::string_view kName = "SENDING";
  std::size_t next = 0;    // of the pieces that this round sends
  std::size_t offset = 0;  // how much of it is written
};
struct Waiting {
  static constexpr std::string_view kName = "WAITING";
};
struct Finishing {
  static constexpr std::string_view kName = "FINISHED";
};

inline constexpr std::array<Arrow, 9> kFlightArrows{
    {
     {"PREPARING", "SENDING", "the flight is complete", "6347:4.2.4#0"_rule},
     {"SENDING", "WAITING", "all of it is sent", "6347:4.2.4#0"_rule},
     {"SENDING", "FINISHED", "the last flight is sent, or the peer's has come",
         "6347:4.2.4#0"_rule},
     {"SENDING", "PREPARING", "the answer came while it was sent again", "6347:4.2.4#0"_rule},
     {"WAITING", "SENDING", "the timer expired or the peer repeats itself", "6347:4.2.4#0"_rule},
     {"WAITING", "PREPARING", "the peer's next flight is complete", "6347:4.2.4#0"_rule},
     {"WAITING", "FINISHED", "the peer's last flight is complete", "6347:4.2.4#0"_rule},
     {"FINISHED", "SENDING", "the peer repeats its last flight", "6347:4.2.4#1"_rule},
     {"PREPARING", "FINISHED", "the peer's last flight answers nothing of ours",
         "6347:4.2.4#0"_rule},
     }
};

enum class FlightTimer : std::uint8_t { kRetransmit, kGiveUp };
constexpr std::string_view name(FlightTimer timer) {
  return timer == FlightTimer::kRetransmit ? "retransmit flight" : "give up handshake";
}

// After so many repeats without an answer datagrams get smaller (RFC 6347 §4.1.1.1).
inline constexpr unsigned kRepeatsBeforeSmaller = 3;
inline constexpr std::size_t kSmallMtu = 548;  // 576, which every host takes, without IP and UDP
inline constexpr std::size_t kMtuMin = 256;
inline constexpr std::size_t kMtuMax = 1500;  // of the usual link; a PacketBuffer holds it
// Config::mtu within these limits.
inline std::size_t usable_mtu(const Config& config) {
  return std::clamp(config.mtu, kMtuMin, kMtuMax);
}
// Records that an ACK may still name; of more, those sent first count as lost.
inline constexpr std::size_t kSentRecordsMax = 256;
// A message that would begin with less than this waits for the next datagram.
inline constexpr std::size_t kFragmentMin = 64;

class Flight {
 public:
  enum class Kind : std::uint8_t {
    kNotLast,  // goes again until it is answered
    kLast,     // goes again when the peer repeats itself
    kUntimed,  // the same, in the middle: HelloRetryRequest (RFC 9147 §5.8.1)
  };
  enum class Expired : std::uint8_t { kNothing, kRepeat, kGiveUp };

  Flight(const Config& config, const Trace& trace);

  // Starts the clock that ends the handshake.
  void begin_handshake(Instant now);
  void add(std::uint64_t epoch, Message message);
  void add_change_cipher_spec();
  // The flight is complete and goes out. `answered`: the number behind the last message that it
  // answers.
  void launch(Kind kind, std::uint16_t answered);
  // The peer's next flight is complete: this one is done with.
  void on_answered();
  // The peer's last flight is complete: nothing will be sent any more.
  void on_finished();
  // The peer sends a message again that ends the flight before ours.
  void on_repeated(Instant now, std::uint16_t message_seq);
  // RFC 9147 §7.2: these records have arrived. True: with them all of the flight has.
  bool on_ack(std::span<const RecordNumber> records);
  // Something of ours goes out now, which answers whatever the peer has sent.
  [[nodiscard]] bool is_sending() const { return machine_.is<Sending>(); }
  // Nothing is on its way: another flight may begin.
  [[nodiscard]] bool is_idle() const { return items_.empty(); }
  // Writes the next datagram. False: nothing to write.
  bool write_datagram(Instant now, Epochs& epochs, PacketBuffer& out);
  Expired on_time(Instant now);
  [[nodiscard]] Instant next_time() const { return timers_.next(); }
  // Nothing is sent from here on.
  void stop();

  // No repeats by the timer until there is a path, and then with this first value.
  void pause();
  void resume(Instant now, Duration rto);
  // Of flights begun so far.
  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] Duration rto() const { return rto_; }
  [[nodiscard]] std::uint64_t retransmits() const { return retransmits_; }
  [[nodiscard]] std::string_view state_name() const { return machine_.state_name(); }

 private:
  struct Piece {
    std::size_t item;
    std::size_t begin;
    std::size_t end;
  };
  struct Item {
    ContentType type;
    std::uint64_t epoch;
    Message message;
  };
  struct SentRecord {
    RecordNumber number;
    Piece piece;
  };
  // Takes what has arrived out of missing_.
  void settle(const Piece& arrived);
  void repeat();
  void clear();
  [[nodiscard]] std::size_t mtu() const;
  // Writes what fits of the item that is next. False: not even a beginning fits.
  bool write_item(Sending& sending, std::size_t room, Epochs& epochs, PacketBuffer& out);

  const Config& config_;
  Trace trace_;
  Machine<kFlightArrows, Preparing, Sending, Waiting, Finishing> machine_;
  Timers<FlightTimer, 2> timers_;
  std::vector<Item> items_;
  std::vector<Piece> missing_;  // what the peer has not acknowledged, in order
  std::vector<Piece> round_;    // what is being sent
  std::vector<SentRecord> sent_;
  Kind kind_ = Kind::kNotLast;
  std::uint16_t answered_ = 0;
  Duration initial_rto_;
  Duration rto_;
  std::uint32_t number_ = 0;
  bool is_paused_ = false;
  unsigned repeats_ = 0;  // of this flight
  std::uint64_t retransmits_ = 0;
  Instant last_sent_{};
};

}  // namespace glass::dtls
