#include "demo/server/rooms.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "demo/json.h"

namespace glass::demo {
namespace {

bool is_room_id(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

}  // namespace

namespace {

Json to_json(const std::vector<IceServer>& servers) {
  Json list = Json::array();
  for (const IceServer& server : servers) {
    Json one{
        {"urls", server.urls}
    };
    if (!server.username.empty()) {
      one["username"] = server.username;
      one["credential"] = server.credential;
    }
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace

struct Rooms::Message {
  Json json;
};

void Rooms::receive(MemberId from, std::string_view text) {
  if (text.size() > kMaxMessage)
    return complain(from, "too-large", "a message has at most 256 KiB");
  auto json = parse_object(text);
  if (!json) return complain(from, "bad-json", "a message is one JSON object");
  const auto type = text_of(*json, "type", 32);
  if (!type) return complain(from, "bad-field", "a message has a text \"type\"");

  const Message message{std::move(*json)};
  if (*type == "join") return join(from, message);
  if (*type == "leave") return leave(from);
  if (*type == "description") return relay_description(from, message);
  if (*type == "candidate") return relay_candidate(from, message);
  if (*type == "invite-glass") return invite(from, message);
  complain(from, "unknown-type", "known types: join, leave, description, candidate, invite-glass");
}

void Rooms::join(MemberId from, const Message& message) {
  const auto room_id = text_of(message.json, "room", kMaxRoomId);
  if (!room_id || !is_room_id(*room_id))
    return complain(from, "bad-room", "a room is 1 to 64 letters, digits, - and _");
  if (members_.contains(from)) return complain(from, "already-joined", "leave first");
  if (!rooms_.contains(*room_id) && rooms_.size() >= kMaxRooms)
    return complain(from, "too-many-rooms", "this server has no room left; try again later");
  Room& room = rooms_[*room_id];
  if (room.size() >= kMaxMembers)
    return complain(from, "room-full", "this room has 8 members already");

  const Member member{.id = "p" + decimal(next_id_++),
                      .name = text_of(message.json, "name", kMaxName).value_or("peer"),
                      .room = *room_id};
  Json peers = Json::array();
  for (const MemberId other : room) {
    peers.push_back({
        {"id",   members_[other].id  },
        {"name", members_[other].name}
    });
    say(other, write_json({
                   {"type", "peer-joined"},
                   {"id",   member.id    },
                   {"name", member.name  }
    }));
  }
  Json joined{
      {"type",  "joined"        },
      {"id",    member.id       },
      {"peers", std::move(peers)}
  };
  if (servers_of_) joined["ice_servers"] = to_json(servers_of_(member.room, member.id));
  say(from, write_json(joined));
  room.push_back(from);
  members_.emplace(from, member);
}

void Rooms::leave(MemberId member) {
  const auto found = members_.find(member);
  if (found == members_.end()) return;
  const auto room = rooms_.find(found->second.room);
  std::erase(room->second, member);
  for (const MemberId other : room->second)
    say(other, write_json({
                   {"type", "peer-left"     },
                   {"id",   found->second.id}
    }));
  if (room->second.empty()) rooms_.erase(room);
  members_.erase(found);
}

void Rooms::disconnect(MemberId member) {
  leave(member);
  std::erase_if(outputs_, [member](const Output& output) {
    const Say* const said = std::get_if<Say>(&output);
    return said != nullptr && said->to == member;
  });
}

void Rooms::relay_description(MemberId from, const Message& message) {
  const auto to = recipient(from, message);
  if (!to) return;
  const auto kind = text_of(message.json, "kind", 16);
  if (!kind || (*kind != "offer" && *kind != "answer"))
    return complain(from, "bad-field", "the kind of a description is offer or answer");
  const auto sdp = text_of(message.json, "sdp", kMaxDescription);
  if (!sdp) return complain(from, "bad-field", "a description has an \"sdp\" of at most 128 KiB");
  say(*to,
      write_json({
          {"type", "description"    },
          {"from", members_[from].id},
          {"kind", *kind            },
          {"sdp",  *sdp             }
  }));
}

void Rooms::relay_candidate(MemberId from, const Message& message) {
  const auto to = recipient(from, message);
  if (!to) return;
  const auto candidate = text_of(message.json, "candidate", kMaxCandidate);
  if (!candidate) return complain(from, "bad-field", "a candidate is a text of at most 1024 bytes");
  say(*to, write_json({
               {"type", "candidate"},
               {"from", members_[from].id},
               {"candidate", *candidate},
               {"mid", text_of(message.json, "mid", 64).value_or("0")}
  }));
}

void Rooms::invite(MemberId from, const Message& message) {
  const Member* const member = sender(from);
  if (member == nullptr) return;
  const auto role = text_of(message.json, "role", 16);
  if (!role || (*role != "offer" && *role != "answer"))
    return complain(from, "bad-field", "the role of the glass peer is offer or answer");
  if (outputs_.size() < kMaxOutputs)
    outputs_.emplace_back(Invite{from, member->room, *role == "offer"});
}

const Rooms::Member* Rooms::sender(MemberId from) {
  const auto found = members_.find(from);
  if (found != members_.end()) return &found->second;
  complain(from, "not-joined", "join a room first");
  return nullptr;
}

// The member of the sender's room that "to" names. Complains to the sender if there is none.
std::optional<MemberId> Rooms::recipient(MemberId from, const Message& message) {
  const Member* const member = sender(from);
  if (member == nullptr) return std::nullopt;
  const auto to = text_of(message.json, "to", 32);
  for (const MemberId other : rooms_.find(member->room)->second)
    if (to && other != from && members_[other].id == *to) return other;
  complain(from, "no-such-peer", "nobody in this room has the id in \"to\"; it may have left");
  return std::nullopt;
}

void Rooms::stop() {
  for (const auto& [id, member] : members_) say(id, R"({"type":"stopping"})");
  members_.clear();
  rooms_.clear();
}

std::string Rooms::id_of(MemberId member) const {
  const auto found = members_.find(member);
  return found == members_.end() ? "" : found->second.id;
}

std::optional<Rooms::Output> Rooms::poll() {
  if (outputs_.empty()) return std::nullopt;
  Output output = std::move(outputs_.front());
  outputs_.pop_front();
  return output;
}

void Rooms::say(MemberId to, std::string text) {
  if (outputs_.size() < kMaxOutputs) outputs_.emplace_back(Say{to, std::move(text)});
}

void Rooms::complain(MemberId to, std::string_view code, std::string_view text) {
  say(to, write_json({
              {"type", "error"},
              {"code", code   },
              {"text", text   }
  }));
}

}  // namespace glass::demo
