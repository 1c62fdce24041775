// tests/sim/toys.h - the smallest nodes there are: they say what they are told, and hear.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/node.h"
#include "base/text.h"
#include "base/trace.h"

namespace glass::test {

inline Address at_ip(std::string_view text) { return parse_address(text).value(); }

struct Heard {
  Instant when;
  Path path;
  std::string text;
};

// Sends what say() was given, at once or at an instant; every datagram it hears is an event.
class Speaker {
 public:
  using Event = Heard;
  void say(Address from, Address to, std::string text, Transport transport = Transport::kUdp) {
    out_.push_back({
        {transport, from, to},
        std::move(text)
    });
  }
  void wake(Instant when) { next_ = when; }

  void receive(Instant now, const Received& in) {
    in_.push_back({now, in.path, std::string(as_text(in.bytes))});
  }
  void on_time(Instant now) {
    woken.push_back(now);
    next_ = kNever;
  }
  [[nodiscard]] Instant next_time() const { return next_; }
  std::optional<Path> poll_transmit(Instant, PacketBuffer& out) {
    if (out_.empty()) return std::nullopt;
    const auto [path, text] = out_.front();
    out_.pop_front();
    out.assign(as_bytes(text));
    return path;
  }
  std::optional<Heard> poll_event() {
    if (in_.empty()) return std::nullopt;
    Heard heard = in_.front();
    in_.pop_front();
    return heard;
  }
  std::vector<Instant> woken;

 private:
  std::deque<std::pair<Path, std::string>> out_;
  std::deque<Heard> in_;
  Instant next_ = kNever;
};
static_assert(Node<Speaker>);

// Every record as one line of text: two equal worlds write two equal texts.
class LineSink final : public Sink {
 public:
  void now(Instant instant) override { now_ = instant; }
  void drop(Where where, Rule, std::string_view why, Bytes) override {
    line(where, "drop " + std::string(why));
  }
  void metric(Where where, std::string_view name, std::uint64_t value) override {
    line(where, std::string(name) + ' ' + decimal(value));
  }
  void packet(Where where, const PacketNote& note) override {
    line(where, (note.direction == Direction::kSent ? "sent #" : "received #") + decimal(note.id) +
                    ' ' + to_text(note.path->local) + ' ' + to_text(note.path->remote) + ' ' +
                    hex(note.bytes));
  }
  std::vector<std::string> lines;

 private:
  void line(Where where, const std::string& text) {
    lines.push_back(milliseconds(now_.time_since_epoch()) + ' ' + decimal(where.node) + ' ' + text);
  }
  Instant now_{};
};

}  // namespace glass::test
