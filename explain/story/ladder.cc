#include "explain/story/ladder.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/time.h"
#include "base/trace.h"
#include "explain/format.h"
#include "explain/sinks/recorder.h"
#include "explain/story/summary.h"

namespace glass::explain {
namespace {

// What became of a datagram, gathered from all over the story.
struct Fate {
  bool sent = false;
  std::size_t arrivals = 0;
  Instant first_arrival;
  std::uint16_t receiver = 0;
  std::string lost;  // why
};

class LadderMaker {
 public:
  LadderMaker(const Story& story, const LadderOptions& options)
      : story_(story), options_(options) {}

  std::vector<LadderLine> make() {
    for (const Record& record : story_.records) note_fate(record);
    for (const Record& record : story_.records) {
      current_ = &record;
      const bool shown = record.at >= options_.from && record.at <= options_.until;
      std::visit([&](const auto& what) { add(what, shown); }, record.what);
    }
    return std::move(lines_);
  }

 private:
  void note_fate(const Record& record) {
    if (record.layer != Layer::kNet) return;
    if (const auto* packet = std::get_if<PacketSeen>(&record.what); packet && packet->id != 0) {
      Fate& fate = fates_[packet->id];
      if (packet->direction == Direction::kSent) {
        fate.sent = true;
      } else if (fate.arrivals++ == 0) {
        fate.first_arrival = record.at;
        fate.receiver = record.node;
      }
    }
    if (const auto* drop = std::get_if<Dropped>(&record.what); drop && drop->packet != 0)
      fates_[drop->packet].lost = drop->why;
  }

  void add(const PacketSeen& packet, bool shown) {
    if (current_->layer == Layer::kNet) {
      if (packet.direction == Direction::kReceived) last_received_[current_->node] = packet.id;
      if (shown) add_datagram(packet);
    } else if (is_told_text(current_->layer)) {
      if (shown && packet.direction == Direction::kSent) add_text(packet);
    } else if (shown && !is_told_by_sender(packet)) {
      LadderLine& line = start(LadderLine::Kind::kInside);
      const bool sent = packet.direction == Direction::kSent;
      const auto format =
          current_->layer == Layer::kSctp ? std::optional(Format::kSctp) : std::optional<Format>();
      line.text = (sent ? "sends inside: " : "gets inside: ") + summarize(packet.bytes, format);
    }
  }

  // What signaling and channels carry, where it is handed to them.
  static bool is_told_text(Layer layer) {
    return layer == Layer::kSdp || layer == Layer::kSignaling || layer == Layer::kChannel;
  }
  void add_text(const PacketSeen& packet) {
    const std::string_view way =
        current_->layer == Layer::kChannel ? "says: " : "hands to signaling: ";
    const std::string text = current_->layer == Layer::kSdp ? summarize(packet.bytes)
                                                            : std::string(as_text(packet.bytes));
    start(LadderLine::Kind::kInside).text = std::string(way) + text;
  }

  // A plaintext that was received is the one that its sender has told of, if it is in the story.
  bool is_told_by_sender(const PacketSeen& packet) {
    if (packet.direction == Direction::kSent) return false;
    const std::uint64_t carrier = last_received_[current_->node];
    return carrier != 0 && fates_[carrier].sent;
  }

  void add_datagram(const PacketSeen& packet) {
    const Fate fate = packet.id == 0 ? Fate{} : fates_[packet.id];
    const bool received = packet.direction == Direction::kReceived;
    if (received && fate.sent) return;
    LadderLine& line = start(LadderLine::Kind::kPacket);
    line.text = summarize(packet.bytes);
    line.towards_who = received;
    line.whom = packet.path ? to_text(packet.path->remote) : "?";
    if (received || packet.id == 0) return;
    line.arrived = fate.arrivals > 0;
    if (line.arrived) {
      line.whom = name_of(story_.names, fate.receiver);
      line.took = fate.first_arrival - current_->at;
      if (fate.arrivals > 1) line.text += " [arrives " + decimal(fate.arrivals) + " times]";
    } else {
      line.text += fate.lost.empty() ? " [still under way]" : " [" + fate.lost + ']';
    }
  }

  void add(const StateChanged& state, bool shown) {
    if (!shown || !options_.states) return;
    start(LadderLine::Kind::kState).text =
        '<' + state.machine + "> " + state.from + " -> " + state.to;
  }

  void add(const RuleFired& fired, bool shown) {
    if (!shown || !options_.rules) return;
    std::string text = caption(fired.rule);
    std::string facts;
    for (const KeptFact& fact : fired.facts) {
      facts += facts.empty() ? "" : ", ";
      facts += fact.key + '=' + printable(fact.text);
    }
    if (!facts.empty()) text += " (" + facts + ')';
    start(LadderLine::Kind::kRule).text = std::move(text);
  }

  void add(const Dropped& drop, bool shown) {
    if (!shown || drop.packet != 0) return;  // what the network drops stands beside its packet
    std::string text = "drops a packet: " + printable(drop.why);
    if (drop.rule.rfc != 0) text += "; " + caption(drop.rule);
    start(LadderLine::Kind::kDrop).text = std::move(text);
  }

  void add(const TimerSet& timer, bool shown) {
    if (!shown || !options_.timers) return;
    start(LadderLine::Kind::kTimer).text =
        "timer " + timer.name +
        (timer.deadline == kNever ? " stopped"
                                  : " for " + milliseconds(timer.deadline.time_since_epoch()));
  }

  void add(const MetricSeen& metric, bool shown) {
    if (!shown || !options_.metrics) return;
    start(LadderLine::Kind::kMetric).text = metric.name + " = " + decimal(metric.value);
  }

  void add(const SecretTold&, bool) {}  // secrets are for the key log only

  // "RFC 9260 §6.7 #3 SHOULD: A gap calls for an immediate SACK"
  [[nodiscard]] std::string caption(const Rule& rule) const {
    std::string text = "RFC " + decimal(rule.rfc) + " §" + std::string(rule.section);
    if (rule.item != 0) text += " #" + decimal(rule.item);
    const Note* note = options_.notes == nullptr ? nullptr : options_.notes->find(rule);
    if (note == nullptr) return text;
    if (note->level != "INFO") text += ' ' + note->level;
    return text + ": " + note->title;
  }

  LadderLine& start(LadderLine::Kind kind) {
    LadderLine line;
    line.at = current_->at;
    line.kind = kind;
    line.who = name_of(story_.names, current_->node);
    lines_.push_back(std::move(line));
    return lines_.back();
  }

  const Story& story_;
  const LadderOptions& options_;
  const Record* current_ = nullptr;
  std::map<std::uint64_t, Fate> fates_;                   // by packet
  std::map<std::uint16_t, std::uint64_t> last_received_;  // by node
  std::vector<LadderLine> lines_;
};

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

}  // namespace

std::vector<LadderLine> ladder(const Story& story, const LadderOptions& options) {
  return LadderMaker(story, options).make();
}

std::string print(const std::vector<LadderLine>& lines) {
  std::size_t who = 0;
  std::size_t whom = 0;
  for (const LadderLine& line : lines) {
    who = std::max(who, line.who.size());
    whom = std::max(whom, line.whom.size());
  }
  constexpr std::size_t kTimeWidth = 13;
  constexpr std::array<std::string_view, 3> kArrows{" ---> ", " --X  ", " <--- "};
  std::string out;
  for (const LadderLine& line : lines) {
    const std::string time = milliseconds(line.at.time_since_epoch());
    out += std::string(kTimeWidth - std::min(kTimeWidth, time.size()), ' ') + time + "  ";
    out += padded(line.who, who);
    if (line.kind == LadderLine::Kind::kPacket) {
      out += kArrows.at(line.towards_who ? 2 : line.arrived ? 0 : 1);
      out += padded(line.whom, whom);
      out += "  " + line.text;
      if (line.arrived && line.took > Duration{}) out += "  +" + milliseconds(line.took);
    } else {
      out += "   " + line.text;
    }
    out += '\n';
  }
  return out;
}

}  // namespace glass::explain
