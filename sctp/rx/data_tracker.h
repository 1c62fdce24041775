// sctp/rx/data_tracker.h - which TSNs have arrived, and when to say so.
//
// Decides when a SACK is due and what it reports. Knows TSNs only: no streams, no messages.
// RFC 9260 §6.2 (acknowledging), §6.7 (gaps); RFC 7053 (the I bit); RFC 3758 §3.6 (skipping).
// Tested by: rx/data_tracker_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/trace.h"
#include "sctp/chunks/sack.h"
#include "sctp/types.h"

namespace glass::sctp {

enum class Arrival : std::uint8_t {
  kNew,
  kDuplicate,
  kOutOfReach  // further ahead than we keep books for: as good as lost
};

enum class SackDue : std::uint8_t { kNo, kSoon, kNow };

class DataTracker {
 public:
  // How far above the cumulative point a TSN may lie. A gap block counts up to 65,535.
  static constexpr std::uint32_t kMaxAhead = 65535;
  // How many separate gaps we remember; what would open one more is dropped.
  // A slow start that ends in loss loses every third packet of a window.
  static constexpr std::size_t kMaxRanges = 8192;
  static constexpr std::size_t kUsualRanges = 256;   // of which no memory is asked for later
  static constexpr std::size_t kMaxDuplicates = 32;  // reported per SACK

  explicit DataTracker(const Trace& trace);

  // The peer's first DATA chunk will be `initial`.
  void reset(Tsn initial);

  [[nodiscard]] Tsn cumulative() const { return cumulative_; }
  [[nodiscard]] Tsn highest() const;
  [[nodiscard]] bool has_gaps() const { return !ranges_.empty(); }
  // What would receive() say? Changes nothing.
  [[nodiscard]] Arrival classify(Tsn tsn) const;
  // A DATA chunk that we keep, or have kept before.
  Arrival receive(Tsn tsn);
  // RFC 9260 §6.2: a chunk was refused for lack of room; the peer must learn our window at once.
  void refuse();
  // RFC 3758 §3.6: all up to `tsn` counts as received. False: it is old news.
  bool skip_to(Tsn tsn);

  // After each packet that held DATA or FORWARD TSN chunks.
  void end_of_packet(bool immediate);
  [[nodiscard]] SackDue due() const { return due_; }
  void want_sack_now() { due_ = SackDue::kNow; }

  // What to report; at most `max_gaps` blocks, the lowest ones first. Valid until the next change.
  std::span<const GapBlock> gaps(std::size_t max_gaps);
  [[nodiscard]] std::span<const Tsn> duplicates() const { return duplicates_; }
  // A SACK with all this is in a packet.
  void sack_sent();

 private:
  // Both ends included.
  struct Range {
    Tsn first;
    Tsn last;
  };
  void advance();
  [[nodiscard]] std::size_t ranges_before(Tsn tsn) const;

  Trace trace_;
  Tsn cumulative_;
  std::vector<Range> ranges_;  // above cumulative_, ascending, never adjacent
  std::vector<Tsn> duplicates_;
  std::vector<GapBlock> blocks_;
  SackDue due_ = SackDue::kNo;
  unsigned packets_unacknowledged_ = 0;
  bool acknowledged_before_ = false;
  bool new_in_packet_ = false;
  bool duplicate_in_packet_ = false;
  bool refused_in_packet_ = false;
};

}  // namespace glass::sctp
