// sctp/tx/outstanding.h - chunks that have a TSN and are not cumulatively acknowledged.
//
// A ring indexed by TSN. A SACK costs what it changes: acknowledged ranges are remembered, so that
// only the difference to the last SACK and the holes are walked.
// RFC 9260 §6.2.1 (SACK), §7.2.4 (miss reports), §6.3.1 C4 and C5 (what may be timed);
// RFC 3758 §3.5 (abandoning); RFC 7496 §3.1 (limited retransmissions).
// Tested by: tx/outstanding_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/ring.h"
#include "base/time.h"
#include "base/trace.h"
#include "sctp/blocks.h"
#include "sctp/chunks/data.h"
#include "sctp/chunks/forward_tsn.h"
#include "sctp/chunks/sack.h"
#include "sctp/config.h"
#include "sctp/tlv.h"
#include "sctp/tx/send_queue.h"
#include "sctp/types.h"

namespace glass::sctp {

// What one SACK did.
struct SackOutcome {
  enum class Verdict : std::uint8_t {
    kTaken,
    kOld,        // behind the cumulative point
    kNeverSent,  // acknowledges what was never sent
  };
  Verdict verdict = Verdict::kTaken;
  bool advanced = false;                      // the cumulative point moved
  bool acknowledged = false;                  // something was acknowledged for the first time
  bool reneged = false;                       // something acknowledged before is missing again
  bool fast_retransmit = false;               // a third report of a loss
  std::size_t bytes_acked = 0;                // DATA chunks with header and padding
  std::optional<Duration> round_trip;         // of the one chunk that was being timed
  std::optional<Duration> newest_round_trip;  // of the newest chunk among them, if sent once
};

class Outstanding {
 public:
  Outstanding(SendQueue& queue, Blocks& blocks, const Trace& trace);

  void reset(Tsn initial);
  // All fragments go back to the queue's records as finished.
  void clear();
  // RFC 3758 §3.3: the peer can be told to skip.
  void allow_abandoning(bool allowed) { may_abandon_ = allowed; }
  // kTime, after RFC 8985: what was sent a quarter of the shortest round trip before something that
  // has arrived is lost, and a chunk may be lost more than once. Deviation from RFC 9260 §7.2.4
  // (see rfc-notes, 7.2.4#2): off unless Config::loss_detection asks for it.
  void detect_losses(LossDetection how) { detection_ = how; }
  // RFC 8260: I-DATA from here on, or not.
  void set_interleaving(bool agreed) { interleaved_ = agreed; }
  // A chunk with so much user data, header and padding included.
  [[nodiscard]] std::size_t on_the_wire(std::size_t payload) const {
    return (interleaved_ ? kInterleavedDataHeader : kDataHeader) + padded(payload);
  }

  [[nodiscard]] bool empty() const { return ring_.empty(); }
  [[nodiscard]] Tsn next_tsn() const { return base_ + static_cast<std::uint32_t>(ring_.size()); }
  [[nodiscard]] Tsn cumulative() const { return base_.previous(); }
  // Bytes under way: with header and padding for the congestion window, bare for the peer's.
  [[nodiscard]] std::size_t flight() const { return flight_; }
  [[nodiscard]] std::size_t flight_payload() const { return flight_payload_; }
  [[nodiscard]] bool has_lost() const { return lost_ > 0; }
  // In gaps as well.
  [[nodiscard]] Tsn highest_acked() const {
    return acked_.empty() ? cumulative() : acked_.back().last;
  }

  // Gives the fragment its TSN; it is under way.
  DataChunk send(Instant now, const Fragment& fragment);
  // The payload size of the earliest chunk marked for retransmission that may still be sent; gives
  // up those that may not.
  std::optional<std::size_t> next_lost_size(Instant now);
  DataChunk retransmit(Instant now);

  SackOutcome on_sack(Instant now, const SackChunk& sack, bool in_recovery);
  // SHUTDOWN acknowledges as well, without saying anything of gaps (RFC 9260 §3.3.8).
  SackOutcome on_cumulative(Instant now, Tsn cumulative);
  // RFC 9260 §6.3.3 E3: all that is under way is taken as lost.
  void lose_all();
  // Takes the last chunk under way as lost, to hear of those before it. False: there is none.
  bool lose_last();

  // RFC 3758 §3.5 A2, A3: gives up the message that has begun and not ended, and all its fragments.
  void abandon_unfinished(MessageId message);
  // RFC 3758 §3.5 C1, C2: how far the peer may skip. True: further than it has acknowledged.
  bool advance_ack_point();
  [[nodiscard]] Tsn ack_point() const { return ack_point_; }
  // What a FORWARD TSN to ack_point() says of ordered streams. May lower the point, so that at most
  // `max_streams` are named. Valid until the next call.
  std::span<const SkippedStream> skipped(std::size_t max_streams);

 private:
  enum class State : std::uint8_t { kUnderWay, kLost, kAcked, kAbandoned };
  struct Sent {
    State state = State::kUnderWay;
    std::uint8_t misses = 0;
    bool fast_retransmitted = false;  // not eligible a second time
    bool unordered = false;
    bool begin = false;
    bool end = false;
    std::uint16_t payload = 0;
    std::uint32_t transmissions = 1;
    MessageId message = MessageId::kNone;
    BlockId block = BlockId::kNone;
    StreamId stream;
    Ssn ssn;
    Ppid ppid;
    Instant sent;            // the last time
    std::uint64_t turn = 0;  // of its last transmission, among all transmissions
    Mid mid{};
    std::uint32_t fsn = 0;
  };
  struct Range {
    Tsn first;
    Tsn last;
  };

  [[nodiscard]] std::size_t index_of(Tsn tsn) const {
    return static_cast<std::size_t>(tsn.since(base_));
  }
  [[nodiscard]] DataChunk chunk_of(std::size_t index);
  void abandon(MessageId message, std::size_t index);
  void give_up(Sent& sent);
  void take_off(const Sent& sent);
  void put_on(const Sent& sent);
  void note_acked(Instant now, std::size_t index, SackOutcome& outcome);
  [[nodiscard]] bool shows_last_transmission(Tsn tsn, const Sent& sent, Duration ago) const;
  void note_arrival(Instant now, Tsn tsn, const Sent& sent);
  void move_cumulative(Instant now, Tsn cumulative, SackOutcome& outcome);
  bool read_gaps(const SackChunk& sack);
  void compare_gaps(Instant now, SackOutcome& outcome);
  void count_misses(bool in_recovery, SackOutcome& outcome);
  void miss(std::size_t index, SackOutcome& outcome);
  void find_late(SackOutcome& outcome);
  void lose(std::size_t index);
  [[nodiscard]] bool is_hopeless(const Sent& sent) const;

  SendQueue& queue_;
  Blocks& blocks_;
  Trace trace_;
  bool may_abandon_ = false;

  Tsn base_;  // of ring_[0]: the earliest that is not cumulatively acknowledged
  Ring<Sent> ring_;
  std::size_t flight_ = 0;
  std::size_t flight_payload_ = 0;
  std::size_t lost_ = 0;
  std::size_t lost_from_ = 0;  // no lost chunk before this index

  std::vector<Range> acked_;  // above base_, as the last SACK had it
  std::vector<Range> gaps_;   // of the SACK being read
  // Of the SACK before the one being read: what highest_acked() was, and whether it was so long
  // that more may have arrived than it had room for.
  Tsn highest_before_;
  bool was_full_ = false;
  Tsn highest_newly_acked_;
  std::uint64_t turns_ = 0;
  std::uint64_t newest_turn_ = 0;  // the latest that the SACK being read shows to have arrived
  bool newly_acked_above_ = false;
  bool interleaved_ = false;
  LossDetection detection_ = LossDetection::kMissReports;
  Instant newest_arrived_;  // when the latest of what has arrived was sent
  Duration min_round_trip_ = Duration::max();

  Tsn ack_point_;  // Advanced.Peer.Ack.Point
  std::vector<SkippedStream> skipped_;

  // The one chunk that is being timed.
  bool timing_ = false;
  Tsn timed_;
  Instant timed_since_;
};

}  // namespace glass::sctp
