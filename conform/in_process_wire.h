// conform/in_process_wire.h - our own stack as the target, in this process, on a virtual clock.
//
// A network without loss: each datagram takes a millisecond. Streams are cut into packets as net/
// does it, and closed where that fails. Tests run every case here in no time, lifetimes of minutes
// included.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/node.h"
#include "conform/wire.h"

namespace glass::conform {

// What is under test.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual void receive(Instant now, const Received& in) = 0;
  virtual void on_time(Instant now) = 0;
  [[nodiscard]] virtual Instant next_time() const = 0;
  virtual std::optional<Path> poll_transmit(Instant now, ByteVector& out) = 0;
  virtual void on_closed(Instant /*now*/, const Path& /*client*/) {}
};

// Any machine of the contract; its events go nowhere.
template <Node N>
class NodeSubject final : public Subject {
 public:
  explicit NodeSubject(N& node) : node_(node) {}
  void receive(Instant now, const Received& in) override { node_.receive(now, in); }
  void on_time(Instant now) override { node_.on_time(now); }
  [[nodiscard]] Instant next_time() const override { return node_.next_time(); }
  std::optional<Path> poll_transmit(Instant now, ByteVector& out) override {
    while (node_.poll_event()) {
    }
    scratch_.clear();
    const auto path = node_.poll_transmit(now, scratch_);
    if (path) out.assign(scratch_.bytes().begin(), scratch_.bytes().end());
    return path;
  }

 private:
  N& node_;
  PacketBuffer scratch_;
};

class InProcessWire final : public Wire {
 public:
  static constexpr Duration kOneWay = std::chrono::milliseconds(1);

  // The subject listens at `target` on all transports. Addresses that are not a plug's belong to
  // it.
  InProcessWire(Subject& subject, const Address& target, const Address& ours)
      : subject_(subject), target_(target), ours_(ours) {}

  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] bool is_virtual() const override { return true; }
  [[nodiscard]] Address target(Transport /*transport*/) const override { return target_; }
  std::optional<Plug> open(Transport transport) override;
  void close(Plug plug) override;
  [[nodiscard]] Path path(Plug plug) const override;
  void send(Plug plug, const Address& to, Bytes bytes) override;
  Heard receive(Plug plug, Duration patience) override;
  void wait(Duration duration) override;
  // From now on a connection is refused and UDP is not served.
  void stop() { stopped_ = true; }

 private:
  struct Flight {
    Instant at;
    Path path;  // as the receiver sees it
    ByteVector bytes;
    bool to_subject = true;
    bool closes = false;
  };
  struct End {
    Path path;
    bool is_open = true;
    ByteVector stream{};  // what the subject's side has not cut yet
    std::deque<Heard> inbox{};
  };

  // Lets things happen until the first of them at or before `deadline` is over. False: none.
  bool step(Instant deadline);
  void arrive(Flight flight);
  void arrive_stream(Flight& flight);
  void drain();
  void leave(const Path& path, Bytes bytes);
  End* end_at(const Path& as_subject_sees_it);

  Subject& subject_;
  Address target_;
  Address ours_;
  Instant now_{std::chrono::hours(1)};
  bool stopped_ = false;
  std::uint16_t next_port_ = 40'000;
  std::map<Plug, End> ends_;
  std::deque<Flight> flights_;  // all take as long: in order
};

}  // namespace glass::conform
