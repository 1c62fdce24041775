// demo/trace_feed.h - what the glass peers say about themselves, as JSON for the page, room by
// room.
//
// A Sink: rules, states, drops and packets become one line of JSON each, with the title of the
// rule's note as caption. Secrets and payloads never. A transfer fires thousands of rules a second:
// after the first few of a kind only every second, fourth, eighth... is told, with its count.
// Tested by: tests/demo/trace_feed_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "base/trace.h"
#include "explain/notes.h"

namespace glass::demo {

class TraceFeed final : public Sink {
 public:
  static constexpr std::uint64_t kToldInFull = 25;  // of each kind; then powers of two
  static constexpr std::size_t kKept = 1500;        // lines of a room, for whoever comes later
  static constexpr std::size_t kMaxKinds = 4000;    // different things counted in one room

  using Out = std::function<void(std::string_view room, const std::string& line)>;

  TraceFeed(const explain::Notes& notes, Out out) : notes_(notes), out_(std::move(out)) {}

  // From now on the lane `node` of the trace belongs to `room`; it begins with an empty story.
  void add(std::uint16_t node, std::string_view room);
  void remove(std::uint16_t node);
  // What was told of this room so far, oldest first.
  [[nodiscard]] std::vector<std::string> story(std::string_view room) const;
  // A line of the program itself: "channel", "candidate", "sdp", "state".
  void tell(std::uint16_t node, std::string_view kind, Layer layer, std::string_view text);

  void now(Instant instant) override { now_ = instant; }
  void rule(Where where, Rule rule, std::span<const Fact> facts) override;
  void drop(Where where, Rule rule, std::string_view why, Bytes packet) override;
  void state(Where where, std::string_view machine, std::string_view from,
             std::string_view to) override;
  void packet(Where where, const PacketNote& note) override;

 private:
  struct Room {
    std::string name;
    std::map<std::string, std::uint64_t> counts;
    std::deque<std::string> kept;
  };
  struct Line;

  Room* room_of(Where where);
  // How often this kind has come; 0: not to be told.
  static std::uint64_t count(Room& room, std::string kind);
  void put(Room& room, const Line& line);

  const explain::Notes& notes_;
  Out out_;
  Instant now_{};
  std::map<std::uint16_t, Room> rooms_;
};

}  // namespace glass::demo
