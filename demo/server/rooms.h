// demo/server/rooms.h - signaling: who is in which room, and what they tell each other.
//
// Sans-IO: takes the texts of members and gives the texts for them. Knows no sockets and nothing of
// what a description means; it passes them on. Protocol: demo/README.md.
// Tested by: tests/demo/rooms_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/strong.h"

namespace glass::demo {

// A connection to the signaling server; whoever drives the rooms chooses the numbers.
using MemberId = Strong<struct MemberTag, std::uint64_t>;

// What a browser calls an RTCIceServer.
struct IceServer {
  std::vector<std::string> urls;
  std::string username{};  // both empty: it asks for none
  std::string credential{};
};

class Rooms {
 public:
  static constexpr std::size_t kMaxRooms = 256;
  static constexpr std::size_t kMaxMembers = 8;  // of one room
  static constexpr std::size_t kMaxMessage = 256 * 1024;
  static constexpr std::size_t kMaxDescription = 128 * 1024;
  static constexpr std::size_t kMaxCandidate = 1024;
  static constexpr std::size_t kMaxRoomId = 64;
  static constexpr std::size_t kMaxName = 64;
  static constexpr std::size_t kMaxOutputs = 4096;  // unsent; more of them are dropped

  struct Say {
    MemberId to;
    std::string text;
  };
  // Somebody wants the glass peer of the lab in the room.
  struct Invite {
    MemberId from;
    std::string room;
    bool glass_offers = false;
  };
  using Output = std::variant<Say, Invite>;

  // A text of this member. Answers errors to it, and never to anyone else.
  void receive(MemberId from, std::string_view text);
  // The connection is gone; the others of the room are told.
  void disconnect(MemberId member);
  // Says "stopping" to every member and forgets them all.
  void stop();
  std::optional<Output> poll();
  // "error" with this code, to this member.
  void complain(MemberId to, std::string_view code, std::string_view text);
  // What "joined" tells beside the peers: where the member of this id in this room may ask for its
  // public address, and where it may relay.
  using IceServersOf =
      std::function<std::vector<IceServer>(std::string_view room, std::string_view id)>;
  void set_ice_servers(IceServersOf servers_of) { servers_of_ = std::move(servers_of); }
  // How the others call this member; empty: it is in no room.
  [[nodiscard]] std::string id_of(MemberId member) const;

  [[nodiscard]] std::size_t member_count() const { return members_.size(); }
  [[nodiscard]] std::size_t room_count() const { return rooms_.size(); }
  [[nodiscard]] bool has_room(std::string_view room) const { return rooms_.contains(room); }

 private:
  struct Member {
    std::string id;  // "p7": what the others call it
    std::string name;
    std::string room;
  };
  using Room = std::vector<MemberId>;  // in the order of joining
  struct Message;

  void join(MemberId from, const Message& message);
  void leave(MemberId member);
  void relay_description(MemberId from, const Message& message);
  void relay_candidate(MemberId from, const Message& message);
  void invite(MemberId from, const Message& message);
  const Member* sender(MemberId from);
  std::optional<MemberId> recipient(MemberId from, const Message& message);
  void say(MemberId to, std::string text);

  std::map<MemberId, Member> members_;
  std::map<std::string, Room, std::less<>> rooms_;
  std::deque<Output> outputs_;
  IceServersOf servers_of_;
  std::uint64_t next_id_ = 1;
};

}  // namespace glass::demo
