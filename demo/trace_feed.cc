#include "demo/trace_feed.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>

#include "base/text.h"
#include "demo/safe_text.h"
#include "explain/json.h"
#include "explain/story/summary.h"

namespace glass::demo {
namespace {

constexpr std::string_view kNode = "glass";

std::string milliseconds_since_start(Instant instant) {
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(instant.time_since_epoch()).count();
  const std::string fraction = std::to_string(1000 + micros % 1000).substr(1);
  return std::to_string(micros / 1000) + "." + fraction;
}

std::string facts_text(std::span<const Fact> facts) {
  std::string text;
  for (const Fact& fact : facts) {
    text += text.empty() ? "" : ", ";
    text +=
        std::string(fact.key) + "=" + (fact.is_text ? safe_text(fact.text) : decimal(fact.number));
  }
  return text;
}

std::string facts_json(std::span<const Fact> facts, std::uint64_t times) {
  explain::JsonObject json;
  for (const Fact& fact : facts)
    fact.is_text ? json.text(fact.key, safe_text(fact.text)) : json.number(fact.key, fact.number);
  if (times > TraceFeed::kToldInFull) json.number("times", times);
  return json.take();
}

// RFC 7983 §7: what the first byte says.
std::string_view protocol_of(Bytes bytes) {
  if (bytes.empty()) return "empty";
  if (bytes[0] <= 3) return "STUN";
  if (bytes[0] >= 20 && bytes[0] <= 63) return "DTLS";
  return "unknown";
}

}  // namespace

struct TraceFeed::Line {
  std::string_view kind;
  Layer layer = Layer::kPeer;
  std::string rule{};
  std::string note{};
  std::string facts{};  // JSON; empty: none
  std::string text{};
};

void TraceFeed::add(std::uint16_t node, std::string_view room) {
  std::erase_if(rooms_, [room](const auto& entry) { return entry.second.name == room; });
  rooms_[node] = Room{std::string(room), {}, {}};
}

void TraceFeed::remove(std::uint16_t node) { rooms_.erase(node); }

std::vector<std::string> TraceFeed::story(std::string_view room) const {
  for (const auto& [node, r] : rooms_)
    if (r.name == room) return {r.kept.begin(), r.kept.end()};
  return {};
}

TraceFeed::Room* TraceFeed::room_of(Where where) {
  const auto found = rooms_.find(where.node);
  return found == rooms_.end() ? nullptr : &found->second;
}

std::uint64_t TraceFeed::count(Room& room, std::string kind) {
  if (room.counts.size() >= kMaxKinds && !room.counts.contains(kind)) return 0;
  const std::uint64_t times = ++room.counts[std::move(kind)];
  return times <= kToldInFull || std::has_single_bit(times) ? times : 0;
}

void TraceFeed::put(Room& room, const Line& line) {
  explain::JsonObject json;
  json.raw("t_ms", milliseconds_since_start(now_))
      .text("node", kNode)
      .text("kind", line.kind)
      .text("layer", to_text(line.layer));
  if (!line.rule.empty()) json.text("rule", line.rule);
  if (!line.note.empty()) json.text("note", line.note);
  json.raw("facts", line.facts.empty() ? "{}" : line.facts).text("text", line.text);
  room.kept.push_back(json.take());
  if (room.kept.size() > kKept) room.kept.pop_front();
  out_(room.name, room.kept.back());
}

void TraceFeed::tell(std::uint16_t node, std::string_view kind, Layer layer,
                     std::string_view text) {
  const auto found = rooms_.find(node);
  if (found == rooms_.end()) return;
  if (count(found->second, "tell " + std::string(kind)) == 0) return;
  put(found->second, {.kind = kind, .layer = layer, .text = safe_text(text, 1000)});
}

void TraceFeed::rule(Where where, Rule rule, std::span<const Fact> facts) {
  Room* const room = room_of(where);
  if (room == nullptr || rule.rfc == 0) return;
  const std::string id = to_text(rule);
  const std::uint64_t times = count(*room, id);
  if (times == 0) return;
  const std::string title(notes_.title(rule));
  std::string text = title.empty() ? "RFC " + id : title;
  if (!facts.empty()) text += " (" + facts_text(facts) + ")";
  put(*room, {.kind = "rule",
              .layer = where.layer,
              .rule = id,
              .note = title,
              .facts = facts_json(facts, times),
              .text = text});
}

void TraceFeed::drop(Where where, Rule rule, std::string_view why, Bytes packet) {
  Room* const room = room_of(where);
  if (room == nullptr) return;
  const std::string id = rule.rfc == 0 ? "" : to_text(rule);
  const std::uint64_t times = count(*room, "drop " + id + std::string(why));
  if (times == 0) return;
  const std::array facts{
      Fact{"bytes", packet.size()}
  };
  put(*room, {.kind = "drop",
              .layer = where.layer,
              .rule = id,
              .note = std::string(notes_.title(rule)),
              .facts = facts_json(facts, times),
              .text = "dropped: " + safe_text(why)});
}

void TraceFeed::state(Where where, std::string_view machine, std::string_view from,
                      std::string_view to) {
  Room* const room = room_of(where);
  if (room == nullptr) return;
  const std::string text =
      std::string(machine) + ": " + std::string(from) + " -> " + std::string(to);
  const std::uint64_t times = count(*room, "state " + text);
  if (times == 0) return;
  const std::array facts{
      Fact{"machine", machine},
      Fact{"from",    from   },
      Fact{"to",      to     }
  };
  put(*room, {.kind = "state",
              .layer = where.layer,
              .facts = facts_json(facts, times),
              .text = safe_text(text)});
}

// Sizes and addresses only: what is inside belongs to those who talk.
void TraceFeed::packet(Where where, const PacketNote& note) {
  Room* const room = room_of(where);
  if (room == nullptr || note.path == nullptr || where.layer != Layer::kNet) return;
  const bool sent = note.direction == Direction::kSent;
  const std::string_view protocol = protocol_of(note.bytes);
  const std::string remote = glass::to_text(note.path->remote);
  const std::uint64_t times =
      count(*room, std::string(sent ? "sent " : "received ") + std::string(protocol));
  if (times == 0) return;
  const std::array facts{
      Fact{"bytes",              note.bytes.size()},
      Fact{"protocol",           protocol         },
      Fact{sent ? "to" : "from", remote           }
  };
  put(*room, {.kind = "packet",
              .layer = protocol == "DTLS" ? Layer::kDtls : Layer::kStun,
              .facts = facts_json(facts, times),
              .text = std::string(sent ? "sent to " : "received from ") + remote + ": " +
                      explain::summarize(note.bytes)});
}

}  // namespace glass::demo
